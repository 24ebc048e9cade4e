/** @file
 * Equal alerts within a time become one with a count. The first is told at once; how many followed is told when there were
 * 16, 32, 64, ... of them, and when the time is over.
 *
 * Fixed number of places, each with a bounded copy of its alert; when a bucket is full, its oldest alert's time is over early.
 * Keys are SHA-256 sums, so that nobody can make an alert vanish in another's count.
 */
#ifndef SKEP_WATCH_FOLD_H
#define SKEP_WATCH_FOLD_H

#include "base/err.h"
#include "model/alert.h"

#define FOLD_KEY_BYTES 16

typedef void (*fold_teller)(void *ctx, const struct alert *a);

struct fold;

/** @param window_ns how long alerts are folded. @return 0 or -ENOMEM */
MUST_CHECK int fold_new(uint64_t window_ns, fold_teller tell, void *ctx, struct fold **ret,
			struct err *e);
/** Tells what is pending first. */
void fold_free(struct fold *f);

/** The key of what makes alerts equal: the parts, joined so that no two lists of parts give the same. */
void fold_key(struct fold *f, const str *parts, size_t count, uint8_t ret[FOLD_KEY_BYTES]);

/**
 * A text without what changes from one time to the next: runs of digits become "0", long hexadecimal ones "x".
 * @return how many bytes of @p ret were written, at most @p max
 */
size_t fold_normalise(str text, char *ret, size_t max);

/** Counts one more of a key that is known, telling the count when it is due. @return false: not known, make the alert */
bool fold_count(struct fold *f, const uint8_t key[FOLD_KEY_BYTES], uint64_t time_ns);
/** Tells an alert that fold_count() did not know, and keeps it to count those that follow. */
void fold_add(struct fold *f, const uint8_t key[FOLD_KEY_BYTES], const struct alert *a);
/** Tells those whose time is over. @param now_ns CLOCK_REALTIME */
void fold_tick(struct fold *f, uint64_t now_ns);

#endif
