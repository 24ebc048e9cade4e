/** @file
 * How many alerts of each series and state a filter's time range holds, from the counters where there are many.
 */
#ifndef SKEP_CONSOLE_STORE_ALERT_TALLY_H
#define SKEP_CONSOLE_STORE_ALERT_TALLY_H

#include "console/store/alerts_priv.h"

/** More alerts than these are not read to be counted. */
#define ALERT_READ_MOST 50000

/** The ids of the first and the last of some alerts; 0: there are none. */
struct alert_ends {
	int64_t first, last;
};

struct alert_tally {
	struct alert_match match;
	int64_t *
		n; /**< by position of the series times ALERT_STATE_COUNT plus state, whatever the filter says of them */
	struct alert_ends *ends; /**< by the same; NULL: not asked for, or counters were read */
	int64_t *
		repeats; /**< by the same, what these alerts stand for beside themselves; NULL: not asked for */
	bool cut; /**< some are missing, or some of an hour at the ends are too many */
};

/** Whether only looking at alerts one by one can tell. */
static inline bool alert_filter_is_particular(const struct alert_filter *f)
{
	return f->containers.count || f->pods.count || f->text.n || f->holds;
}

/** @param in_full  wants `repeats`, and `ends` where they come for nothing */
MUST_CHECK int alert_tally(struct store *s, const struct alert_filter *f, bool in_full,
			   struct arena *a, struct alert_tally *ret, struct err *e);

/** Takes another first and last. */
void alert_ends_widen(struct alert_ends *x, int64_t first, int64_t last);

/** Which value of a facet alerts have: below alert_facet_values(). */
size_t alert_facet_value(const struct series *x, unsigned state, enum alert_facet facet);
size_t alert_facet_values(const struct series_view *v, enum alert_facet facet);
/** The value as text; several tags are one text, parted by blanks. */
str alert_facet_text(const struct series_view *v, size_t value, enum alert_facet facet);

/** About how many alerts of any kind happened in [from, to) milliseconds, by whole hours. */
MUST_CHECK int alert_crowd(struct store *s, int64_t from_ms, int64_t to_ms, int64_t *ret,
			   struct err *e);

#endif
