#include "codec/json.h"
#include "prog/skep/result.h"
#include "prog/skep/rule_command.h"
#include "prog/skep/rule_events.h"

struct testing {
	struct invocation *v;
	struct policy_program *program;
	struct policy_run *run;
	struct json_out json;
	struct result_table table;
	size_t events, hits, unknown, missed;
};

/* Whether the line's "expect", a list of names of rules, is what came out; true without it. */
static bool as_expected(struct testing *t, struct rule_events *e, const uint32_t *hits, size_t n)
{
	size_t count, found = 0;
	const struct rule *const *rules = policy_rules(t->program, &count);
	const struct value *want;
	struct value line;

	if (json_parse(e->current, &e->arena, &line, NULL) < 0)
		return true;
	want = value_get(&line, "expect");
	if (!want || want->kind != VALUE_ARRAY)
		return true;
	for (size_t i = 0; i < n; i++)
		VALUE_EACH (name, want)
			found += str_eq(name->string, rules[hits[i]]->name);
	return found == n && n == want->count;
}

static void put_event(struct testing *t, const struct rule_events *e, uint16_t type,
		      const uint32_t *hits, size_t n, size_t unknown, bool expected)
{
	size_t count;
	const struct rule *const *rules = policy_rules(t->program, &count);
	struct json_out *j = &t->json;

	json_object_open(j);
	json_put_uint(j, "line", e->line);
	json_put_cstr(j, "type", policy_events.types[type]);
	json_key(j, "rules");
	json_array_open(j);
	for (size_t i = 0; i < n; i++)
		json_str(j, rules[hits[i]]->name);
	json_array_close(j);
	json_put_uint(j, "unknown", unknown);
	json_put_bool(j, "asExpected", expected);
	json_object_close(j);
}

static void tell_event(struct testing *t, const struct rule_events *e, uint16_t type,
		       const uint32_t *hits, size_t n, size_t unknown, bool expected)
{
	size_t count;
	const struct rule *const *rules = policy_rules(t->program, &count);
	struct phrase yes = { "as expected", "符合预期" }, no = { "NOT as expected", "不符预期" };

	for (size_t i = 0; i < MAX(n, (size_t)1); i++) {
		if (!n && expected)
			break;
		result_table_cell(&t->table, result_number(t->v, e->line));
		result_table_cell(&t->table, str_from(policy_events.types[type]));
		result_table_cell(&t->table, n ? rules[hits[i]]->name : S("-"));
		result_table_cell(&t->table, result_number(t->v, unknown));
		result_table_cell(&t->table, str_from(say(t->v, expected ? yes : no)));
	}
}

static int judge_all(struct testing *t, struct rule_events *e, bool json)
{
	const struct policy_target *target;
	int r;

	while ((r = rule_events_next(t->v, e, &target)) > 0) {
		const uint32_t *hits;
		size_t unknown, n = policy_judge(t->run, target, &hits, &unknown);
		bool expected = as_expected(t, e, hits, n);

		t->events++;
		t->hits += n;
		t->unknown += unknown;
		t->missed += !expected;
		if (json)
			put_event(t, e, target->type, hits, n, unknown, expected);
		else
			tell_event(t, e, target->type, hits, n, unknown, expected);
	}
	return r;
}

static int show(struct testing *t, struct buf *out)
{
	struct invocation *v = t->v;
	int r = t->table.cell_count ? result_table_render(v, &t->table, out) : 0;

	if (r < 0)
		return r;
	result_say(v, out,
		   "{0} event{0s}, {1} hit{1s}, {2} undecided for lack of facts, {3} not as "
		   "expected\n",
		   "{0} 个事件，命中 {1} 次，{2} 次因信息不足未能判定，{3} 个不符预期\n",
		   result_number(v, t->events), result_number(v, t->hits),
		   result_number(v, t->unknown), result_number(v, t->missed));
	return 0;
}

static void begin_table(struct testing *t)
{
	struct invocation *v = t->v;

	result_table_init(&t->table, v->arena);
	result_table_column(&t->table, say(v, (struct phrase){ "LINE", "行" }), 0, true);
	result_table_column(&t->table, say(v, (struct phrase){ "EVENT", "事件" }), 0, false);
	result_table_column(&t->table, say(v, (struct phrase){ "RULE", "规则" }), 20, false);
	result_table_column(&t->table, say(v, (struct phrase){ "UNDECIDED", "未判定" }), 0, true);
	result_table_column(&t->table, say(v, (struct phrase){ "VERDICT", "结果" }), 0, false);
}

static int test_events(struct testing *t, struct rule_events *e, struct buf *out)
{
	bool json = option_flag(&t->v->options, "json");
	int r;

	begin_table(t);
	json_out_init(&t->json, out, true);
	if (json)
		json_array_open(&t->json);
	r = judge_all(t, e, json);
	if (r < 0)
		return r;
	if (json) {
		json_array_close(&t->json);
		buf_byte(out, '\n');
		return 0;
	}
	return show(t, out);
}

static int run(struct invocation *v)
{
	struct testing t = { .v = v };
	struct rule_set *s = NULL;
	struct rule_events e;
	OWNED_BUF out = BUF_INIT;
	size_t errors = 0;
	int r = rule_events_open(v, &e);

	if (r == 0)
		r = rule_command_program(v, v->args, v->arg_count, &s, &t.program);
	if (r == 0) {
		rule_command_log(v, s);
		errors = rule_command_errors(s);
		r = policy_run_new(t.program, &t.run, &v->err);
	}
	if (r == 0)
		r = test_events(&t, &e, &out);
	if (r == 0)
		r = result_print(v, &out);
	policy_run_free(t.run);
	policy_free(t.program);
	rule_set_free(s);
	rule_events_close(&e);
	if (r != EXIT_CODE_OK)
		return r;
	return t.missed ? EXIT_CODE_GATE : errors ? EXIT_CODE_PARTIAL : r;
}

const struct command cmd_rule_test = {
	.name = "rule test",
	.summary = { "judge recorded events by rules", "用规则判定录制的事件" },
	.detail = { "Each line of the events is a JSON object of field names and values: "
		    "{\"evt.type\": \"openat\", \"fd.name\": \"/etc/shadow\", \"container.id\": "
		    "null}. null means that the event has no such property; a field that is not "
		    "there is "
		    "unknown, unless the line says \"complete\": true. \"expect\": [\"rule\"] says "
		    "which rules are to hold; the exit code is 1 when others do.",
		    "事件文件每行为一个 JSON 对象，以字段名对应值：{\"evt.type\": \"openat\", "
		    "\"fd.name\": \"/etc/shadow\", \"container.id\": null}。null "
		    "表示事件没有该属性；"
		    "未写出的字段为未知，除非该行含 \"complete\": true。\"expect\": [\"规则名\"] "
		    "写明应当命中的规则；实际不符时退出码为 1。" },
	.arguments = "[FILE...]",
	.max_args = UINT32_MAX,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep rule test my_rules.yaml --events events.ndjson",
			{ "what they find in these events", "在这些事件中的命中情况" } } },
	.options = { rule_events_options, result_json_options },
	.run = run,
};
