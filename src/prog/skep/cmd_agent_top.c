#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "codec/json.h"
#include "kern/sensor.h"
#include "prog/agent/agent.h"
#include "prog/skep/log.h"
#include "prog/skep/result.h"

#define ARENA_BYTES ((size_t)16 << 20)
enum { TYPES_SHOWN = 10, HOOKS_SHOWN = 10, CHECKS_SHOWN = 10, RULES_SHOWN = 10, ROWS_MAX = 256 };

static const struct option_def options[] = {
	{ .name = "control",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_SOURCE,
	  .arg = "SOCKET",
	  .fallback = AGENT_CONTROL_PATH,
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "where the agent listens", "代理的控制套接字" } },
	{ 0 },
};

static volatile sig_atomic_t ended; /* set by a signal's handler, read by the one loop there is */

static void on_signal(int number)
{
	ended = number;
}

/* Two documents, a second apart; what is shown of counters is their difference. */
struct top {
	struct invocation view; /* the command's, with the arena of one refresh */
	const struct value *now, *before;
	double seconds;
	struct buf *out;
};

struct row {
	str name;
	double sort;
	const struct value *now, *before;
};

static double rate(const struct top *t, const struct value *now, const struct value *before,
		   const char *member)
{
	double a = value_num(value_get(now, member), 0);
	double b = value_num(value_get(before, member), 0);

	/* A part that was replaced counts from zero again. */
	return (a >= b ? a - b : a) / t->seconds;
}

static str number(const struct top *t, double n)
{
	return result_number(&t->view, n > 0 ? (uint64_t)(n + 0.5) : 0);
}

static str fraction(const struct top *t, double n)
{
	return arena_printf(t->view.arena, "%.1f", n);
}

/** @param name the member that names an element */
static const struct value *find(const struct value *list, const char *name, str wanted)
{
	VALUE_EACH (i, list)
		if (str_eq(value_get_str(i, name), wanted))
			return i;
	return NULL;
}

static int by_sort(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->sort < y->sort ? 1 : x->sort > y->sort ? -1 : str_cmp(x->name, y->name);
}

static void put_head(const struct top *t)
{
	const struct value *s = value_get(t->now, "sensor"), *s0 = value_get(t->before, "sensor");
	double lost = 0, lost_before = 0;

	VALUE_MEMBERS (m, value_get(s, "lost"))
		lost += value_num(&m->value, 0);
	VALUE_MEMBERS (m, value_get(s0, "lost"))
		lost_before += value_num(&m->value, 0);
	result_say(&t->view, t->out,
		   "skep-agent {0}, {1} back-end; {2} container{2s}, {3} processes\n",
		   "skep-agent {0}，{1} 后端；{2} 个容器，{3} 个进程\n",
		   value_get_str(t->now, "version"), value_get_str(s, "backend"),
		   number(t, value_num(value_get(s, "containers"), 0)),
		   number(t, value_num(value_get(s, "processes"), 0)));
	result_say(&t->view, t->out,
		   "events/s {0}  lost/s {1}, {2} in all  alerts {3}, folded {4}, lost {5}\n",
		   "事件/秒 {0}  丢失/秒 {1}，共 {2}  告警 {3}，合并 {4}，丢失 {5}\n",
		   number(t, rate(t, s, s0, "judged")),
		   number(t, (lost - lost_before) / t->seconds), number(t, lost),
		   number(t, value_num(value_get(s, "alerts"), 0)),
		   number(t, value_num(value_get(s, "alertsFolded"), 0)),
		   number(t, value_num(value_get(s, "alertsLost"), 0)));
	result_say(&t->view, t->out, "hooks {0} % of a processor\n\n", "挂载点占处理器 {0} %\n\n",
		   fraction(t, rate(t, s, s0, "hookNs") / 1e7));
}

static int finish(struct top *t, struct result_table *table)
{
	int r = result_table_render(&t->view, table, t->out);

	buf_byte(t->out, '\n');
	return r;
}

struct part_figures {
	double percent, seconds, memory, processes;
};

static struct part_figures part_figures(const struct top *t, const struct value *now,
					const struct value *before)
{
	return (struct part_figures){
		.percent = before ? (rate(t, now, before, "cpuUserMs") +
				     rate(t, now, before, "cpuSystemMs")) /
					    10
				  : 0,
		.seconds = (value_num(value_get(now, "cpuUserMs"), 0) +
			    value_num(value_get(now, "cpuSystemMs"), 0)) /
			   1000,
		.memory = value_num(value_get(now, "memoryBytes"), 0) / (1 << 20),
		.processes = value_num(value_get(now, "processes"), 0),
	};
}

