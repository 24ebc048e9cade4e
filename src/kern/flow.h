/** @file
 * Connections as the kernel counts them: who talks to whom, summed up where it happens. The values of map "flows".
 *
 * TCP alone, each connection once at each of its ends, when it is established. What comes after in it costs nothing.
 */
#ifndef SKEP_KERN_FLOW_H
#define SKEP_KERN_FLOW_H

#ifndef __bpf__
#include <linux/types.h>

#include "base/base.h"
#endif

enum flow_role {
	FLOW_CLIENT, /* it connected */
	FLOW_SERVER, /* it was connected to */
};

#define FLOW_COMM_BYTES 16
/* different ones that are kept until they are read; others are counted as lost */
#define FLOW_MAX 16384

/** What tells flows apart. Addresses are IPv6, or IPv4 mapped into it. */
struct flow_key {
	__u64 cgroup_id; /* of who connected or listened; 0: its socket is older than the sensor and was not found */
	__u8 local[16], remote[16];
	char comm[FLOW_COMM_BYTES]; /* of the process that connected or listened */
	__u16 port;                 /* the server's */
	__u8 role;                  /* enum flow_role */
	__u8 zero[5];
};

/** How often, and when: CLOCK_BOOTTIME of the first and the last since it was read. */
struct flow_count {
	__u64 connections;
	__u64 first_ns, last_ns;
};

/** As the iterator writes it. */
struct flow_record {
	struct flow_key key;
	struct flow_count count;
};

/** Of a socket: who connects with it, or listens. */
struct flow_owner {
	__u64 cgroup_id;
	char comm[FLOW_COMM_BYTES];
};

#endif
