/** @file
 * Memory for one unit of work (a layer, a request, a rule set), freed all at once and never beyond a byte budget.
 *
 * Every allocation is zeroed and aligned for any type. NULL means the budget is spent or memory is gone; the caller
 * returns -ENOBUFS. Not safe for two threads at once.
 */
#ifndef SKEP_BASE_ARENA_H
#define SKEP_BASE_ARENA_H

#include "base/str.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /**< newest first */
	size_t budget_bytes;        /**< most it may take from the system; 0 means no bound */
	size_t used_bytes;          /**< taken from the system so far */
};

void arena_init(struct arena *a, size_t budget_bytes);
void arena_done(struct arena *a);
/** Takes back all it gave and keeps one chunk for the next unit of work; the budget begins anew. */
void arena_reset(struct arena *a);

/** Zeroed bytes, or NULL when the budget is spent. A size of 0 yields a valid pointer. */
MUST_CHECK void *arena_alloc(struct arena *a, size_t bytes);
/** As arena_alloc() for @p count elements; NULL on overflow too. */
MUST_CHECK void *arena_array(struct arena *a, size_t count, size_t size);
/** A copy that is also NUL-terminated; its pointer is NULL when the budget is spent. */
MUST_CHECK str arena_str(struct arena *a, str s);
MUST_CHECK str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** Doubles an arena-owned array; used through ARENA_PUSH. @return the array to use from now on, or NULL */
MUST_CHECK void *arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size);

#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_ARRAY(a, count, T) ((T *)arena_array((a), (count), sizeof(T)))

/**
 * Appends a zeroed element to the array `items` with `count` used of `cap` (all lvalues).
 * @return its address, or NULL when the budget is spent; the array stays valid
 */
#define ARENA_PUSH(a, items, count, cap) \
	({ \
		__typeof__(items) at_ = NULL; \
		if ((count) < (cap)) { \
			at_ = &(items)[(count)++]; \
		} else { \
			__typeof__(items) grown_ = \
				arena_grow((a), (items), (count), &(cap), sizeof(*(items))); \
			if (grown_) { \
				(items) = grown_; \
				at_ = &(items)[(count)++]; \
			} \
		} \
		at_; \
	})

#endif
