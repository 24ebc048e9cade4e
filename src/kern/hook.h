/** @file
 * Loads BPF programs and attaches them: the room's only user of libbpf.
 *
 * The table hook.def says which program serves which events. Programs are loaded when first wanted and stay loaded, with
 * maps that are made once; what the kernel refuses is noted beside its row and harms nothing else.
 */
#ifndef SKEP_KERN_HOOK_H
#define SKEP_KERN_HOOK_H

#include "base/err.h"
#include "kern/sensor.h"

enum hook_kind {
	HOOK_BTF,     /**< tp_btf, fentry, fexit, lsm */
	HOOK_SYSCALL, /**< return of a system call; cookie: the event type */
	HOOK_CGROUP,  /**< on the root of the cgroup2 hierarchy; target: none */
	HOOK_ITER,    /**< attached for the time of one reading */
};

enum hook_backend {
	HOOK_OBJECT = 1 << SENSOR_OBJECT,
	HOOK_TRACEPOINT = 1 << SENSOR_TRACEPOINT,
	HOOK_ANY = HOOK_OBJECT | HOOK_TRACEPOINT,
};

enum hook_want {
	HOOK_WANTED, /**< when the filter asks for its type */
	HOOK_ALWAYS,
	HOOK_FLOWS, /**< when connections are counted */
	HOOK_NAMES, /**< always; it tells nothing, see name.bpf.h */
};

struct hook {
	uint32_t backends; /**< enum hook_backend */
	const char *program;
	enum hook_kind kind;
	const char *target;
	enum hook_want want;
	enum event_type type;
};

extern const struct hook hook_table[];
extern const size_t hook_count;

struct hooks;

struct hooks_config {
	size_t state_ring_bytes, bulk_ring_bytes; /**< powers of two, a page at least */
	const int *kept; /**< what hooks_keep() gave a predecessor, borrowed */
	size_t kept_count;
};

/** @return 0, -EOPNOTSUPP (no BTF), -ENOMEM */
MUST_CHECK int hooks_new(const struct hooks_config *c, struct hooks **ret, struct err *e);
/** Detaches and unloads everything that no successor holds. */
void hooks_free(struct hooks *h);

/**
 * Begins, in a thread of its own, to make the programs of @p row ready to be loaded, and loads those of @p now. hooks_load() goes
 * on from there: until it has been called nothing else may be asked.
 */
void hooks_prepare(struct hooks *h, const bool *row, const bool *now);
/** Says, while it is being prepared, what hooks_load() will be asked for: loaded by those threads meanwhile. @param row  as hooks_load() */
void hooks_expect(struct hooks *h, const bool *row);
/** Loads the programs of rows without attaching them. @param row  wanted[hook_count] @return how many were refused */
size_t hooks_load(struct hooks *h, const bool *row);
/** Attaches the rows wanted and detaches all others. @return how many wanted rows could not be attached */
size_t hooks_attach(struct hooks *h, const bool *row);
/** Why a row could not be loaded or attached; empty when it could. */
const char *hooks_why(const struct hooks *h, size_t row);
/** Whether the row's program runs now. */
bool hooks_attached(const struct hooks *h, size_t row);

/** The descriptor of a map that a loaded object declares, borrowed; -ENOENT. */
int hooks_map(const struct hooks *h, const char *name);
/**
 * Starts reading an iterator's program.
 * @param map of one that goes over a map's elements; -1: none
 * @return its descriptor, owned by the caller; -errno
 */
MUST_CHECK int hooks_iterate(struct hooks *h, const char *program, int map, struct err *e);
/** How big the rings are: a predecessor may have made them. */
void hooks_ring_bytes(const struct hooks *h, size_t *ret_state, size_t *ret_bulk);
/**
 * What the kernel counted of each program loaded: a system call for each.
 * @param max  SENSOR_HOOKS_MAX for all
 * @return how many were written
 */
size_t hooks_cost(const struct hooks *h, struct sensor_hook_cost *ret, size_t max);
/** See sensor_measure(). */
MUST_CHECK int hooks_measure(struct err *e);
/** Maps, links and programs, borrowed. @return how many */
size_t hooks_keep(const struct hooks *h, int *ret, size_t max);

/* Plain map access, for the modules that have no libbpf. @return 0, -errno */
MUST_CHECK int map_get(int fd, const void *key, void *ret);
MUST_CHECK int map_set(int fd, const void *key, const void *value);
/** Says that map_set() was refused, why, and what helps. @param r what it returned @return @p r */
int map_refused(int r, const char *map, struct err *e);
int map_delete(int fd, const void *key);
/** What a hash map has there, which is there no more. @return 0, -ENOENT, -errno */
MUST_CHECK int map_take(int fd, const void *key, void *ret);
/** @param key NULL: the first. @return 0, -ENOENT at the end */
MUST_CHECK int map_next(int fd, const void *key, void *ret);
/** Processors whose values a per-processor map gives, each at a multiple of eight bytes; at least 1. */
size_t map_processors(void);

#endif
