/** @file
 * How many alerts of each series and state a filter's time range holds, from the counters where there are many.
 */
#ifndef SKEP_CONSOLE_STORE_ALERT_TALLY_H
#define SKEP_CONSOLE_STORE_ALERT_TALLY_H

#include "console/store/alerts_priv.h"

/** More alerts than these are not read to be counted. */
#define ALERT_READ_MOST 50000

struct alert_tally {
	struct alert_match match;
	int64_t *
		n; /**< by position of the series times ALERT_STATE_COUNT plus state, whatever the filter says of them */
	bool cut;  /**< some are missing, or some of an hour at the ends are too many */
};

/** Whether only looking at alerts one by one can tell. */
static inline bool alert_filter_is_particular(const struct alert_filter *f)
{
	return f->containers.count || f->pods.count || f->text.n || f->holds;
}

MUST_CHECK int alert_tally(struct store *s, const struct alert_filter *f, struct arena *a,
			   struct alert_tally *ret, struct err *e);

/** About how many alerts of any kind happened in [from, to) milliseconds, by whole hours. */
MUST_CHECK int alert_crowd(struct store *s, int64_t from_ms, int64_t to_ms, int64_t *ret,
			   struct err *e);

#endif
