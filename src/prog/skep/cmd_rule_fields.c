#include "codec/json_out.h"
#include "policy/field.h"
#include "prog/skep/result.h"

static const char *argument_of(const struct policy_field *f)
{
	static const char *const forms[] = {
		[POLICY_ARG_NONE] = "",
		[POLICY_ARG_KEY] = "[KEY]",
		[POLICY_ARG_KEY_OPT] = "[KEY]?",
		[POLICY_ARG_INDEX_OPT] = "[N]?",
	};

	return forms[f->arg];
}

static const char *kind_of(const struct policy_field *f)
{
	static const char *const names[] = {
		[POLICY_ONE] = "one",
		[POLICY_ANY] = "any",
		[POLICY_ENDS] = "ends",
		[POLICY_LIST] = "list",
	};

	return names[f->kind];
}

static void render_json(struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, true);
	json_array_open(&j);
	for (size_t i = 0; i < policy_events.field_count; i++) {
		const struct policy_field *f = &policy_events.fields[i];

		json_object_open(&j);
		json_put_cstr(&j, "name", f->name);
		json_put_cstr(&j, "argument", argument_of(f));
		json_put_cstr(&j, "type", policy_type_name(f->type));
		json_put_cstr(&j, "values", kind_of(f));
		json_put_cstr(&j, "description", f->doc.en);
		json_put_cstr(&j, "descriptionZh", f->doc.zh);
		json_put_cstr(&j, "unknownWhen", policy_doubt_phrase(f->doubt).en);
		json_put_cstr(&j, "unknownWhenZh", policy_doubt_phrase(f->doubt).zh);
		json_object_close(&j);
	}
	json_array_close(&j);
	buf_byte(out, '\n');
}

static str class_of(const struct policy_field *f)
{
	str name = str_from(f->name);

	return str_take(name, str_find(name, '.'));
}

static void render_markdown(const struct invocation *v, struct buf *out)
{
	str class = { 0 };

	buf_printf(
		out, "# %s\n\n%s\n", say(v, (struct phrase){ "Fields of rules", "规则字段" }),
		say(v,
		    (struct phrase){
			    "What conditions and outputs can speak of. Made by `skep rule fields "
			    "--md`; "
			    "doc/policy.md explains types and arguments. `[N]?` and `[KEY]?` may "
			    "be left out.\n\nA field that an event has no such property for is "
			    "ABSENT. "
			    "The last column says when one it does have is UNKNOWN: then no rule "
			    "holds because of it, negated or not. A test brings about an event for "
			    "every field and reads its value.",
			    "条件与输出可用的字段。由 `skep rule fields --md --lang zh` 生成；"
			    "类型与参数的含义见 doc/policy.zh.md。`[N]?` 与 `[KEY]?` 可省略。\n\n"
			    "事件没有该属性时字段为 ABSENT。最后一列说明事件具有该属性而值仍为 "
			    "UNKNOWN 的情形：此时无论是否取反，规则都不会因它成立。每个字段都有测试"
			    "以真实事件读取其值。" }));
	for (size_t i = 0; i < policy_events.field_count; i++) {
		const struct policy_field *f = &policy_events.fields[i];

		if (!str_eq(class, class_of(f))) {
			class = class_of(f);
			buf_printf(out, "\n## %.*s\n\n| %s | %s | %s | %s |\n|---|---|---|---|\n",
				   STR_ARG(class), say(v, (struct phrase){ "field", "字段" }),
				   say(v, (struct phrase){ "type", "类型" }),
				   say(v, (struct phrase){ "what it is", "含义" }),
				   say(v, (struct phrase){ "UNKNOWN when", "何时为 UNKNOWN" }));
		}
		buf_printf(out, "| `%s%s` | %s%s | %s | %s |\n", f->name, argument_of(f),
			   policy_type_name(f->type), f->kind == POLICY_ONE ? "" : ", several",
			   say(v, f->doc), say(v, policy_doubt_phrase(f->doubt)));
	}
}

static int render_text(struct invocation *v, struct buf *out)
{
	struct result_table t;

	result_table_init(&t, v->arena);
	result_table_column(&t, say(v, (struct phrase){ "FIELD", "字段" }), 24, false);
	result_table_column(&t, say(v, (struct phrase){ "TYPE", "类型" }), 0, false);
	result_table_column(&t, say(v, (struct phrase){ "WHAT IT IS", "含义" }), 20, false);
	result_table_column(&t, say(v, (struct phrase){ "UNKNOWN WHEN", "何时为 UNKNOWN" }), 20,
			    false);
	for (size_t i = 0; i < policy_events.field_count; i++) {
		const struct policy_field *f = &policy_events.fields[i];

		result_table_cell(&t, arena_printf(v->arena, "%s%s", f->name, argument_of(f)));
		result_table_cell(&t, str_from(policy_type_name(f->type)));
		result_table_cell(&t, str_from(say(v, f->doc)));
		result_table_cell(&t, str_from(say(v, policy_doubt_phrase(f->doubt))));
	}
	return result_table_render(v, &t, out);
}

static int run(struct invocation *v)
{
	OWNED_BUF out = BUF_INIT;
	int r = 0;

	if (option_flag(&v->options, "json"))
		render_json(&out);
	else if (option_flag(&v->options, "md"))
		render_markdown(v, &out);
	else
		r = render_text(v, &out);
	return r < 0 ? r : result_print(v, &out);
}

static const struct option_def options[] = {
	{ .name = "md",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_OUTPUT,
	  .help = { "print Markdown", "输出 Markdown" } },
	{ 0 },
};

const struct command cmd_rule_fields = {
	.name = "rule fields",
	.summary = { "list the fields that conditions and outputs can name",
		     "列出条件与输出可用的字段" },
	.examples = { { "skep rule fields", { "as a table", "以表格显示" } },
		      { "skep rule fields --md",
			{ "as doc/rules-fields.md has it", "即 doc/rules-fields.md 的内容" } } },
	.options = { options, result_json_options },
	.run = run,
};
