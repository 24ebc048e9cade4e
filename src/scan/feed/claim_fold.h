/** @file
 * Joins the claims of one record that differ in product or architecture only: vendors list each pair on its own.
 */
#ifndef SKEP_SCAN_FEED_CLAIM_FOLD_H
#define SKEP_SCAN_FEED_CLAIM_FOLD_H

#include "base/map.h"
#include "scan/feed/delivery.h"

struct claim_fold {
	const struct delivery *d;
	struct claim **items; /**< in the order of arrival */
	size_t count, cap;
	struct map by_rest; /**< by all that claims say but their products */
};

struct claim_fold claim_fold_in(const struct delivery *d);
/** Takes a claim, whose strings must last until the delivery. @return 0 or -ENOBUFS */
MUST_CHECK int claim_fold_add(struct claim_fold *f, const struct claim *c);
/** Delivers what was taken. @return 0, -ENOBUFS or the sink's error */
MUST_CHECK int claim_fold_deliver(struct claim_fold *f);

/** Adds a word to a list of them once; empty words are none. @return 0 or -ENOBUFS */
MUST_CHECK int claim_fold_word(struct arena *a, str *words, str word);

#endif
