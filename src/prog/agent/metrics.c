#include "prog/agent/metrics.h"

#include "codec/json.h"

#define MEMORY_MAX ((size_t)4 << 20)

/* A number of the document and what Prometheus calls it; the divisor turns it into base units. */
static const struct {
	const char *member, *name, *kind, *help;
	double divisor;
} plain[] = {
	{ "judged", "skep_events_judged_total", "counter", "Events judged by rules.", 1 },
	{ "alerts", "skep_alerts_total", "counter", "Alerts raised, folded ones not counted.", 1 },
	{ "alertsFolded", "skep_alerts_folded_total", "counter",
	  "Alerts counted in an earlier equal one.", 1 },
	{ "alertsLost", "skep_alerts_lost_total", "counter",
	  "Alerts that gave way on their way to the outputs.", 1 },
	{ "unknownVerdicts", "skep_unknown_verdicts_total", "counter",
	  "Verdicts for which a fact was not known.", 1 },
	{ "held", "skep_events_held_total", "counter",
	  "Events held until their container was known.", 1 },
	{ "heldTimeout", "skep_events_held_timeout_total", "counter",
	  "Events judged without their container: it did not become known in time.", 1 },
	{ "heldEarly", "skep_events_held_early_total", "counter",
	  "Events judged without their container: too many were held.", 1 },
	{ "withoutProcess", "skep_events_without_process_total", "counter",
	  "Events judged without the record of their process.", 1 },
	{ "withoutUsage", "skep_events_without_usage_total", "counter",
	  "Events not counted in their container's usage for want of room.", 1 },
	{ "awaitedHashes", "skep_events_awaited_total", "counter",
	  "Events that waited for the hash of the file that ran.", 1 },
	{ "processes", "skep_processes", "gauge", "Processes that live.", 1 },
	{ "processesRemembered", "skep_processes_remembered", "gauge",
	  "Processes that exited and are remembered.", 1 },
	{ "processesEvicted", "skep_processes_evicted_total", "counter",
	  "Processes forgotten for want of room.", 1 },
	{ "processesRefused", "skep_processes_refused_total", "counter",
	  "Processes not remembered: there was room for living ones only.", 1 },
	{ "processTextsCut", "skep_process_texts_cut_total", "counter",
	  "Programs whose arguments were shortened for want of memory.", 1 },
	{ "containers", "skep_containers", "gauge", "Containers that run.", 1 },
	{ "containersUnknown", "skep_containers_unknown", "gauge",
	  "Containers of which little is known.", 1 },
	{ "engines", "skep_engines", "gauge", "Container engines that are followed.", 1 },
	{ "engineErrors", "skep_engine_errors_total", "counter", "Failures of container engines.",
	  1 },
	{ "hookNs", "skep_hook_seconds_total", "counter",
	  "Processor time of BPF programs, while the kernel measures it.", 1e9 },
	{ "hookRuns", "skep_hook_runs_total", "counter",
	  "Runs of BPF programs, while the kernel measures them.", 1 },
};

static void head(struct buf *out, const char *name, const char *kind, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void put_label(struct buf *out, const char *name, str value)
{
	buf_printf(out, "%s=\"", name);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '\n')
			buf_add(out, S("\\n"));
		else if (value.p[i] == '"' || value.p[i] == '\\')
			buf_printf(out, "\\%c", value.p[i]);
		else
			buf_byte(out, value.p[i]);
	}
	buf_byte(out, '"');
}

static void put_number(struct buf *out, const struct value *v, double divisor)
{
	buf_printf(out, " %.15g\n", value_num(v, 0) / divisor);
}

static void put_plain(struct buf *out, const struct value *sensor)
{
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		const struct value *v = value_get(sensor, plain[i].member);

		if (!v)
			continue;
		head(out, plain[i].name, plain[i].kind, plain[i].help);
		buf_add(out, str_from(plain[i].name));
		put_number(out, v, plain[i].divisor);
	}
}

static void put_events(struct buf *out, const struct value *sensor)
{
	static const char *const fates[][2] = { { "delivered", "delivered" },
						{ "passedOver", "passed_over" } };

	head(out, "skep_events_total", "counter",
	     "Events by type; passed_over: no rule could have matched.");
	VALUE_MEMBERS (m, value_get(sensor, "events"))
		for (size_t i = 0; i < ARRAY_LEN(fates); i++) {
			buf_add(out, S("skep_events_total{"));
			put_label(out, "type", m->key);
			buf_printf(out, ",fate=\"%s\"}", fates[i][1]);
			put_number(out, value_get(&m->value, fates[i][0]), 1);
		}
	head(out, "skep_events_lost_total", "counter", "Events lost, by cause.");
	VALUE_MEMBERS (m, value_get(sensor, "lost")) {
		buf_add(out, S("skep_events_lost_total{"));
		put_label(out, "cause", m->key);
		buf_byte(out, '}');
		put_number(out, &m->value, 1);
	}
}