static void put_part(const struct top *t, struct result_table *table, str name,
		     const struct part_figures *f)
{
	result_table_cell(table, name);
	result_table_cell(table, fraction(t, f->percent));
	result_table_cell(table, fraction(t, f->seconds));
	result_table_cell(table, fraction(t, f->memory));
	result_table_cell(table, number(t, f->processes));
}

/** What the agent costs, by part: all processes a part started are in it. */
static int put_parts(struct top *t)
{
	const struct value *before = value_get(t->before, "parts");
	struct part_figures all = { 0 };
	struct result_table table;

	result_table_init(&table, t->view.arena);
	result_table_column(&table, say(&t->view, (struct phrase){ "PART", "部件" }), 0, false);
	result_table_column(&table, say(&t->view, (struct phrase){ "CPU %", "处理器 %" }), 0, true);
	result_table_column(&table, say(&t->view, (struct phrase){ "CPU SECONDS", "处理器秒" }), 0,
			    true);
	result_table_column(&table, say(&t->view, (struct phrase){ "MEMORY MIB", "内存 MiB" }), 0,
			    true);
	result_table_column(&table, say(&t->view, (struct phrase){ "PROCESSES", "进程" }), 0, true);
	VALUE_EACH (p, value_get(t->now, "parts")) {
		str name = value_get_str(p, "part");
		const struct part_figures f = part_figures(t, p, find(before, "part", name));

		put_part(t, &table, name, &f);
		all.percent += f.percent;
		all.seconds += f.seconds;
		all.memory += f.memory;
		all.processes += f.processes;
	}
	put_part(t, &table, str_from(say(&t->view, (struct phrase){ "all", "合计" })), &all);
	return finish(t, &table);
}

static int put_types(struct top *t)
{
	const struct value *now = value_path(t->now, "sensor.events");
	const struct value *before = value_path(t->before, "sensor.events");
	struct row rows[ROWS_MAX];
	struct result_table table;
	size_t n = 0;

	VALUE_MEMBERS (m, now) {
		struct row w = { .name = m->key, .now = &m->value };

		if (n == ROWS_MAX)
			break;
		VALUE_MEMBERS (b, before)
			if (str_eq(b->key, m->key))
				w.before = &b->value;
		w.sort = rate(t, w.now, w.before, "delivered") * 1e6 +
			 rate(t, w.now, w.before, "passedOver");
		rows[n++] = w;
	}
	qsort(rows, n, sizeof(rows[0]), by_sort);
	result_table_init(&table, t->view.arena);
	result_table_column(&table, say(&t->view, (struct phrase){ "EVENT", "事件" }), 0, false);
	result_table_column(&table, say(&t->view, (struct phrase){ "TOLD/S", "上报/秒" }), 0, true);
	result_table_column(&table, say(&t->view, (struct phrase){ "PASSED OVER/S", "略过/秒" }), 0,
			    true);
	for (size_t i = 0; i < MIN(n, TYPES_SHOWN); i++) {
		result_table_cell(&table, rows[i].name);
		result_table_cell(&table,
				  number(t, rate(t, rows[i].now, rows[i].before, "delivered")));
		result_table_cell(&table,
				  number(t, rate(t, rows[i].now, rows[i].before, "passedOver")));
	}
	return finish(t, &table);
}

/** @param list of the sensor, @param name the member that names an element, @param by what it is sorted by */
static size_t rows_of(struct top *t, const char *list, const char *name, const char *by,
		      struct row rows[ROWS_MAX])
{
	const struct value *now = value_get(value_get(t->now, "sensor"), list);
	const struct value *before = value_get(value_get(t->before, "sensor"), list);
	size_t n = 0;

	VALUE_EACH (i, now) {
		struct row w = { .name = value_get_str(i, name), .now = i };

		if (n == ROWS_MAX)
			break;
		w.before = find(before, name, w.name);
		w.sort = rate(t, w.now, w.before, by);
		if (w.sort > 0)
			rows[n++] = w;
	}
	qsort(rows, n, sizeof(rows[0]), by_sort);
	return n;
}

