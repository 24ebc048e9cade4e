/*
 * What the kernel writes into the rings, were it anything, all the way: records, events, the process tree, rules, alerts. Each
 * event is judged once, nothing is left waiting, memory stays inside its bounds, and every alert is one line as text and a
 * document as JSON, both UTF-8.
 */
#include "fuzz.h"

#include "../unit/recording.h"
#include "../unit/stage.h"
#include "base/text.h"
#include "codec/json.h"
#include "policy/field.h"
#include "watch/alert_line.h"

enum { MAX_PROCESSES = 32, MAX_EVENTS = 512 };

static void check(void *ctx, const struct alert *a)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;
	struct arena arena;
	struct value v;

	(void)ctx;
	alert_line(a, &out);
	assert(!buf_error(&out) && text_ill_formed(buf_str(&out)) == out.n);
	for (size_t i = 0; i < out.n; i++)
		assert((unsigned char)out.p[i] >= 32 && out.p[i] != 127);
	buf_reset(&out);
	json_out_init(&j, &out, false);
	alert_render(a, &j);
	assert(!buf_error(&out) && text_ill_formed(buf_str(&out)) == out.n &&
	       str_find(buf_str(&out), '\n') == out.n);
	arena_init(&arena, (size_t)4 << 20);
	assert(json_parse(buf_str(&out), &arena, &v, NULL) != -EBADMSG);
	arena_done(&arena);
}

/* One rule that holds for everything and shows what the process and the descriptor are called. */
static void open_stage(struct stage *s)
{
	static const char rules[] =
		"- rule: all\n  desc: d\n  priority: INFO\n  condition: evt.type exists\n"
		"  output: '%proc.name %proc.cmdline %proc.exepath %proc.cwd %proc.pname %fd.name "
		"%fd.nameraw %evt.arg.path %evt.args %user.name %proc.aname[3] %container.name "
		"%fs.path.name %fs.path.target %dns.question'\n"
		"- rule: some\n  desc: d\n  priority: INFO\n  output: o %proc.args\n"
		"  condition: proc.name glob *a* and not fd.name contains b and proc.pname != x\n";
	struct watch_config c = { 0 };

	stage_open(s, &(str){ rules, sizeof(rules) - 1 }, 1, &c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage stage;
	struct watch_config c = { .max_processes = MAX_PROCESSES,
				  .max_held = 8,
				  .text_bytes = 8192,
				  .no_folding = true,
				  .remember_s = 1 };
	struct recording records;
	struct watch_stats s;
	uint64_t events = 0;
	struct watch *w;
	struct event v;

	if (!stage.program)
		open_stage(&stage);
	if (watch_new(&c, (struct asset *)(void *)&stage, stage.program, check, NULL, &w, NULL) < 0)
		return 0;
	recording_open_bare((str){ (const char *)data, size }, &records);
	while (events < MAX_EVENTS && recording_next(&records, &v, NULL) > 0) {
		/* Control groups in the range the stage knows. */
		v.cgroup_id %= STAGE_GROUPS + 2;
		watch_event(w, &v);
		events++;
		watch_stats(w, &s);
		assert(s.processes + s.processes_exited <= MAX_PROCESSES);
	}
	recording_done(&records);
	watch_tick(w, UINT64_MAX);
	watch_stats(w, &s);
	assert(s.events == events && s.held >= s.held_timeout);
	watch_free(w);
	return 0;
}
