#include "base/text.h"
#include "policy/output.h"
#include "prog/skep/result.h"
#include "prog/skep/rule_command.h"
#include "prog/skep/rule_events.h"

struct asking {
	struct invocation *v;
	struct policy_program *program;
	struct policy_run *run;
	const char *which; /* a rule's name, or "all" */
	size_t matched;    /* rules of that name */
	struct buf *out;
};

static const char *verdict_word(const struct invocation *v, enum policy_verdict verdict)
{
	static const struct phrase words[] = { [POLICY_FALSE] = { "no", "否" },
					       [POLICY_TRUE] = { "yes", "是" },
					       [POLICY_MAYBE] = { "unknown", "未知" } };

	return say(v, words[verdict]);
}

/* The field's value behind a check. A transformer's result is of another type than its field: it is not shown. */
static void show_value(const struct asking *q, const struct policy_step *s, struct buf *line)
{
	const struct invocation *v = q->v;
	struct policy_ref ref;
	str text = s->text, name = str_cut(&text, ' ');
	OWNED_BUF value = BUF_INIT;

	if (!s->has_value || policy_field_find(&policy_events, name, &ref, NULL) < 0)
		return;
	buf_add(line, S("   # "));
	if (s->value.state == POLICY_ABSENT)
		buf_add(line, str_from(say(v, (struct phrase){ "absent", "无此属性" })));
	else if (s->value.state == POLICY_UNKNOWN)
		buf_add(line, str_from(say(v, (struct phrase){ "not known", "未知" })));
	else {
		output_value(&policy_events, &ref, &s->value, &value);
		text_escape(buf_str(&value), line);
	}
}

#define VERDICT_COLUMNS 10u
enum { MAX_CHECK_WIDTH = 160 };

static void show_step(const struct asking *q, const struct policy_step *s)
{
	OWNED_BUF text = BUF_INIT;
	OWNED_BUF line = BUF_INIT;
	str word = str_from(verdict_word(q->v, s->verdict));
	unsigned int column = VERDICT_COLUMNS + 2u * s->depth;

	buf_add(&line, S("  "));
	buf_add(&line, word);
	text_pad(&line, 2 + text_width(word), column);
	text_escape(s->text, &text);
	text_ellipsis(buf_str(&text), MAX_CHECK_WIDTH, &line);
	show_value(q, s, &line);
	result_line(q->v, buf_str(&line), column, q->out);
}

static int explain(struct asking *q, const struct rule_events *e, const struct policy_target *t,
		   uint32_t number)
{
	size_t count;
	const struct rule *rule = policy_rules(q->program, &count)[number];
	struct policy_step *steps;
	OWNED_BUF head = BUF_INIT;
	struct arena a;
	int r;

	arena_init(&a, 256u << 20);
	r = policy_explain(q->run, t, number, &a, &steps, &count, &q->v->err);
	if (r == 0) {
		buf_printf(&head, "%s:%u %s: ", e->path, e->line, policy_events.types[t->type]);
		text_escape(rule->name, &head);
		buf_printf(&head, ": %s", verdict_word(q->v, steps[0].verdict));
		result_line(q->v, buf_str(&head), 2, q->out);
		for (size_t i = 0; i < count; i++)
			show_step(q, &steps[i]);
		buf_byte(q->out, '\n');
	}
	arena_done(&a);
	return r;
}

/* One rule is explained whatever came out, all of them only where they hold or are in doubt. */
static int explain_event(struct asking *q, const struct rule_events *e,
			 const struct policy_target *t)
{
	size_t count;
	const struct rule *const *rules = policy_rules(q->program, &count);
	bool all = strcmp(q->which, "all") == 0;

	for (uint32_t i = 0; i < count; i++) {
		int r;

		if (!all && !str_is(rules[i]->name, q->which) && !str_is(rules[i]->id, q->which))
			continue;
		q->matched++;
		if (all && policy_judge_rule(q->run, t, i) == POLICY_FALSE)
			continue;
		r = explain(q, e, t, i);
		if (r < 0)
			return r;
	}
	return 0;
}

static int explain_events(struct asking *q, struct rule_events *e)
{
	uint64_t only = option_number(&q->v->options, "line", 0);
	const struct policy_target *t;
	size_t events = 0;
	int r;

	while ((r = rule_events_next(q->v, e, &t)) > 0) {
		if (only && e->line != only)
			continue;
		events++;
		r = explain_event(q, e, t);
		if (r < 0)
			return r;
	}
	if (r == 0 && events && !q->matched)
		return err_set(&q->v->err, ENOENT, "no enabled rule is called '%s'", q->which);
	if (r == 0 && !events && only)
		return err_set(&q->v->err, ENOENT, "no event is at line %llu of '%s'",
			       (unsigned long long)only, e->path);
	if (r == 0 && !events)
		return err_set(&q->v->err, ENOENT, "no event is in '%s'", e->path);
	return r;
}

static int run(struct invocation *v)
{
	OWNED_BUF out = BUF_INIT;
	struct asking q = { .v = v, .which = v->args[0], .out = &out };
	struct rule_set *s = NULL;
	struct rule_events e;
	int r = rule_events_open(v, &e);

	if (r == 0)
		r = rule_command_program(v, v->args + 1, v->arg_count - 1, &s, &q.program);
	if (r == 0) {
		rule_command_log(v, s);
		r = policy_run_new(q.program, &q.run, &v->err);
	}
	if (r == 0)
		r = explain_events(&q, &e);
	if (r == 0)
		r = result_print(v, &out);
	policy_run_free(q.run);
	policy_free(q.program);
	rule_set_free(s);
	rule_events_close(&e);
	return r;
}

static const struct option_def why_options[] = {
	{ .name = "line",
	  .type = OPTION_U64,
	  .group = OPTION_GROUP_FILTER,
	  .arg = "N",
	  .help = { "only the event of that line", "仅限该行的事件" } },
	{ 0 },
};

const struct command cmd_rule_why = {
	.name = "rule why",
	.summary = { "show why a rule holds for an event or does not",
		     "说明规则对事件成立或不成立的原因" },
	.detail = { "Prints the rule's condition part by part with what each came out as and the "
		    "field's value behind it. With `all` instead of a name every rule that holds, "
		    "or is undecided for lack of facts, is explained.",
		    "逐项输出规则条件、各项结果及字段的值。以 all "
		    "代替规则名时，说明所有成立或因信息不足而未判定的规则。" },
	.arguments = "RULE|all [FILE...]",
	.min_args = 1,
	.max_args = UINT32_MAX,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep rule why all --events events.ndjson --line 3",
			{ "the rules that ship, on the third event",
			  "自带规则对第三个事件的判定" } } },
	.options = { rule_events_options, why_options },
	.run = run,
};
