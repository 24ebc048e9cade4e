#include "prog/agent/sensor_stats.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "prog/agent/message.h"

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

static void put_losses(struct json_out *j, const struct sensor_stats *s,
		       const struct watch_stats *w)
{
	static const char *const names[EVENT_LOSS_COUNT] = {
		[EVENT_LOSS_RING_STATE] = "ringState",
		[EVENT_LOSS_RING_BULK] = "ringBulk",
		[EVENT_LOSS_RATE] = "rate",
		[EVENT_LOSS_READ] = "read",
		[EVENT_LOSS_HELD] = "held",
	};

	json_key(j, "lost");
	json_object_open(j);
	for (unsigned int i = 0; i < EVENT_LOSS_COUNT; i++)
		json_put_uint(j, names[i], s->lost[i]);
	json_put_uint(j, "identityTimeout", w->held_timeout);
	json_object_close(j);
}

static void put_self(struct json_out *j)
{
	struct rusage u;
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%*s %lu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	getrusage(RUSAGE_SELF, &u);
	json_put_uint(j, "cpuUserMs",
		      (uint64_t)u.ru_utime.tv_sec * 1000 + (uint64_t)u.ru_utime.tv_usec / 1000);
	json_put_uint(j, "cpuSystemMs",
		      (uint64_t)u.ru_stime.tv_sec * 1000 + (uint64_t)u.ru_stime.tv_usec / 1000);
	json_put_uint(j, "residentBytes", (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void put_watch(struct json_out *j, const struct watch_stats *w, uint64_t alerts_lost)
{
	json_put_uint(j, "judged", w->events);
	json_put_uint(j, "alerts", w->alerts);
	json_put_uint(j, "alertsFolded", w->folded);
	json_put_uint(j, "alertsLost", alerts_lost);
	json_put_uint(j, "held", w->held);
	json_put_uint(j, "unknownVerdicts", w->unknown_verdicts);
	json_put_uint(j, "processes", w->processes);
	json_put_uint(j, "processesRemembered", w->processes_exited);
	json_put_uint(j, "processesEvicted", w->evicted_processes);
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

void sensor_stats_send(int fd, const struct session *s, uint64_t alerts_lost)
{
	OWNED_BUF out = BUF_INIT;
	struct sensor_stats kern;
	struct watch_stats watch;
	struct json_out j;

	sensor_stats(s->sensor, &kern);
	watch_stats(s->watch, &watch);
	json_out_init(&j, &out, false);
	json_object_open(&j);
	json_put_cstr(&j, "backend", sensor_backend_name(sensor_backend_of(s->sensor)));
	put_self(&j);
	json_put_uint(&j, "hookNs", kern.hook_ns);
	json_put_uint(&j, "hookRuns", kern.hook_runs);
	put_watch(&j, &watch, alerts_lost);
	put_asset(&j, s->asset);
	put_losses(&j, &kern, &watch);
	put_events(&j, &kern);
	put_costs(&j, s->watch);
	json_object_close(&j);
	if (!buf_error(&out))
		(void)!message_send(
			fd, &(struct message){ .kind = MESSAGE_STATS, .json = buf_str(&out) });
}
