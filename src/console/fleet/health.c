#include <stdio.h>

#include "base/clock.h"
#include "base/quantity.h"
#include "codec/json_out.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/alerts.h"
#include "console/store/ingest.h"

#define GRACE_NS \
	(90 * SECOND_NS) /* after a start, or a jump of the clock: agents come back one by one */
#define JUMP_NS ((int64_t)30 * 1000000000)
#define CLOCKS_KEPT_NS (60 * SECOND_NS)
#define LIFE_KEPT_NS ((int64_t)45 * 24 * 3600 * 1000000000)

/* What there is to tell of an agent. */
struct trouble {
	str rule, rule_id;
	enum alert_priority priority;
	str message, message_zh;
};

static struct trouble silence_of(struct arena *a, const struct agent *g, int64_t now_ns)
{
	const int64_t ns = MAX(now_ns - g->seen_ns, 0);
	OWNED_BUF en = BUF_INIT, zh = BUF_INIT;

	quantity_tell_seconds((uint64_t)ns / SECOND_NS, LANG_EN, &en);
	quantity_tell_seconds((uint64_t)ns / SECOND_NS, LANG_ZH, &zh);
	return (struct trouble){
		.rule = S("Agent silent"),
		.rule_id = S("SKEP-0003"),
		.priority = PRIORITY_CRITICAL,
		.message = arena_printf(a, "the agent on %.*s has said nothing for %s",
					STR_ARG(g->name), buf_cstr(&en)),
		.message_zh = arena_printf(a, "代理 %.*s 已有 %s没有消息", STR_ARG(g->name),
					   buf_cstr(&zh)),
	};
}

static struct trouble clock_of(struct arena *a, const struct agent *g, int64_t now_ns UNUSED)
{
	const bool ahead = g->clock_ms > 0;
	const int64_t ms = ahead ? g->clock_ms : -g->clock_ms;
	OWNED_BUF en = BUF_INIT, zh = BUF_INIT;

	quantity_tell_seconds((uint64_t)ms / 1000, LANG_EN, &en);
	quantity_tell_seconds((uint64_t)ms / 1000, LANG_ZH, &zh);
	return (struct trouble){
		.rule = S("Agent clock off"),
		.rule_id = S("SKEP-0005"),
		.priority = PRIORITY_WARNING,
		.message = arena_printf(a,
					"the clock of %.*s is %s %s the console's: the times of "
					"its alerts are by that clock",
					STR_ARG(g->name), buf_cstr(&en),
					ahead ? "ahead of" : "behind"),
		.message_zh = arena_printf(a, "%.*s 的时钟比控制台%s %s：其告警时间以该时钟为准",
					   STR_ARG(g->name), ahead ? "快" : "慢", buf_cstr(&zh)),
	};
}

/** An alert as the agent would tell it, about itself. */
static int tell(struct store *s, struct arena *a, const struct agent *g, const struct trouble *what,
		int64_t now_ns, struct err *e)
{
	const struct container host = { .runtime = CONTAINER_HOST, .id = S("host"), .known = ~0u };
	const str tags[] = { S("skep") };
	OWNED_BUF doc = BUF_INIT;
	struct alert_new n;
	struct json_out j;
	struct alert alert = { .rule = what->rule,
			       .rule_id = what->rule_id,
			       .source = S("skep"),
			       .priority = what->priority,
			       .message = what->message,
			       .message_zh = what->message_zh,
			       .time_ns = (uint64_t)now_ns,
			       .tags = tags,
			       .tag_count = ARRAY_LEN(tags),
			       .container = &host,
			       .count = 1,
			       .first_ns = (uint64_t)now_ns,
			       .last_ns = (uint64_t)now_ns };
	int r;

	if (!alert.message.p || !alert.message_zh.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	json_out_init(&j, &doc, false);
	alert_render(&alert, &j);
	r = buf_error(&doc) ? err_set(e, ENOMEM, "no memory for an alert")
			    : record_alert(buf_str(&doc), g, a, &n, e);
	return r < 0 ? r : alerts_append(s, &n, 1, now_ns, NULL, e);
}

struct telling {
	struct arena *arena;
	int64_t now_ns;
	size_t count;
};

typedef struct trouble trouble_fn(struct arena *a, const struct agent *g, int64_t now_ns);

static int tell_all(struct store *s, struct telling *w, const struct agent *list, size_t count,
		    trouble_fn *of, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct trouble what = of(w->arena, &list[i], w->now_ns);

		r = tell(s, w->arena, &list[i], &what, w->now_ns, e);
	}
	w->count += count;
	return r;
}

static int tell_troubles(struct store *s, void *ctx, struct err *e)
{
	struct telling *w = ctx;
	struct agent *list;
	size_t count;
	int r;

	w->count = 0;
	r = agent_take_silent(s, w->now_ns, w->arena, &list, &count, e);
	if (r == 0)
		r = tell_all(s, w, list, count, silence_of, e);
	if (r == 0)
		r = agent_take_clocks_off(s, w->arena, &list, &count, e);
	return r < 0 ? r : tell_all(s, w, list, count, clock_of, e);
}

/** Whether silence and clocks may be judged: the console itself was there all the time, by both clocks. */
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

static int watch_agents(struct fleet *f, struct store *s, struct arena *a, struct err *e)
{
	struct telling w = { .arena = a, .now_ns = store_now() };
	int r;

	if (!may_judge(f, clock_ns(CLOCK_MONOTONIC), w.now_ns))
		return 0;
	r = store_transact(s, tell_troubles, &w, e);
	if (r == 0 && w.count) {
		fleet_publish(f, "alerts");
		fleet_publish(f, "agents");
	}
	return r;
}

static int count_clocks(struct fleet *f, struct store *s, struct err *e)
{
	struct agent_clocks now = { 0 };
	int r = agent_clocks(s, &now, e);

	if (r < 0)
		return r;
	pthread_mutex_lock(&f->clocks_lock);
	f->clocks = now;
	f->clocks_ns = clock_ns(CLOCK_MONOTONIC);
	pthread_mutex_unlock(&f->clocks_lock);
	return 0;
}

bool fleet_clocks(struct fleet *f, struct agent_clocks *ret)
{
	bool lately;

	pthread_mutex_lock(&f->clocks_lock);
	*ret = f->clocks;
	lately = f->clocks_ns && clock_ns(CLOCK_MONOTONIC) - f->clocks_ns < CLOCKS_KEPT_NS;
	pthread_mutex_unlock(&f->clocks_lock);
	return lately;
}

int fleet_tick(struct fleet *f, struct store *s, struct arena *a, struct err *e)
{
	int r = watch_agents(f, s, a, e);

	if (r == 0)
		r = count_clocks(f, s, e);
	return r < 0 ? r : rematch_some(f, s, a, e);
}

int fleet_forget(struct store *s, int64_t now_ns, struct err *e)
{
	int r = agent_forget_past(s, now_ns, e);

	return r < 0 ? r : sql_no_count(ingest_forget(s, now_ns - LIFE_KEPT_NS, e));
}
