#include "prog/agent/sensor_stats.h"

#include "prog/agent/message.h"
#include "prog/agent/part.h"

enum { COSTS_SHOWN = 40 };

static void put_events(struct json_out *j, const struct sensor_stats *s)
{
	json_key(j, "events");
	json_object_open(j);
	for (unsigned int t = 0; t < EVENT_TYPE_COUNT; t++) {
		if (!s->delivered[t] && !s->passed_over[t])
			continue;
		json_key(j, event_type_name((enum event_type)t));
		json_object_open(j);
		json_put_uint(j, "delivered", s->delivered[t]);
		json_put_uint(j, "passedOver", s->passed_over[t]);
		json_object_close(j);
	}
	json_object_close(j);
}

static void put_losses(struct json_out *j, const struct sensor_stats *s)
{
	static const char *const names[EVENT_LOSS_COUNT] = {
		[EVENT_LOSS_RING_STATE] = "ringState",
		[EVENT_LOSS_RING_BULK] = "ringBulk",
		[EVENT_LOSS_RATE] = "rate",
		[EVENT_LOSS_READ] = "read",
		[EVENT_LOSS_HELD] = "held",
		[EVENT_LOSS_SKIPPED] = "skipped",
	};

	json_key(j, "lost");
	json_object_open(j);
	for (unsigned int i = 0; i < EVENT_LOSS_COUNT; i++)
		json_put_uint(j, names[i], s->lost[i]);
	json_object_close(j);
}

/* Those that ran while the kernel measured; mostly it does not. */
static void put_hooks(struct json_out *j, const struct sensor_stats *s)
{
	json_key(j, "hooks");
	json_array_open(j);
	for (size_t i = 0; i < s->hook_count; i++) {
		if (!s->hooks[i].runs)
			continue;
		json_object_open(j);
		json_put_cstr(j, "program", s->hooks[i].program);
		json_put_uint(j, "runs", s->hooks[i].runs);
		json_put_uint(j, "ns", s->hooks[i].ns);
		json_object_close(j);
	}
	json_array_close(j);
}

static void put_watch(struct json_out *j, const struct watch_stats *w, uint64_t alerts_lost)
{
	json_put_uint(j, "judged", w->events);
	json_put_uint(j, "alerts", w->alerts);
	json_put_uint(j, "alertsFolded", w->folded);
	json_put_uint(j, "alertsLost", alerts_lost);
	json_put_uint(j, "held", w->held);
	json_put_uint(j, "heldTimeout", w->held_timeout);
	json_put_uint(j, "heldEarly", w->held_early);
	json_put_uint(j, "withoutProcess", w->unknown_process);
	json_put_uint(j, "withoutUsage", w->uncounted);
	json_put_uint(j, "unknownVerdicts", w->unknown_verdicts);
	json_put_uint(j, "processes", w->processes);
	json_put_uint(j, "processesRemembered", w->processes_exited);
	json_put_uint(j, "processesEvicted", w->evicted_processes);
	json_put_uint(j, "processesRefused", w->refused_processes);
	json_put_uint(j, "processTextsCut", w->cut_texts);
}

static void put_hashes(struct json_out *j, const struct watch_stats *w)
{
	json_put_uint(j, "awaitedHashes", w->awaited);
	json_key(j, "unhashed");
	json_object_open(j);
	for (unsigned int g = 0; g < HASH_GAP_COUNT; g++)
		json_put_uint(j, hash_gap_name(g), w->unhashed[g]);
	json_object_close(j);
}

static void put_asset(struct json_out *j, const struct asset *a)
{
	struct asset_stats s;

	asset_stats(a, &s);
	json_put_uint(j, "containers", s.containers);
	json_put_uint(j, "containersUnknown", s.unknown);
	json_put_uint(j, "engines", s.engines);
	json_put_uint(j, "engineErrors", s.engine_errors);
}

static int by_time(const void *a, const void *b)
{
	const struct policy_cost *x = a, *y = b;

	return x->ns < y->ns ? 1 : x->ns > y->ns ? -1 : 0;
}

