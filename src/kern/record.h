/** @file
 * An event as it crosses the ring buffers: one layout for the BPF programs that write it and for
 * the decoder.
 *
 * A record is a head, then the parts that head.parts names in the order of their bits, then text:
 * the bytes of path, path2, raw, raw2, text, the descriptor's path and the working directory, then
 * of exe path, args, env and cwd when there is an exec part, one after the other without
 * terminators, then padding to eight bytes. Numbers are the machine's own. The layout to the byte
 * is in doc/formats/sensor-record.md; RECORD_LAYOUT changes with it and with the numbers of event
 * types, so that a successor never reads a ring whose records it does not know.
 */
#ifndef SKEP_KERN_RECORD_H
#define SKEP_KERN_RECORD_H

#ifndef __bpf__
#include <linux/types.h>

#include "base/err.h"
#include "model/event.h"
#endif

#define RECORD_LAYOUT 2

enum record_part {
	RECORD_ARGS = 1 << 0, /* struct record_args */
	RECORD_FD = 1 << 1,   /* struct record_fd */
	RECORD_CAPS = 1 << 2, /* struct record_caps */
	RECORD_EXEC = 1 << 3, /* struct record_exec */
};

enum record_span {
	RECORD_PATH,
	RECORD_PATH2,
	RECORD_RAW,
	RECORD_RAW2,
	RECORD_TEXT,
	RECORD_FD_PATH,
	RECORD_CALLER_CWD,
	RECORD_SPANS
};

struct record_head {
	__u32 bytes;   /* of the whole record, padding included: a multiple of 8 */
	__u16 type;    /* enum event_type */
	__u16 marks;   /* enum event_flag */
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 start_ns;
	__u64 cgroup_id;
	__u32 pid, tid;
	__u32 user, group;
	__s64 res;
	__u64 flags;
	__u32 mode;
	__u16 cpu;
	__u16 parts;              /* enum record_part */
	__u16 span[RECORD_SPANS]; /* bytes of each text */
	__u16 threads;            /* of the process; 65,535: at least */
};

struct record_args {
	__s64 arg[4];
};

struct record_fd {
	__s32 number;
	__u16 kind, domain;
	__u8 protocol, role, connected, file_flags; /* enum event_file_flag */
	__u16 local_port, remote_port;              /* host order */
	__u8 local[16], remote[16];
	__u64 inode;
	__u32 device, zero2;
};

struct record_caps {
	__u64 effective, permitted, inheritable;
};

enum record_exec_span { RECORD_EXE, RECORD_EXEC_ARGS, RECORD_ENV, RECORD_CWD, RECORD_EXEC_SPANS };

struct record_exec {
	__u64 parent_start_ns;
	__u64 exe_inode, exe_ctime_ns, exe_mtime_ns;
	__u64 effective, permitted, inheritable;
	__u32 parent_pid;
	__u32 exe_device, exe_flags;
	__u32 user, group, real_user, real_group, login_user;
	__u32 tty;
	__u32 vpid, vppid, vpgid, vsid, pgid, sid;
	__u32 pid_ns, mnt_ns, net_ns, user_ns;
	__u32 span[RECORD_EXEC_SPANS];
	char comm[16];
	__u32 zero;
};

#define RECORD_PATH_MAX 4096         /* of each text but args and env */
#define RECORD_ARGS_MAX (128 * 1024) /* of args */
#define RECORD_ENV_MAX (32 * 1024)

#ifndef __bpf__
/**
 * Decodes one record. Nothing is copied: the event's texts point into @p bytes.
 *
 * @param boot_ns  CLOCK_REALTIME less CLOCK_BOOTTIME
 * @param exec     holds the event's exec facts; must live as long as the event
 * @return 0, -EBADMSG (does not fit the layout)
 */
MUST_CHECK int record_parse(str bytes, int64_t boot_ns, struct event *ret, struct event_exec *exec,
			    struct err *e);
#endif

#endif
