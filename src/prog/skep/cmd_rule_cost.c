#include "codec/json_out.h"
#include "prog/skep/result.h"
#include "prog/skep/rule_command.h"
#include "prog/skep/rule_events.h"

struct costing {
	struct invocation *v;
	struct policy_program *program;
	struct policy_run *run;
};

static int dearest_first(const void *a, const void *b)
{
	const struct policy_cost *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	if (x->evaluated != y->evaluated)
		return x->evaluated < y->evaluated ? 1 : -1;
	return str_cmp(x->text, y->text);
}

static int judge_all(struct costing *c, struct rule_events *e)
{
	uint64_t rounds = option_number(&c->v->options, "rounds", 1000);
	const struct policy_target *t;
	int r;

	while ((r = rule_events_next(c->v, e, &t)) > 0)
		for (uint64_t i = 0; i < rounds; i++) {
			const uint32_t *hits;
			size_t unknown;

			policy_judge(c->run, t, &hits, &unknown);
		}
	return r;
}

static void put_json(struct costing *c, const struct policy_cost *costs, size_t n, struct buf *out)
{
	size_t count;
	const struct rule *const *rules = policy_rules(c->program, &count);
	struct json_out j;

	json_out_init(&j, out, true);
	json_object_open(&j);
	json_key(&j, "checks");
	json_array_open(&j);
	for (size_t i = 0; i < n; i++) {
		json_object_open(&j);
		json_put_str(&j, "check", costs[i].text);
		json_put_uint(&j, "evaluated", costs[i].evaluated);
		json_put_uint(&j, "held", costs[i].held);
		json_put_uint(&j, "ns", costs[i].ns);
		json_put_uint(&j, "rules", costs[i].rules);
		json_object_close(&j);
	}
	json_array_close(&j);
	json_key(&j, "rules");
	json_array_open(&j);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t judged, held;

		policy_rule_cost(c->run, i, &judged, &held);
		json_object_open(&j);
		json_put_str(&j, "rule", rules[i]->name);
		json_put_uint(&j, "judged", judged);
		json_put_uint(&j, "held", held);
		json_object_close(&j);
	}
	json_array_close(&j);
	json_object_close(&j);
	buf_byte(out, '\n');
}

static int put_checks(struct costing *c, const struct policy_cost *costs, size_t n, struct buf *out)
{
	struct invocation *v = c->v;
	uint64_t most = option_number(&v->options, "top", 30);
	struct result_table t;

	result_table_init(&t, v->arena);
	result_table_column(&t, say(v, (struct phrase){ "EVALUATED", "求值" }), 0, true);
	result_table_column(&t, say(v, (struct phrase){ "HELD", "成立" }), 0, true);
	result_table_column(&t, say(v, (struct phrase){ "NS EACH", "每次纳秒" }), 0, true);
	result_table_column(&t, say(v, (struct phrase){ "RULES", "规则数" }), 0, true);
	result_table_column(&t, say(v, (struct phrase){ "CHECK", "检查项" }), 20, false);
	for (size_t i = 0; i < n && i < most; i++) {
		result_table_cell(&t, result_number(v, costs[i].evaluated));
		result_table_cell(&t, result_number(v, costs[i].held));
		result_table_cell(&t, result_number(v, costs[i].ns / MAX(costs[i].evaluated, 1u)));
		result_table_cell(&t, result_number(v, costs[i].rules));
		result_table_cell(&t, costs[i].text);
	}
	return result_table_render(v, &t, out);
}

static void put_summary(struct costing *c, const struct policy_cost *costs, size_t n,
			struct buf *out)
{
	size_t count, idle = 0, unused = 0;
	struct invocation *v = c->v;

	policy_rules(c->program, &count);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t judged, held;

		policy_rule_cost(c->run, i, &judged, &held);
		idle += !held;
	}
	for (size_t i = 0; i < n; i++)
		unused += !costs[i].evaluated;
	result_say(v, out,
		   "{0} check{0s} of {1} rule{1s}; {2} check{2s} never evaluated, {3} rule{3s} "
		   "never held\n",
		   "{1} 条规则共 {0} 个检查项；{2} 个检查项从未求值，{3} 条规则从未成立\n",
		   result_number(v, n), result_number(v, count), result_number(v, unused),
		   result_number(v, idle));
}

static int report(struct costing *c, struct buf *out)
{
	struct policy_cost *costs;
	size_t n;
	int r = policy_costs(c->run, c->v->arena, &costs, &n, &c->v->err);

	if (r < 0)
		return r;
	qsort(costs, n, sizeof(*costs), dearest_first);
	if (option_flag(&c->v->options, "json")) {
		put_json(c, costs, n, out);
		return 0;
	}
	r = put_checks(c, costs, n, out);
	put_summary(c, costs, n, out);
	return r;
}

static int run(struct invocation *v)
{
	struct costing c = { .v = v };
	struct rule_set *s = NULL;
	struct rule_events e;
	OWNED_BUF out = BUF_INIT;
	int r = rule_events_open(v, &e);

	if (r == 0)
		r = rule_command_program(v, v->args, v->arg_count, &s, &c.program);
	if (r == 0) {
		rule_command_log(v, s);
		r = policy_run_new(c.program, &c.run, &v->err);
	}
	if (r == 0) {
		/* The same events again and again are no measure of what is met again and again. */
		policy_run_remember(c.run, false);
		r = judge_all(&c, &e);
	}
	if (r == 0)
		r = report(&c, &out);
	if (r == 0)
		r = result_print(v, &out);
	policy_run_free(c.run);
	policy_free(c.program);
	rule_set_free(s);
	rule_events_close(&e);
	return r;
}

static const struct option_def cost_options[] = {
	{ .name = "rounds",
	  .type = OPTION_U64,
	  .group = OPTION_GROUP_PERFORMANCE,
	  .arg = "N",
	  .fallback = "1000",
	  .help = { "how often each event is judged", "每个事件判定的次数" } },
	{ .name = "top",
	  .type = OPTION_U64,
	  .group = OPTION_GROUP_OUTPUT,
	  .arg = "N",
	  .fallback = "30",
	  .help = { "checks to show, the dearest first", "显示的检查项数，开销大者在前" } },
	{ 0 },
};

const struct command cmd_rule_cost = {
	.name = "rule cost",
	.summary = { "show what checks and rules cost", "显示检查项与规则的开销" },
	.detail = { "Judges recorded events many times and counts how often each check was "
		    "evaluated "
		    "and held. A check that many rules share is evaluated once for an event. What "
		    "is never evaluated, or never holds, may be a mistake.",
		    "反复判定录制的事件，统计各检查项求值与成立的次数。"
		    "多条规则共用的检查项对每个事件只求值一次。"
		    "从未求值或从未成立的项可能写错了。" },
	.arguments = "[FILE...]",
	.max_args = UINT32_MAX,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep rule cost --events events.ndjson",
			{ "the rules that ship", "自带规则" } } },
	.options = { rule_events_options, cost_options, result_json_options },
	.run = run,
};
