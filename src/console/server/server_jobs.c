/* What time brings: each room's jobs, one line each. */
#include "console/server/server.h"
#include "console/api/rule_book.h"
#include "console/store/housekeeping.h"
#include "console/store/intelligence.h"

#define JOB_BYTES FLEET_ARENA_BYTES

static int look_after_fleet(void *ctx, struct store *store, struct arena *a, struct err *e)
{
	const struct server *s = ctx;

	return fleet_tick(agent_door_fleet(s->agents), store, a, e);
}

static int forget_sessions(void *ctx, struct store *store, struct arena *a, struct err *e)
{
	struct server *s = ctx;

	(void)a;
	return MIN(access_sweep(&s->access, store, store_now(), e), 0);
}

static int keep_house(void *ctx, struct store *store, struct arena *a, struct err *e)
{
	(void)ctx, (void)a;
	return housekeeping(store, store_now(), e);
}

static int end_lists(struct store *store, void *ctx, struct err *e)
{
	int ended = intelligence_expire(store, store_now(), e);

	return ended > 0 ? rule_book_publish(store, ctx, e) : ended;
}

static int end_intelligence(void *ctx, struct store *store, struct arena *a, struct err *e)
{
	(void)ctx;
	return MIN(store_transact(store, end_lists, a, e), 0);
}

int server_start_jobs(struct server *s, struct err *e)
{
	const struct clockwork_job jobs[] = {
		{ .name = "looking after agents", .every_s = 5, .fn = look_after_fleet, .ctx = s },
		{ .name = "forgetting old sessions",
		  .every_s = 60,
		  .fn = forget_sessions,
		  .ctx = s },
		{ .name = "ending threat intelligence", .every_s = 30, .fn = end_intelligence },
		{ .name = "keeping the store", .every_s = 60, .fn = keep_house, .ctx = s },
	};
	const struct clockwork_options o = { .where = s->where,
					     .jobs = jobs,
					     .count = ARRAY_LEN(jobs),
					     .arena_bytes = JOB_BYTES,
					     .say = s->o->say,
					     .ctx = s->o->ctx };

	return clockwork_new(&o, &s->clock, e);
}