static int put_hooks(struct top *t)
{
	struct row rows[ROWS_MAX];
	size_t n = rows_of(t, "hooks", "program", "runs", rows);
	struct result_table table;

	if (n == 0)
		return 0;
	result_table_init(&table, t->view.arena);
	result_table_column(&table, say(&t->view, (struct phrase){ "HOOK", "挂载点" }), 0, false);
	result_table_column(&table, say(&t->view, (struct phrase){ "RUNS/S", "运行/秒" }), 0, true);
	result_table_column(&table, say(&t->view, (struct phrase){ "NS EACH", "每次纳秒" }), 0,
			    true);
	for (size_t i = 0; i < MIN(n, HOOKS_SHOWN); i++) {
		double ns = rate(t, rows[i].now, rows[i].before, "ns");

		result_table_cell(&table, rows[i].name);
		result_table_cell(&table, number(t, rows[i].sort));
		result_table_cell(&table, number(t, ns / rows[i].sort));
	}
	return finish(t, &table);
}

static int put_checks(struct top *t)
{
	struct row rows[ROWS_MAX];
	size_t n = rows_of(t, "checks", "check", "evaluated", rows);
	struct result_table table;

	result_table_init(&table, t->view.arena);
	result_table_column(&table, say(&t->view, (struct phrase){ "EVALUATED/S", "求值/秒" }), 0,
			    true);
	result_table_column(&table, say(&t->view, (struct phrase){ "HELD/S", "成立/秒" }), 0, true);
	result_table_column(&table, say(&t->view, (struct phrase){ "NS EACH", "每次纳秒" }), 0,
			    true);
	result_table_column(&table, say(&t->view, (struct phrase){ "RULES", "规则数" }), 0, true);
	result_table_column(&table, say(&t->view, (struct phrase){ "CHECK", "检查项" }), 20, false);
	for (size_t i = 0; i < MIN(n, CHECKS_SHOWN); i++) {
		const struct row *w = &rows[i];

		result_table_cell(&table, number(t, w->sort));
		result_table_cell(&table, number(t, rate(t, w->now, w->before, "held")));
		result_table_cell(&table, number(t, rate(t, w->now, w->before, "ns") / w->sort));
		result_table_cell(&table, number(t, value_num(value_get(w->now, "rules"), 0)));
		result_table_cell(&table, w->name);
	}
	return finish(t, &table);
}

/** Rules whose condition needed a fact that was not there: nothing is concluded from it, which is no silence. */
static int put_undecided(struct top *t)
{
	const struct value *now = value_path(t->now, "sensor.undecided");
	const struct value *before = value_path(t->before, "sensor.undecided");
	struct result_table table;
	size_t n = 0;

	if (!now || !now->count)
		return 0;
	result_table_init(&table, t->view.arena);
	result_table_column(&table, say(&t->view, (struct phrase){ "UNDECIDED/S", "未判定/秒" }), 0,
			    true);
	result_table_column(&table, say(&t->view, (struct phrase){ "IN ALL", "共计" }), 0, true);
	result_table_column(&table,
			    say(&t->view, (struct phrase){ "RULE THAT LACKED FACTS",
							   "因信息不足未判定的规则" }),
			    20, false);
	VALUE_EACH (u, now) {
		str name = value_get_str(u, "rule");

		if (n++ == RULES_SHOWN)
			break;
		result_table_cell(&table,
				  number(t, rate(t, u, find(before, "rule", name), "events")));
		result_table_cell(&table, number(t, value_num(value_get(u, "events"), 0)));
		result_table_cell(&table, name);
	}
	return finish(t, &table);
}

static int put_outputs(struct top *t)
{
	struct result_table table;

	result_table_init(&table, t->view.arena);
	result_table_column(&table, say(&t->view, (struct phrase){ "OUTPUT", "输出" }), 0, false);
	result_table_column(&table, say(&t->view, (struct phrase){ "TOLD", "已发" }), 0, true);
	result_table_column(&table, say(&t->view, (struct phrase){ "LOST", "丢失" }), 0, true);
	result_table_column(&table, say(&t->view, (struct phrase){ "WAITING", "等待" }), 0, true);
	result_table_column(&table, say(&t->view, (struct phrase){ "WHERE", "去向" }), 12, false);
	VALUE_EACH (o, value_path(t->now, "uplink.outputs")) {
		result_table_cell(&table, value_get_str(o, "kind"));
		result_table_cell(&table, number(t, value_num(value_get(o, "told"), 0)));
		result_table_cell(&table, number(t, value_num(value_get(o, "lost"), 0)));
		result_table_cell(&table, number(t, value_num(value_get(o, "waiting"), 0)));
		result_table_cell(&table, arena_printf(t->view.arena, "%.*s%s%.*s",
						       STR_ARG(value_get_str(o, "where")),
						       value_get(o, "why") ? ": " : "",
						       STR_ARG(value_get_str(o, "why"))));
	}
	return finish(t, &table);
}

