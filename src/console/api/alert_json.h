/** @file
 * Alerts, counts and times of alerts as the API's JSON.
 */
#ifndef SKEP_CONSOLE_API_ALERT_JSON_H
#define SKEP_CONSOLE_API_ALERT_JSON_H

#include "console/api/call.h"
#include "console/store/alerts.h"

/** An Alert. @param scratch  is reset */
void alert_put(const struct stored_alert *a, struct arena *scratch, struct json_out *j);
/** A PriorityCounts. */
void priority_counts_put(const int64_t counts[PRIORITY_COUNT], struct json_out *j);

/** @p key and HistogramBuckets. */
void alert_buckets_put(const char *key, const struct alert_histogram *h, struct json_out *j);

/** What the query of the call says; borrows from it. @return 0, -ENOBUFS, -EINVAL */
struct search_box;
MUST_CHECK int alert_filter_of(struct call *c, struct search_box *box, struct alert_filter *ret,
			       struct err *e);

#endif
