/** @file
 * The kernel side of the agent: hooks that tell what processes do, filtered where it happens. Mechanism, never policy.
 *
 * Back-ends, best first (doc/decisions/ says why): OBJECT attaches trampolines to the functions that work on the object;
 * TRACEPOINT uses tp_btf for processes, cgroup hooks for sockets, and one tracepoint for each system call the rules need.
 * OBJECT is not taken by itself where the kernel interrupts such programs (kern/preemption.h): it would pass calls over.
 * Neither ever attaches to raw sys_enter or sys_exit. Each program is small and optional: what a kernel refuses is reported by
 * sensor_probe() and the events it would have given are a gap, never silence.
 *
 * Not safe for two threads at once.
 */
#ifndef SKEP_KERN_SENSOR_H
#define SKEP_KERN_SENSOR_H

#include "model/event.h"
#include "policy/kernel_filter.h"

enum sensor_backend { SENSOR_AUTO, SENSOR_OBJECT, SENSOR_TRACEPOINT };

/** "auto", "object" or "tracepoint": what options and figures call it. */
const char *sensor_backend_name(enum sensor_backend b);
/** The other way; SENSOR_AUTO for any other name. */
enum sensor_backend sensor_backend_named(str name);

struct sensor_config {
	enum sensor_backend backend;
	size_t state_ring_bytes; /**< processes, namespaces, cgroups: a power of two; 0: 4 MiB */
	size_t bulk_ring_bytes;  /**< everything else; 0: 8 MiB */
	uint32_t rate_per_s;     /**< bulk events a cgroup may send on average; 0: 20,000 */
	uint32_t burst;          /**< and at once; 0: 40,000 */
	uint32_t self_pid;       /**< a process whose own events are not told; 0: none */
	bool flows;              /**< connections are counted, see sensor_flows_begin() */
	/** descriptors of an earlier sensor, see sensor_keep(); NULL: begin anew */
	const int *kept;
	size_t kept_count;
};

struct sensor;

/**
 * A sensor that sees nothing yet. sensor_start() is next, or sensor_close().
 *
 * @param ahead  a thread begins to load what most filters need, while the caller finds out which it is
 * @return 0, -EOPNOTSUPP (no BTF), -ENOMEM
 */
MUST_CHECK int sensor_new(const struct sensor_config *c, bool ahead, struct sensor **ret,
			  struct err *e);
/** Says what sensor_start() will be given: what was begun ahead goes on with it, while the caller does what takes time. */
void sensor_expect(struct sensor *s, const struct kernel_filter *filter);
/**
 * Loads and attaches what @p filter needs; once. After a failure there is only sensor_close().
 *
 * @return 0; -EOPNOTSUPP (a kernel without BPF ring buffers, or that calls something of BPF invalid: the sentence says what is
 *         needed), -EPERM (which capability is missing), -ENOMEM, -errno; never -EINVAL
 */
MUST_CHECK int sensor_start(struct sensor *s, const struct kernel_filter *filter, struct err *e);
/** Both at once. @return as they do; *ret is set on success only */
MUST_CHECK int sensor_open(const struct sensor_config *c, const struct kernel_filter *filter,
			   struct sensor **ret, struct err *e);
/** @param s may be NULL */
void sensor_close(struct sensor *s);

/** The one in use, never SENSOR_AUTO. */
enum sensor_backend sensor_backend_of(const struct sensor *s);

/** Replaces the filter; hooks come and go as it needs. Nothing is lost meanwhile. */
MUST_CHECK int sensor_set_filter(struct sensor *s, const struct kernel_filter *filter,
				 struct err *e);

/** An event the filter wants and this kernel does not give. */
struct sensor_gap {
	enum event_type type;
	const char *why; /**< lives until the next sensor_set_filter() */
};
/** @return how many there are; at most @p max are written */
size_t sensor_gaps(const struct sensor *s, struct sensor_gap *ret, size_t max);

/** For poll(2), with sensor_wait_ms(): readable when events came after a quiet time. */
int sensor_fd(const struct sensor *s);
/**
 * How long the caller may wait before it calls sensor_drain() again: while events come the rings are looked at by the clock
 * and the kernel wakes nobody. -1: until sensor_fd() is readable
 */
int sensor_wait_ms(const struct sensor *s);

typedef void (*sensor_handler)(void *ctx, const struct event *v);

/**
 * Delivers what waits, oldest first within each ring, process events before others of the same time.
 *
 * @param max  events at most; 0: all that wait now
 * @return how many were delivered, -EBADMSG when a record is malformed (our mistake; the record is counted and passed over)
 */
MUST_CHECK int sensor_drain(struct sensor *s, size_t max, sensor_handler on_event, void *ctx,
			    struct err *e);

/** Shows @p tap each record as it lies in the ring before it is told as an event: for recordings. NULL: nobody. */
void sensor_set_tap(struct sensor *s, void (*tap)(void *ctx, str record), void *ctx);

