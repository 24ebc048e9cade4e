/** @file
 * Alerts for tests of the store: made, stored, counted.
 */
#ifndef SKEP_TEST_ALERT_STAGE_H
#define SKEP_TEST_ALERT_STAGE_H

#include "base/clock.h"
#include "console/store/alerts.h"
#include "console/store/partition.h"
#include "store_stage.h"

#define HOUR (3600 * (int64_t)SECOND_NS)

/* A noon, so that hours on both sides are of the same day. */
static inline int64_t noon(int64_t days_ago)
{
	return (store_now() / DAY_NS - days_ago) * DAY_NS + DAY_NS / 2;
}

static inline struct alert_new sample(const char *rule, const char *host, int64_t time_ns)
{
	return (struct alert_new){
		.series = { .rule = str_from(rule),
			    .host = str_from(host),
			    .agent = S("a-1"),
			    .namespace = S("shop"),
			    .image = S("docker.io/library/nginx:1.25"),
			    .tags = S("mitre container"),
			    .labels = S(",team=red,"),
			    .priority = PRIORITY_WARNING },
		.time_ns = time_ns,
		.container = S("c0ffee"),
		.pod = S("shop/web-1"),
		.doc = S("{\"message\":\"A shell was spawned in a container\",\"user\":\"Eve\"}"),
	};
}

static inline void append(struct store *s, const struct alert_new *a, size_t n, int64_t now,
			  int64_t *ids)
{
	OK(sql_begin(s->sql, E));
	OK(alerts_append(s, a, n, now, ids, E));
	OK(sql_commit(s->sql, E));
}

static const struct alert_filter everything = { .scope = &scope_everything };

static inline int64_t total(struct store *s, const struct alert_filter *f)
{
	struct alert_facets c = { 0 };
	struct arena a;

	arena_init(&a, 0);
	OK(alerts_facets(s, f, 10, &a, &c, E));
	arena_done(&a);
	return c.total;
}

static inline int64_t drawn(const struct alert_histogram *h)
{
	int64_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		for (unsigned p = 0; p < PRIORITY_COUNT; p++)
			n += h->buckets[i].counts[p];
	return n;
}

#endif
