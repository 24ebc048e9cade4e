/** @file
 * Sensor records in a ring, for benchmarks: what the kernel would deliver of servers and compilers at their work.
 *
 * 64 processes that stay, on the host and in three containers (test/unit/stage.h), and such as come and go. What the kernel would drop
 * is drawn, too, and left out: files opened, changed and connections made are delivered only where a filter lets them pass.
 */
#ifndef SKEP_BENCH_FEED_H
#define SKEP_BENCH_FEED_H

#include "kern/ring.h"
#include "policy/kernel_filter.h"

enum feed_kind {
	FEED_PROGRAMS,    /**< processes that fork, execute and end */
	FEED_OPENS,       /**< files opened */
	FEED_CONNECTIONS, /**< connections made */
	FEED_CHANGES,     /**< files removed, renamed and folders made */
	FEED_MIX,         /**< of ten: three programs, four opens, two connections, one change */
	FEED_KINDS
};

struct feed {
	const struct kernel_filter *filter;
	uint8_t *memory; /**< of the ring; owned */
	uint64_t produced, consumed;
	uint64_t seed, serial;
	uint64_t drawn, delivered; /**< of what the filter decides, since the beginning */
};

/** @param filter  must outlive @p ret; it has no process events to decide of */
void feed_open(struct feed *ret, const struct kernel_filter *filter);
void feed_close(struct feed *f);

/** Fills the ring anew with the processes that are there from the beginning. */
void feed_processes(struct feed *f);
/** Fills the ring anew with @p records or a few more. @return how many; the same ones for the same calls in the same order */
size_t feed_fill(struct feed *f, enum feed_kind k, size_t records);
/** The reading end, at the beginning of what was filled in last. */
struct ring feed_ring(struct feed *f);

#endif