static void put_costs(struct json_out *j, struct watch *w)
{
	struct policy_cost *c;
	struct arena arena;
	size_t n;

	arena_init(&arena, (size_t)4 << 20);
	json_key(j, "checks");
	json_array_open(j);
	if (policy_costs(watch_run(w), &arena, &c, &n, NULL) == 0) {
		qsort(c, n, sizeof(*c), by_time);
		for (size_t i = 0; i < MIN(n, COSTS_SHOWN); i++) {
			json_object_open(j);
			json_put_str(j, "check", str_take(c[i].text, 200));
			json_put_uint(j, "evaluated", c[i].evaluated);
			json_put_uint(j, "held", c[i].held);
			json_put_uint(j, "rules", c[i].rules);
			json_put_uint(j, "ns", c[i].ns);
			json_object_close(j);
		}
	}
	json_array_close(j);
	arena_done(&arena);
}

struct rule_figures {
	str name;
	uint64_t judged, held, undecided;
};

static int by_judged(const void *a, const void *b)
{
	const struct rule_figures *x = a, *y = b;

	return x->judged < y->judged ? 1 : x->judged > y->judged ? -1 : str_cmp(x->name, y->name);
}

static int by_undecided(const void *a, const void *b)
{
	const struct rule_figures *x = a, *y = b;

	return x->undecided < y->undecided   ? 1
	       : x->undecided > y->undecided ? -1
					     : str_cmp(x->name, y->name);
}

static void put_judged(struct json_out *j, struct rule_figures *f, size_t n)
{
	qsort(f, n, sizeof(*f), by_judged);
	json_key(j, "rules");
	json_array_open(j);
	for (size_t i = 0; i < MIN(n, COSTS_SHOWN) && f[i].judged; i++) {
		json_object_open(j);
		json_put_str(j, "rule", f[i].name);
		json_put_uint(j, "judged", f[i].judged);
		json_put_uint(j, "held", f[i].held);
		json_object_close(j);
	}
	json_array_close(j);
}

static void put_undecided(struct json_out *j, struct rule_figures *f, size_t n)
{
	qsort(f, n, sizeof(*f), by_undecided);
	json_key(j, "undecided");
	json_array_open(j);
	for (size_t i = 0; i < MIN(n, COSTS_SHOWN) && f[i].undecided; i++) {
		json_object_open(j);
		json_put_str(j, "rule", f[i].name);
		json_put_uint(j, "events", f[i].undecided);
		json_object_close(j);
	}
	json_array_close(j);
}

static void put_rules(struct json_out *j, const struct session *s)
{
	size_t n;
	const struct rule *const *rules = policy_rules(s->rules.program, &n);
	const struct policy_run *run = watch_run(s->watch);
	struct rule_figures *f = calloc(n ? n : 1, sizeof(*f));

	if (!f)
		return;
	for (uint32_t i = 0; i < n; i++) {
		f[i].name = rules[i]->name;
		f[i].undecided = policy_rule_undecided(run, i);
		policy_rule_cost(run, i, &f[i].judged, &f[i].held);
	}
	put_judged(j, f, n);
	put_undecided(j, f, n);
	free(f);
}

void sensor_stats_send(int fd, const struct session *s, uint64_t alerts_lost, bool costs)
{
	OWNED_BUF out = BUF_INIT;
	struct sensor_stats kern;
	struct watch_stats watch;
	struct json_out j;

	sensor_stats(s->sensor, &kern);
	watch_stats(s->watch, &watch);
	json_out_init(&j, &out, false);
	json_object_open(&j);
	json_put_uint(&j, "pid", (uint64_t)getpid());
	json_put_cstr(&j, "backend", sensor_backend_name(sensor_backend_of(s->sensor)));
	part_put_usage(&j);
	json_put_uint(&j, "hookNs", kern.hook_ns);
	json_put_uint(&j, "hookRuns", kern.hook_runs);
	put_hooks(&j, &kern);
	put_watch(&j, &watch, alerts_lost);
	put_hashes(&j, &watch);
	put_asset(&j, s->asset);
	put_losses(&j, &kern);
	put_events(&j, &kern);
	if (costs) {
		put_costs(&j, s->watch);
		put_rules(&j, s);
	}
	json_object_close(&j);
	if (!buf_error(&out))
		(void)!message_send(fd, &(struct message){ .kind = MESSAGE_STATS,
							   .number = costs,
							   .json = buf_str(&out) });
}