static int show(struct top *t)
{
	int r;

	if (isatty(STDOUT_FILENO))
		buf_add(t->out, S("\033[H\033[J"));
	put_head(t);
	r = put_parts(t);
	if (r == 0)
		r = put_types(t);
	if (r == 0)
		r = put_hooks(t);
	if (r == 0)
		r = put_checks(t);
	if (r == 0)
		r = put_undecided(t);
	return r == 0 ? put_outputs(t) : r;
}

static int refresh(struct invocation *v, str before, str line)
{
	OWNED_BUF out = BUF_INIT;
	struct value a = { 0 }, b = { 0 };
	struct arena arena;
	struct top t = { .view = *v, .now = &b, .before = &a, .out = &out };
	int r;

	arena_init(&arena, ARENA_BYTES);
	t.view.arena = &arena;
	r = json_parse(before, &arena, &a, &v->err);
	if (r == 0)
		r = json_parse(line, &arena, &b, &v->err);
	if (r == 0) {
		t.seconds = (value_num(value_get(&b, "monotonicMs"), 0) -
			     value_num(value_get(&a, "monotonicMs"), 0)) /
			    1000;
		t.seconds = MAX(t.seconds, 0.001);
		r = show(&t);
	}
	if (r == 0)
		r = result_print(&t.view, &out);
	arena_done(&arena);
	return r;
}

static int print_line(struct invocation *v, str line)
{
	OWNED_BUF out = BUF_INIT;

	buf_add(&out, line);
	buf_byte(&out, '\n');
	return result_print(v, &out);
}

static int follow(struct invocation *v, struct agent_control *c)
{
	uint64_t most = option_number(&v->options, "count", 0), shown = 0;
	bool json = option_flag(&v->options, "json");
	OWNED_BUF before = BUF_INIT;
	int r = 0;

	while (r == 0 && !ended && (!most || shown < most)) {
		str line = { 0 };

		r = agent_control_next(c, &line, &v->err);
		if (r <= 0)
			continue;
		r = 0;
		if (json || before.n) {
			r = json ? print_line(v, line) : refresh(v, buf_str(&before), line);
			shown++;
		}
		buf_reset(&before);
		buf_add(&before, line);
	}
	return r;
}

static int run(struct invocation *v)
{
	struct sigaction end = { .sa_handler = on_signal };
	struct agent_control *c;
	UNUSED OWNED_FD measure = -1;
	int r = agent_control_open(option_text(&v->options, "control"), &c, &v->err);

	if (r < 0)
		return r;
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	/* What hooks cost is measured while somebody looks; without the right to ask for it the rest is shown. */
	measure = sensor_measure(NULL);
	r = follow(v, c);
	agent_control_close(c);
	return r;
}

const struct command cmd_agent_top = {
	.name = "agent top",
	.summary = { "show what the running agent does and what it costs, each second",
		     "每秒显示运行中代理的工作与开销" },
	.detail = { "Asks the agent that runs on this host through its control socket: events and "
		    "losses, processor time and memory, the rules' dearest checks, rules that "
		    "lacked "
		    "facts, and the kernel's hooks, which are measured while this command runs. "
		    "Only root may ask.",
		    "通过控制套接字询问本机运行中的代理：事件与丢失、处理器与内存、最耗时的规则检查"
		    "项、因信息不足未判定的规则，"
		    "以及内核挂载点的开销（仅在本命令运行期间测量）。仅 root 可用。" },
	.examples = { { "sudo skep agent top", { "until Ctrl-C", "持续显示，Ctrl-C 结束" } },
		      { "sudo skep agent top --json -n 1",
			{ "one document, as doc/schemas/agent-stats-1.schema.json says",
			  "输出一份 JSON 文档（见 doc/schemas/agent-stats-1.schema.json）" } } },
	.options = { options, result_count_options, result_json_options },
	.run = run,
};
