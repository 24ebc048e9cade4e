#include "codec/json_out.h"
#include "prog/skep/result.h"
#include "prog/skep/rule_command.h"

static str called(const struct invocation *v, const struct rule *r)
{
	return v->lang == LANG_ZH && r->name_zh.n ? r->name_zh : r->name;
}

static str described(const struct invocation *v, const struct rule *r)
{
	return v->lang == LANG_ZH && r->desc_zh.n ? r->desc_zh : r->desc;
}

static void put_rule(struct json_out *j, const struct rule *r)
{
	json_object_open(j);
	json_put_str(j, "name", r->name);
	json_opt_str(j, "nameZh", r->name_zh);
	json_opt_str(j, "id", r->id);
	json_put_cstr(j, "priority", alert_priority_name(r->priority));
	json_put_str(j, "source", r->source);
	json_put_bool(j, "enabled", r->enabled);
	json_put_str(j, "description", r->desc);
	json_opt_str(j, "descriptionZh", r->desc_zh);
	json_opt_str(j, "advice", r->advice);
	json_opt_str(j, "adviceZh", r->advice_zh);
	json_opt_str(j, "mitre", r->mitre);
	json_opt_str(j, "maturity", r->maturity);
	json_put_str(j, "condition", r->condition_text);
	json_put_str(j, "output", r->output);
	json_opt_str(j, "outputZh", r->output_zh);
	json_put_bool(j, "falcoCompatible", r->falco_compatible);
	json_put_strs(j, "tags", r->tags, r->tag_count);
	json_put_str(j, "file", r->file);
	json_put_uint(j, "line", r->line);
	json_object_close(j);
}

static void render_json(const struct rule *rules, size_t count, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, true);
	json_array_open(&j);
	for (size_t i = 0; i < count; i++)
		put_rule(&j, &rules[i]);
	json_array_close(&j);
	buf_byte(out, '\n');
}

static int render_text(struct invocation *v, const struct rule *rules, size_t count,
		       struct buf *out)
{
	struct result_table t;

	result_table_init(&t, v->arena);
	result_table_column(&t, say(v, (struct phrase){ "PRIORITY", "级别" }), 0, false);
	result_table_column(&t, say(v, (struct phrase){ "ON", "启用" }), 0, false);
	result_table_column(&t, say(v, (struct phrase){ "RULE", "规则" }), 20, false);
	result_table_column(&t, say(v, (struct phrase){ "DESCRIPTION", "说明" }), 20, false);
	for (size_t i = 0; i < count; i++) {
		const struct rule *r = &rules[i];
		struct phrase on = { "yes", "是" }, off = { "no", "否" };

		result_table_cell(&t, str_from(alert_priority_name(r->priority)));
		result_table_cell(&t, str_from(say(v, r->enabled ? on : off)));
		result_table_cell(&t, called(v, r));
		result_table_cell(&t, str_trim(described(v, r)));
	}
	return result_table_render(v, &t, out);
}

static int run(struct invocation *v)
{
	struct rule_set *s = NULL;
	OWNED_BUF out = BUF_INIT;
	const struct rule *rules;
	size_t count, errors;
	int r = rule_command_load(v, v->args, v->arg_count, &s);

	if (r < 0)
		return r;
	rule_command_log(v, s);
	rules = rule_set_rules(s, &count);
	errors = rule_command_errors(s);
	if (option_flag(&v->options, "json"))
		render_json(rules, count, &out);
	else
		r = render_text(v, rules, count, &out);
	if (r == 0)
		r = result_print(v, &out);
	rule_set_free(s);
	return r == EXIT_CODE_OK && errors ? EXIT_CODE_PARTIAL : r;
}

const struct command cmd_rule_list = {
	.name = "rule list",
	.summary = { "list rules", "列出规则" },
	.detail = { "Without files, the rules that ship.", "不指定文件时列出自带规则。" },
	.arguments = "[FILE...]",
	.max_args = UINT32_MAX,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep rule list", { "the rules that ship", "自带规则" } },
		      { "skep rule list --json my_rules.yaml",
			{ "with conditions, lists and macros not yet put in",
			  "含条件，其中的列表与宏未展开" } } },
	.options = { result_json_options },
	.run = run,
};
