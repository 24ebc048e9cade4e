/** @file
 * Alerts in groups: of one rule, of one image ... each one row, however many there are.
 */
#ifndef SKEP_CONSOLE_STORE_ALERT_GROUPS_H
#define SKEP_CONSOLE_STORE_ALERT_GROUPS_H

#include "console/store/alerts.h"

enum alert_group_sort { ALERT_GROUPS_BY_ALERTS, ALERT_GROUPS_BY_LAST };

struct alert_group {
	str value; /**< priorities as alert_priority_word(), containers by their id; never empty */
	str name;  /**< of a container, as its last alert tells it; else empty */
	int64_t alerts; /**< of the group, for which the filter holds */
	int64_t events; /**< what they stand for: equal ones in a row are told as one alert */
	int64_t open;   /**< how many of them nobody has looked at */
	enum alert_priority priority; /**< the most urgent of them */
	int64_t first_ns,
		last_ns; /**< when the first and the last happened; 0: they went meanwhile */
};

struct alert_groups {
	struct alert_group *items;
	size_t count;
	str next;        /**< cursor of the next page; empty: this is the last */
	int64_t groups;  /**< on all pages */
	int64_t alerts;  /**< that match, each once, also where a group each of its tags has it */
	int64_t without; /**< of these, alerts that are in no group: they have no such value */
	bool cut;        /**< as of alerts_facets() */
};

/**
 * A page of the groups that alerts which match are in.
 *
 * They are counted by counters; only when their first and last happened is looked up, for the groups of the page, or, sorted by
 * that, for those that come before, too.
 *
 * @param by         what the alerts of a group have in common; not the state, which is no group's: -EINVAL
 * @param descending the most, or the newest, first
 * @param cursor     empty: from the first on; else the page before's `next`; -EINVAL: not one of ours
 * @param limit      1 to ALERT_PAGE_MAX
 */
MUST_CHECK int alerts_groups(struct store *s, const struct alert_filter *f, enum alert_facet by,
			     enum alert_group_sort sort, bool descending, str cursor, size_t limit,
			     struct arena *a, struct alert_groups *ret, struct err *e);

/**
 * As alerts_groups(), by container. No counter knows containers: alerts are looked at one by one, the newest first, within the
 * bound of alert_walk.h, and `cut` says that there are more than were looked at. `without`: those of the host itself.
 */
MUST_CHECK int alerts_container_groups(struct store *s, const struct alert_filter *f,
				       enum alert_group_sort sort, bool descending, str cursor,
				       size_t limit, struct arena *a, struct alert_groups *ret,
				       struct err *e);

#endif
