/** @file
 * Events waiting for what they are about to become known (their container, the hash of a file), oldest first. Bounded in number and
 * bytes; what waits for the same thing, a group, comes out in the order it went in.
 */
#ifndef SKEP_WATCH_HOLD_H
#define SKEP_WATCH_HOLD_H

#include "model/event.h"
#include "watch/text_pool.h"

#define HOLD_GROUPS 1024

struct hold_slot {
	uint64_t group;
	uint64_t since_ns;
	uint32_t note;
	uint32_t text; /**< TEXT_POOL_NONE: taken */
};

struct hold {
	struct text_pool text;
	struct hold_slot *slots;   /**< owned; a ring */
	uint32_t cap, first, used; /**< slots from `first`, taken ones among them */
	uint32_t waiting;
	struct hold_slot lent; /**< what hold_take() gave last; its text stays until the next */
	uint32_t groups[HOLD_GROUPS]; /**< how many wait, by the group's hash */
};

/** @return 0 or -ENOMEM */
MUST_CHECK int hold_init(struct hold *h, uint32_t max_events, uint32_t bytes, struct err *e);
void hold_done(struct hold *h);

/**
 * Keeps a copy.
 * @param group what it waits for, not 0
 * @param v     not what hold_take() gave of the same, which is for hold_again()
 * @param note  given back with it
 * @return false when there is no room: take the oldest first
 */
MUST_CHECK bool hold_add(struct hold *h, uint64_t group, const struct event *v, uint64_t now_ns,
			 uint32_t note);

/** Whether some of a group may wait; never wrongly false. */
bool hold_has(const struct hold *h, uint64_t group);

/** The oldest that waits: since when and for what. @return false when none does */
bool hold_oldest(const struct hold *h, uint64_t *ret_group, uint64_t *ret_since_ns);

/**
 * Takes the oldest of a group.
 * @param ret,x  live until the next hold_take() or hold_add()
 * @param ret_note may be NULL
 * @return false when none waits
 */
bool hold_take(struct hold *h, uint64_t group, struct event *ret, struct event_exec *x,
	       uint32_t *ret_note);

/** What hold_take() gave last waits again, as the youngest, with its note. @return as hold_add() */
MUST_CHECK bool hold_again(struct hold *h, uint64_t group, uint64_t now_ns);

/** The group of the @p i-th that waits, counting taken ones, and 0 for those; for walking while i < h->used. */
uint64_t hold_group(const struct hold *h, uint32_t i);

#endif