/**
 * Tells every process and thread group that runs now, parents first, as EXECVE events marked EVENT_REPLAYED (BPF task
 * iterator). For the start, and after a loss of process events. There is no way by /proc: it tells start times in
 * hundredths of a second, and keys would not agree with later events.
 *
 * @return 0, -EBADMSG, -EOPNOTSUPP (the kernel calls the iterator invalid), -ENOMEM, -errno; never -EINVAL
 */
MUST_CHECK int sensor_snapshot(struct sensor *s, sensor_handler on_event, void *ctx, struct err *e);

enum sensor_cgroup { SENSOR_CGROUP_UNKNOWN, SENSOR_CGROUP_HOST, SENSOR_CGROUP_CONTAINER };
/** Says what a cgroup is; until said, the kernel treats it as a container. `gone` cgroups are forgotten by themselves. */
MUST_CHECK int sensor_set_cgroup(struct sensor *s, uint64_t cgroup_id, enum sensor_cgroup kind,
				 struct err *e);

#define SENSOR_HOOKS_MAX 256

struct sensor_hook_cost {
	const char *program; /**< its name in the kernel; lives for ever */
	uint64_t ns, runs;   /**< while the kernel measured */
	uint64_t skipped;    /**< passed over, since it was at work on the same processor */
};

struct sensor_stats {
	uint64_t delivered[EVENT_TYPE_COUNT];
	uint64_t passed_over[EVENT_TYPE_COUNT]; /**< seen by a hook and dropped by the filter */
	uint64_t lost[EVENT_LOSS_COUNT];
	uint64_t hook_ns, hook_runs; /**< of all programs, where kernel.bpf_stats_enabled is set */
	struct sensor_hook_cost hooks[SENSOR_HOOKS_MAX];
	size_t hook_count; /**< programs loaded */
};
void sensor_stats(struct sensor *s, struct sensor_stats *ret);

/** Has the kernel measure BPF programs until the descriptor is closed. @return it, or -EPERM (CAP_SYS_ADMIN), -errno */
MUST_CHECK int sensor_measure(struct err *e);

struct sensor_loss {
	uint64_t cgroup_id;
	uint64_t lost[EVENT_LOSS_COUNT];
};
/** Exact losses by cgroup since the last call, at most @p max; those whose cgroup is not known have id 0. @return how many entries */
size_t sensor_losses(struct sensor *s, struct sensor_loss *ret, size_t max);
/** The same of one cgroup. @return false: none */
bool sensor_losses_of(struct sensor *s, uint64_t cgroup_id, struct sensor_loss *ret);

/** TCP connections from one end to the other, as one of the two sees them, since they were read before. */
struct sensor_flow {
	uint64_t cgroup_id;            /**< of who connected or listened; 0: not known */
	bool server;                   /**< it was connected to */
	uint8_t local[16], remote[16]; /**< IPv6, or IPv4 mapped into it */
	uint16_t port;                 /**< the server's */
	char process
		[17]; /**< short name of the process that connected or listened; empty: not known */
	uint64_t connections;       /**< that were established; at least 1 */
	uint64_t first_ns, last_ns; /**< CLOCK_REALTIME */
};
/** Why connections are not counted, a fact of this kernel; empty: they are, or nobody asked for it. */
const char *sensor_flows_why(const struct sensor *s);
/**
 * Begins to read what was counted. Each connection is given once, to one reader; what is not read stays.
 * @return a descriptor for sensor_flows_read(), the caller's to close; -errno
 */
MUST_CHECK int sensor_flows_begin(struct sensor *s, struct err *e);
/** @return how many of at most @p max were written, 0: that was all; -errno */
MUST_CHECK int sensor_flows_read(struct sensor *s, int fd, struct sensor_flow *ret, size_t max,
				 struct err *e);
/** Connections that found no place in the kernel's table since the last call. */
uint64_t sensor_flows_lost(struct sensor *s);

/** Maps, links and programs to hand to a successor, so that nothing is lost while this process is replaced. @return how many */
size_t sensor_keep(const struct sensor *s, int *ret, size_t max);

/** What SENSOR_AUTO means on the running kernel, by loading and attaching programs for a moment. */
enum sensor_backend sensor_best_backend(void);

/** One mechanism on this kernel, for `skep agent doctor`. */
struct sensor_finding {
	const char *name; /**< "bpf-lsm", "tp_btf", "cgroup-connect", ... */
	bool works;
	struct phrase what; /**< what it is for */
	struct phrase loss; /**< what is lost without it */
	char why[160];      /**< why it does not work; empty when it does */
};
/** Tries each mechanism by loading a program of its kind; attaches nothing that stays. @return how many findings */
size_t sensor_probe(struct sensor_finding *ret, size_t max);

#endif
