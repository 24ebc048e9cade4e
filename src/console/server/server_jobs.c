/* What time brings: each room's jobs, one line each. */
#include <stdio.h>

#include "console/api/intelligence_job.h"
#include "console/server/server.h"
#include "console/api/risk_keep.h"
#include "console/api/rule_book.h"
#include "console/store/alerts.h"
#include "console/store/housekeeping.h"
#include "console/store/intelligence.h"
#include "console/store/store_fact.h"

#define JOB_BYTES FLEET_ARENA_BYTES

static int look_after_fleet(void *ctx, struct store *store, struct arena *a, int64_t past_ns,
			    struct err *e)
{
	const struct server *s = ctx;

	(void)past_ns;
	return fleet_tick(agent_door_fleet(s->agents), store, a, e);
}

static int forget_of_fleet(void *ctx, struct store *store, struct arena *a, int64_t past_ns,
			   struct err *e)
{
	(void)ctx, (void)a;
	return fleet_forget(store, past_ns, e);
}

static int forget_sessions(void *ctx, struct store *store, struct arena *a, int64_t past_ns,
			   struct err *e)
{
	struct server *s = ctx;

	(void)a;
	return sql_no_count(access_sweep(&s->access, store, past_ns, e));
}

static int keep_house(void *ctx, struct store *store, struct arena *a, int64_t past_ns,
		      struct err *e)
{
	const struct server *s = ctx;
	struct housekeeping_dropped d;
	int r = housekeeping(store, past_ns, &d, e);

	(void)a;
	if (d.old)
		server_say(s, "alerts older than is kept (retentionDays) are gone: days: %d",
			   d.old);
	if (d.large)
		server_say(s,
			   "the store was larger than it may be (retentionBytes): its oldest "
			   "alerts are gone: "
			   "days: %d",
			   d.large);
	return r;
}

/* A few a second, once: alerts come in between. */
static int pack_counters(void *ctx, struct store *store, struct arena *a, int64_t past_ns,
			 struct err *e)
{
	struct server *s = ctx;
	int r = alerts_repack(store, e);

	(void)a, (void)past_ns;
	if (r > 0)
		s->repacked += (uint64_t)r;
	else if (r == 0 && s->repacked) {
		server_say(s, "counters of alerts that an older version wrote are packed: %llu",
			   (unsigned long long)s->repacked);
		s->repacked = 0;
	}
	return MIN(r, 0);
}

static int keep_time(void *ctx, struct store *store, struct arena *a, int64_t past_ns,
		     struct err *e)
{
	(void)ctx, (void)a;
	return store_keep_time(store->sql, past_ns, e);
}

struct ending {
	struct arena *arena;
	int64_t past_ns;
};

static int end_lists(struct store *store, void *ctx, struct err *e)
{
	const struct ending *w = ctx;
	int ended = intelligence_expire(store, w->past_ns, e);

	return ended > 0 ? rule_book_publish(store, w->arena, e) : ended;
}

static int end_intelligence(void *ctx, struct store *store, struct arena *a, int64_t past_ns,
			    struct err *e)
{
	struct ending w = { a, past_ns };

	(void)ctx;
	return sql_no_count(store_transact(store, end_lists, &w, e));
}

static int keep_risks(void *ctx, struct store *store, struct arena *a, int64_t past_ns,
		      struct err *e)
{
	struct server *s = ctx;

	(void)past_ns;
	return risk_keep(store, &s->risks, a, e);
}

static bool is_over(void *ctx)
{
	struct server *s = ctx;

	return atomic_load(&s->is_over);
}

static void publish(void *ctx, const char *topic)
{
	server_publish(ctx, str_from(topic));
}

static int fetch_intelligence(void *ctx, struct store *store, struct arena *a, int64_t past_ns,
			      struct err *e)
{
	struct server *s = ctx;
	const struct intelligence_job j = { .access = &s->access,
					    .folder = s->feed_folder,
					    .reach = &s->feed_reach,
					    .is_over = is_over,
					    .publish = publish,
					    .ctx = s };

	(void)past_ns;
	return intelligence_job_turn(&j, store, a, e);
}

static int start_fetching(struct server *s, struct err *e)
{
	const struct clockwork_job jobs[] = {
		{ .name = "fetching threat intelligence",
		  .every_s = 1,
		  .fn = fetch_intelligence,
		  .ctx = s },
	};
	const struct clockwork_options o = { .name = "fetch",
					     .where = s->where,
					     .series = s->series,
					     .watch = store_health_watch(s->health),
					     .jobs = jobs,
					     .count = ARRAY_LEN(jobs),
					     .arena_bytes = INTELLIGENCE_JOB_BYTES,
					     .say = s->o->say,
					     .ctx = s->o->ctx };
	int r = 0;

	snprintf(s->feed_folder, sizeof(s->feed_folder), "%s/intelligence", s->o->state);
	for (const char *const *n = s->o->notify_allow; n && *n && r == 0; n++)
		r = networks_add(&s->feed_reach, str_from(*n), e);
	return r < 0 ? err_wrap(e, r, "--notify-allow") : clockwork_new(&o, &s->fetching, e);
}

static void say(void *ctx, const char *line)
{
	server_say(ctx, "%s", line);
}

/* One of its own that was made by a wrong clock is not good by the right one. */
static void on_clock_set(void *ctx)
{
	struct server *s = ctx;

	if (!s->o->plain)
		(void)!http_server_post(s->http, server_renew_tls, s);
}

int server_start_jobs(struct server *s, struct err *e)
{
	const struct clockwork_job jobs[] = {
		{ .name = "keeping the time", .every_s = 60, .fn = keep_time },
		{ .name = "looking after agents", .every_s = 5, .fn = look_after_fleet, .ctx = s },
		{ .name = "forgetting what agents needed", .every_s = 3600, .fn = forget_of_fleet },
		{ .name = "forgetting old sessions",
		  .every_s = 60,
		  .fn = forget_sessions,
		  .ctx = s },
		{ .name = "ending threat intelligence", .every_s = 5, .fn = end_intelligence },
		{ .name = "reckoning risks", .every_s = 5, .fn = keep_risks, .ctx = s },
		{ .name = "keeping the store", .every_s = 60, .fn = keep_house, .ctx = s },
		{ .name = "packing counters", .every_s = 1, .fn = pack_counters, .ctx = s },
	};
	const struct clockwork_options o = { .name = "clock",
					     .keeps_time = true,
					     .where = s->where,
					     .series = s->series,
					     .watch = store_health_watch(s->health),
					     .jobs = jobs,
					     .count = ARRAY_LEN(jobs),
					     .arena_bytes = JOB_BYTES,
					     .on_set = on_clock_set,
					     .say = say,
					     .ctx = s };

	int r = clockwork_new(&o, &s->clock, e);

	return r < 0 ? r : start_fetching(s, e);
}