static void put_unhashed(struct buf *out, const struct value *sensor)
{
	head(out, "skep_events_unhashed_total", "counter",
	     "Events judged without the hash of a file that a rule asked for, by cause.");
	VALUE_MEMBERS (m, value_get(sensor, "unhashed")) {
		buf_add(out, S("skep_events_unhashed_total{"));
		put_label(out, "cause", m->key);
		buf_byte(out, '}');
		put_number(out, &m->value, 1);
	}
}

static void put_hooks(struct buf *out, const struct value *sensor)
{
	static const char *const names[][2] = { { "skep_hook_program_seconds_total", "ns" },
						{ "skep_hook_program_runs_total", "runs" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		head(out, names[i][0], "counter",
		     "One BPF program's share, while the kernel measures.");
		VALUE_EACH (h, value_get(sensor, "hooks")) {
			buf_printf(out, "%s{", names[i][0]);
			put_label(out, "program", value_get_str(h, "program"));
			buf_byte(out, '}');
			put_number(out, value_get(h, names[i][1]), i == 0 ? 1e9 : 1);
		}
	}
}

static void put_part(struct buf *out, const char *name, const struct value *part, const char *mode,
		     const char *member, double divisor)
{
	buf_printf(out, "%s{", name);
	put_label(out, "part", value_get_str(part, "part"));
	if (mode)
		buf_printf(out, ",mode=\"%s\"", mode);
	buf_byte(out, '}');
	put_number(out, value_get(part, member), divisor);
}

static void put_parts(struct buf *out, const struct value *stats)
{
	const struct value *parts = value_get(stats, "parts");

	head(out, "skep_cpu_seconds_total", "counter",
	     "Processor time of the agent's parts, with all processes they started.");
	VALUE_EACH (p, parts) {
		put_part(out, "skep_cpu_seconds_total", p, "user", "cpuUserMs", 1000);
		put_part(out, "skep_cpu_seconds_total", p, "system", "cpuSystemMs", 1000);
	}
	head(out, "skep_memory_bytes", "gauge",
	     "Memory of the agent's parts; what processes share is divided among them.");
	VALUE_EACH (p, parts)
		put_part(out, "skep_memory_bytes", p, NULL, "memoryBytes", 1);
	head(out, "skep_part_processes", "gauge", "Processes of the agent's parts.");
	VALUE_EACH (p, parts)
		put_part(out, "skep_part_processes", p, NULL, "processes", 1);
}

static void put_outputs(struct buf *out, const struct value *stats)
{
	static const struct {
		const char *member, *name, *kind, *help;
	} figures[] = {
		{ "told", "skep_output_told_total", "counter", "Alerts an output has told." },
		{ "lost", "skep_output_lost_total", "counter", "Alerts lost for an output." },
		{ "waiting", "skep_output_waiting", "gauge", "Alerts that wait for an output." },
		{ "failing", "skep_output_failing", "gauge", "1 while an output does not work." },
	};

	for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
		head(out, figures[i].name, figures[i].kind, figures[i].help);
		VALUE_EACH (o, value_path(stats, "uplink.outputs")) {
			const struct value *v = value_get(o, figures[i].member);

			buf_printf(out, "%s{", figures[i].name);
			put_label(out, "output", value_get_str(o, "kind"));
			buf_byte(out, ',');
			put_label(out, "where", value_get_str(o, "where"));
			buf_byte(out, '}');
			if (v && v->kind == VALUE_BOOL)
				buf_printf(out, " %d\n", value_is_true(v));
			else
				put_number(out, v, 1);
		}
	}
}

int metrics_render(str stats, struct buf *out, struct err *e)
{
	const struct value *sensor;
	struct arena a;
	struct value v;
	int r;

	arena_init(&a, MEMORY_MAX);
	r = json_parse(stats, &a, &v, e);
	if (r == 0) {
		sensor = value_get(&v, "sensor");
		head(out, "skep_build_info", "gauge", "Always 1; which version this is.");
		buf_add(out, S("skep_build_info{"));
		put_label(out, "version", value_get_str(&v, "version"));
		buf_byte(out, ',');
		put_label(out, "backend", value_get_str(sensor, "backend"));
		buf_add(out, S("} 1\n"));
		put_plain(out, sensor);
		put_events(out, sensor);
		put_unhashed(out, sensor);
		put_hooks(out, sensor);
		put_parts(out, &v);
		put_outputs(out, &v);
		r = buf_error(out);
	}
	arena_done(&a);
	return r;
}
