/** @file
 * Alerts put in groups, and when the first and the last of a group happened: found day by day, by the counters of the days and
 * hours that have any of it, so that no more alerts are read than those of one hour a group.
 */
#ifndef SKEP_CONSOLE_STORE_ALERT_GROUPS_PRIV_H
#define SKEP_CONSOLE_STORE_ALERT_GROUPS_PRIV_H

#include "console/store/alert_groups.h"
#include "console/store/alert_tally.h"

struct group {
	str value;
	int64_t alerts, open, repeats;
	enum alert_priority priority; /**< the most urgent */
	struct alert_ends ends;       /**< 0: not found yet */
	bool wanted;                  /**< by the search that goes on */
};

struct grouping {
	struct store *s;
	const struct alert_filter *f;
	enum alert_facet by;
	struct alert_tally tally;
	struct group *groups;
	size_t count, cap;
	/** By value of the facet: its groups are members[starts[value]] to below members[starts[value + 1]]. */
	uint32_t *starts, *members;
	size_t member_count, member_cap;
	int64_t total, without;
	struct arena arena;
};

/** Groups the alerts of the series at a position are in. */
static inline const uint32_t *group_of(const struct grouping *g, size_t position, size_t *ret_count)
{
	const size_t value =
		alert_facet_value(series_at(&g->tally.match.cache->series, position), 0, g->by);

	*ret_count = g->starts[value + 1] - g->starts[value];
	return g->members + g->starts[value];
}

/** A search for the first or the last alert of the groups that are wanted. */
struct group_search {
	struct grouping *g;
	bool newest;
	struct alert_ends range; /**< ids: [first, last) */
	int64_t *days;
	size_t day_count, day;
	size_t left; /**< groups that are still wanted */
};

/** Begins with the newest day for the last alerts, with the oldest for the first ones. */
MUST_CHECK int group_search_open(struct grouping *g, bool newest, struct group_search *ret,
				 struct err *e);
/** Looks at a day. Who is found is wanted no more. @return 1, 0 there are no more days, or as sql_query() */
MUST_CHECK int group_search_day(struct group_search *s, struct err *e);

#endif
