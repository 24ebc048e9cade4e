/** @file
 * What the agent tells the BPF programs and what they count for it: the values of the maps that all objects share.
 */
#ifndef SKEP_KERN_CONTROL_H
#define SKEP_KERN_CONTROL_H

#ifndef __bpf__
#include <linux/types.h>

#include "base/base.h"
#endif

/** Which control groups name a process: cgroup_id is of this hierarchy. */
enum control_hierarchy {
	CONTROL_UNIFIED, /* cgroup v2 */
	CONTROL_MEMORY,  /* else the v1 hierarchy of this controller */
	CONTROL_PIDS,
	CONTROL_CPU,
	CONTROL_DEVICES,
};

/** What is read of the caller for each event of a type, because rules ask for it. */
enum control_want {
	CONTROL_WANT_CWD = 1 << 0,   /* its working directory */
	CONTROL_WANT_STDIO = 1 << 1, /* what descriptors 0, 1 and 2 lead to */
};
#define CONTROL_TYPES 128

/** The one value of map "control", mapped into the agent. */
struct control {
	__u32 layout;         /* RECORD_LAYOUT */
	__u32 hierarchy;      /* enum control_hierarchy */
	__s32 hierarchy_id;   /* as in /proc/PID/cgroup; 0: unified */
	__u32 cgroup_changes; /* counts what the agent writes into map "cgroups" */
	__u32 self_pid;       /* 0: none */
	__u32 env;            /* exec events carry the environment */
	__u64 rate_ns;        /* a cgroup's bulk events are this far apart on average */
	__u64 burst_ns;       /* rate_ns times how many may come at once */
	__u32 asleep;         /* the agent waits on the rings: wake it, once */
	__u32 generation;     /* counts filters loaded */
	__u32 failed_opens;
	__u32 received;
	__u32 names; /* since the agent began a change of a process's name was always noted, see name.bpf.h */
	__u32 connected_sends; /* some rule wants sends of connected sockets that succeed */
	__u64 losses; /* events lost by any cause: counts on, so that nobody need look at every cgroup to see none */
	__u8 wants[CONTROL_TYPES]; /* by type of event: enum control_want */
	__u64 flows_lost;          /* connections that found no place in map "flows" */
};

enum control_loss {
	CONTROL_LOST_STATE,
	CONTROL_LOST_BULK,
	CONTROL_LOST_RATE,
	CONTROL_LOST_READ,
	CONTROL_LOSSES
};

/** Map "cgroups", by cgroup id. Id 0 counts for cgroups that found no place in the map. */
struct control_cgroup {
	__u32 kind; /* enum sensor_cgroup */
	__u32 zero;
	__u64 paid_until_ns; /* the token bucket: boot time until when its events are paid for */
	__u64 lost[CONTROL_LOSSES];
};

/** Map "passed_over", of each processor: how many events of each type the filter dropped. One value, so that one call reads all. */
struct control_passed_over {
	__u64 of[CONTROL_TYPES];
};

#define CONTROL_MAX_CGROUPS 65536
/* programs that may be at work on one processor, one interrupting the other */
#define CONTROL_SLOTS 3

#endif
