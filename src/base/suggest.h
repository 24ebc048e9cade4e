/** @file
 * "Did you mean ...?": the nearest of some words by edit distance.
 */
#ifndef SKEP_BASE_SUGGEST_H
#define SKEP_BASE_SUGGEST_H

#include "base/str.h"

/** Words longer than this are never suggested nor looked up. */
#define SUGGEST_MAX_BYTES 48

struct suggestion {
	str word;
	str best;        /**< empty: nothing is near enough */
	size_t distance; /**< of best; meaningless while it is empty */
};

/** Begins a search for @p word, which must outlive it. */
struct suggestion suggestion_for(str word);

/** Offers a candidate; the nearest is kept, of equals the first. It must outlive @p s. */
void suggestion_offer(struct suggestion *s, str candidate);

/** Damerau-Levenshtein distance (adjacent swaps count once); SIZE_MAX when a word is too long. */
size_t suggest_distance(str a, str b);

#endif
