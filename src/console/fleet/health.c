#include <stdio.h>

#include "base/clock.h"
#include "codec/json_out.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/alerts.h"
#include "console/store/ingest.h"

#define GRACE_NS \
	(90 * SECOND_NS) /* after a start, or a jump of the clock: agents come back one by one */
#define JUMP_NS ((int64_t)30 * 1000000000)
#define LIFE_KEPT_NS ((int64_t)45 * 24 * 3600 * 1000000000)

static str in_chinese(struct arena *a, const struct agent *g, long long seconds)
{
	return arena_printf(a, "代理 %.*s 已 %lld 秒没有消息", STR_ARG(g->name), seconds);
}

/** An alert as an agent would tell it, about the agent that does not. */
static int tell_silence(struct store *s, struct arena *a, const struct agent *g, int64_t now_ns,
			struct err *e)
{
	const struct container host = { .runtime = CONTAINER_HOST, .id = S("host"), .known = ~0u };
	const long long seconds = (long long)((now_ns - g->seen_ns) / 1000000000);
	const str tags[] = { S("skep") };
	OWNED_BUF doc = BUF_INIT;
	struct alert_new n;
	struct json_out j;
	struct alert alert = { .rule = S("Agent silent"),
			       .rule_id = S("SKEP-0003"),
			       .source = S("skep"),
			       .priority = PRIORITY_CRITICAL,
			       .time_ns = (uint64_t)now_ns,
			       .tags = tags,
			       .tag_count = ARRAY_LEN(tags),
			       .container = &host,
			       .count = 1,
			       .first_ns = (uint64_t)now_ns,
			       .last_ns = (uint64_t)now_ns };
	int r;

	alert.message = arena_printf(a, "agent on %.*s says nothing since %lld s", STR_ARG(g->name),
				     seconds);
	alert.message_zh = in_chinese(a, g, seconds);
	json_out_init(&j, &doc, false);
	alert_render(&alert, &j);
	r = buf_error(&doc) ? err_set(e, ENOMEM, "no memory for an alert")
			    : record_alert(buf_str(&doc), g, a, &n, e);
	return r < 0 ? r : alerts_append(s, &n, 1, now_ns, NULL, e);
}

struct silence {
	struct arena *arena;
	int64_t now_ns;
	size_t count;
};

static int tell_silent(struct store *s, void *ctx, struct err *e)
{
	struct silence *w = ctx;
	struct agent *items;
	int r = agent_take_silent(s, w->now_ns, w->arena, &items, &w->count, e);

	for (size_t i = 0; r == 0 && i < w->count; i++)
		r = tell_silence(s, w->arena, &items[i], w->now_ns, e);
	return r;
}

/** Whether silence may be judged: the console itself was there all the time, by both clocks. */
static bool may_judge(struct fleet *f, uint64_t mono, int64_t real)
{
	int64_t passed = (int64_t)(mono - f->ticked_ns), said = real - f->ticked_at_ns;
	bool jumped = f->ticked_ns &&
		      (said - passed > JUMP_NS || passed - said > JUMP_NS || passed > JUMP_NS);

	f->ticked_ns = mono;
	f->ticked_at_ns = real;
	if (jumped)
		f->started_ns = mono;
	return mono - f->started_ns > GRACE_NS;
}

static int watch_silence(struct fleet *f, struct store *s, struct arena *a, struct err *e)
{
	struct silence w = { .arena = a, .now_ns = store_now() };
	int r;

	if (!may_judge(f, clock_ns(CLOCK_MONOTONIC), w.now_ns))
		return 0;
	r = store_transact(s, tell_silent, &w, e);
	if (r == 0 && w.count) {
		fleet_publish(f, "alerts");
		fleet_publish(f, "agents");
	}
	return r;
}

int fleet_tick(struct fleet *f, struct store *s, struct arena *a, struct err *e)
{
	int r = watch_silence(f, s, a, e);

	return r < 0 ? r : rematch_some(f, s, a, e);
}

int fleet_forget(struct store *s, int64_t now_ns, struct err *e)
{
	int r = agent_forget_past(s, now_ns, e);

	return r < 0 ? r : MIN(ingest_forget(s, now_ns - LIFE_KEPT_NS, e), 0);
}
