/*
 * Any sequence of events, of processes that come, go and lie about their parents, in containers known, late and never known: the
 * counts add up, nothing is left waiting, memory stays inside its bounds, and every alert can be written.
 */
#include "fuzz.h"

#include <stdio.h>

#include "../unit/stage.h"
#include "policy/field.h"
#include "watch/alert_line.h"

enum { MAX_PROCESSES = 16, MAX_HELD = 8 };

struct input {
	const uint8_t *p;
	size_t n;
};

static uint8_t byte(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

/* Up to 255 of the bytes that follow; NULs become slashes, for the kernel gives none but in args. */
static str text(struct input *in, char *room, bool with_nul)
{
	size_t n = MIN((size_t)byte(in), in->n);

	for (size_t i = 0; i < n; i++) {
		char c = (char)byte(in);

		room[i] = c || with_nul ? c : '/';
	}
	return (str){ room, n };
}

static struct process_key key(uint8_t b)
{
	return (struct process_key){ b & 15, b >> 4 };
}

struct texts {
	char path[256], path2[256], raw[256], more[256], args[256], cwd[256], comm[256];
};

static void read_exec(struct input *in, struct texts *room, struct event_exec *x)
{
	*x = (struct event_exec){ .parent = key(byte(in)), .login_user = byte(in) };
	x->comm = text(in, room->comm, false);
	x->args = text(in, room->args, true);
	x->env = x->args;
	x->cwd = text(in, room->cwd, false);
	x->exe_path = x->cwd;
	x->exe_flags = byte(in);
	x->vpid = byte(in);
	x->vppid = byte(in);
	x->sid = byte(in);
	x->pid_ns = byte(in);
	x->caps.effective = (uint64_t)byte(in) << byte(in) % 64;
}

static struct event read_event(struct input *in, struct texts *room, struct event_exec *x)
{
	struct event v = { .type = (enum event_type)(byte(in) % EVENT_TYPE_COUNT) };
	uint8_t has = byte(in);

	v.task = key(byte(in));
	v.cgroup_id = byte(in) % (STAGE_GROUPS + 3);
	v.time_ns = (uint64_t)byte(in) * 20000000;
	v.tid = v.task.pid + (has & 1);
	v.marks = has & 2 ? EVENT_REPLAYED : 0;
	v.res = (int8_t)byte(in);
	v.flags = (uint64_t)byte(in) << byte(in) % 32;
	v.mode = byte(in) * 16u;
	v.arg[0] = (int8_t)byte(in);
	v.arg[1] = (int8_t)byte(in);
	v.fd.kind = byte(in);
	v.fd.number = (int8_t)byte(in);
	v.fd.role = has & 4 ? 's' : has & 8 ? 'c' : 0;
	v.fd.local.port = byte(in);
	v.fd.remote.port = byte(in);
	v.fd.remote.ip[has & 15] = byte(in);
	if (has & 16)
		v.path = text(in, room->path, false);
	if (has & 32)
		v.path2 = text(in, room->path2, false);
	if (has & 64)
		v.raw = text(in, room->raw, false);
	if (has & 128)
		v.text = text(in, room->more, false);
	switch (event_type_family(v.type)) {
	case EVENT_FAMILY_EXEC:
	case EVENT_FAMILY_FORK:
		read_exec(in, room, x);
		v.exec = x;
		break;
	default:
		break;
	}
	return v;
}

static void count(void *ctx, const struct alert *a)
{
	uint64_t *alerts = ctx;
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	assert(a->rule.n && a->count && a->container && a->first_ns <= a->last_ns);
	alert_line(a, &out);
	assert(!memchr(out.p, '\n', out.n));
	buf_reset(&out);
	json_out_init(&j, &out, false);
	alert_render(a, &j);
	assert(!buf_error(&out));
	++*alerts;
}

/* One rule that holds for everything and names every field, one that asks of the container, one of the figures. */
static void open_stage(struct stage *s)
{
	struct watch_config c = { 0 };
	OWNED_BUF yaml = BUF_INIT;

	buf_add(&yaml, S("- rule: all\n  desc: d\n  priority: INFO\n  condition: evt.type exists\n "
			 " output: '"));
	for (size_t i = 0; i < policy_events.field_count; i++) {
		const struct policy_field *f = &policy_events.fields[i];

		buf_printf(&yaml, "%%%s%s ", f->name, f->arg == POLICY_ARG_KEY ? "[0]" : "");
	}
	buf_add(&yaml,
		S("%proc.aname[2] %proc.env[PATH]'\n"
		  "- rule: asks\n  desc: d\n  priority: INFO\n  output: o\n"
		  "  condition: evt.type exists and not container.image.repository = example/shop\n"
		  "- rule: figures\n  desc: d\n  priority: INFO\n  output: o\n"
		  "  condition: evt.type = usage and usage.execs > 0\n"));
	stage_open(s, &(str){ yaml.p, yaml.n }, 1, &c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage stage;
	static struct texts room;
	struct watch_config c = { .max_processes = MAX_PROCESSES,
				  .max_held = MAX_HELD,
				  .text_bytes = 4096,
				  .usage_interval_ms = 100,
				  .remember_s = 1 };
	struct input in = { data, size };
	uint64_t alerts = 0, events = 0;
	struct watch_stats s;
	struct watch *w;

	if (!stage.program)
		open_stage(&stage);
	stage.late_known = false;
	c.all_rules = byte(&in) & 1;
	c.no_folding = byte(&in) & 1;
	if (watch_new(&c, (struct asset *)(void *)&stage, stage.program, count, &alerts, &w, NULL) <
	    0)
		return 0;
	while (in.n) {
		struct event_exec x;
		struct event v = read_event(&in, &room, &x);

		watch_event(w, &v);
		events++;
		if (v.fd.role == 's')
			watch_tick(w, v.time_ns);
		stage.late_known ^= v.fd.role == 'c' && v.res == 7;
		watch_stats(w, &s);
		assert(s.processes + s.processes_exited <= MAX_PROCESSES);
	}
	/* What is held is judged now; after a snapshot that tells of nobody, nobody lives. */
	watch_tick(w, (uint64_t)1 << 62);
	watch_snapshot_begin(w);
	watch_snapshot_end(w);
	watch_stats(w, &s);
	assert(s.processes == 0);
	assert(s.events == events);
	assert(s.held >= s.held_timeout);
	watch_free(w);
	/* Folding: told when they end, so only now. */
	assert(!c.no_folding || s.alerts == alerts);
	return 0;
}
