/** @file
 * Walks over stored alerts that match a filter, newest or oldest first, by whichever way is shortest: along the ids of a day, or
 * from series to series, or by container. It looks at a bounded number of alerts.
 */
#ifndef SKEP_CONSOLE_STORE_ALERT_WALK_H
#define SKEP_CONSOLE_STORE_ALERT_WALK_H

#include "console/store/alerts.h"

struct alert_hit {
	int64_t id, series, state, received_ms;
	int64_t repeats;   /**< equal events it stands for beside the first */
	int64_t container; /**< alert_container_key() of its container; 0: none */
	str who;
	str doc; /**< only where the filter had to look at it; in the walk's arena */
};

struct alert_walk;
struct alert_match;

/**
 * @param a      lives as long as the walk
 * @param cursor 0, or alerts behind this id: those below, of the oldest first those above
 * @param wanted about how many will be taken
 */
MUST_CHECK int alert_walk_new(struct store *s, const struct alert_filter *f, int64_t cursor,
			      size_t wanted, struct arena *a, struct alert_walk **ret,
			      struct err *e);

/** The series it looks for. Judged when it was made: earlier matches may be of others. */
const struct alert_match *alert_walk_match(const struct alert_walk *w);

/** The next one. @return 1, 0 at the end or when enough was looked at (alert_walk_at()), -errno */
MUST_CHECK int alert_walk_next(struct alert_walk *w, struct alert_hit *ret, struct err *e);

/** Where another walk goes on: a cursor, or 0 when all was seen. */
int64_t alert_walk_at(const struct alert_walk *w);

#endif
