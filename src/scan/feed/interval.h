/** @file
 * Version constraints as projects write them (">= 1.2, < 2.0", "~> 4.2.5", "^0.3", "[1.0,2.0)") as sets of intervals,
 * their complement, and the claims that say the same.
 */
#ifndef SKEP_SCAN_FEED_INTERVAL_H
#define SKEP_SCAN_FEED_INTERVAL_H

#include "codec/version.h"
#include "scan/feed/delivery.h"

struct interval {
	str low;  /**< empty: no bound */
	str high; /**< empty: no bound */
	bool low_included, high_included;
};

/** A union of intervals. */
struct intervals {
	struct arena *arena;
	enum version_scheme scheme; /**< orders bounds where two of a kind meet */
	struct interval *items;
	size_t count, cap;
};

/**
 * Adds what @p text allows: alternatives separated by "||", within each all of the conditions, separated by blanks or
 * commas, must hold. Understands = == > >= < <= ^ ~ ~>, a bare version (Cargo: as ^; others: exactly it), "*", and
 * Maven's and NuGet's brackets.
 *
 * @return 0, -EBADMSG not understood, -ENOBUFS
 */
MUST_CHECK int intervals_parse(struct intervals *set, str text, struct err *e);

/** One alternative whose conditions are the strings of an array. Errors as intervals_parse(). */
MUST_CHECK int intervals_parse_all(struct intervals *set, const struct value *conditions,
				   struct err *e);

/**
 * All versions but those that are patched or unaffected, each an array of constraints or NULL. The set comes with its arena and
 * scheme. Errors as intervals_parse(); a bound that is no version of the scheme is -EBADMSG too.
 */
MUST_CHECK int intervals_leave_out(struct intervals *set, const struct value *patched,
				   const struct value *unaffected, struct err *e);

/**
 * Delivers a claim for each interval; where a lower bound itself is not affected, a NOT_AFFECTED claim for exactly
 * that version goes along. @p base holds all but the bounds and the state. @return as delivery_claim()
 */
MUST_CHECK int intervals_deliver(const struct intervals *set, const struct delivery *d,
				 const struct claim *base);

#endif
