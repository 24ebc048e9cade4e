#include "base/text.h"
#include "codec/json_out.h"
#include "prog/skep/result.h"
#include "prog/skep/rule_command.h"

struct totals {
	size_t rules, disabled, macros, lists, errors, warnings;
};

static struct totals count(const struct rule_set *s)
{
	struct totals t = {
		.macros = rule_set_macro_count(s),
		.lists = rule_set_list_count(s),
		.errors = rule_command_errors(s),
	};
	const struct rule *rules = rule_set_rules(s, &t.rules);

	for (size_t i = 0; i < t.rules; i++)
		t.disabled += !rules[i].enabled;
	(void)rule_set_notes(s, &t.warnings);
	t.warnings -= t.errors;
	return t;
}

static void put_note(struct json_out *j, const struct rule_note *n)
{
	json_object_open(j);
	json_put_str(j, "file", n->file);
	if (n->line) {
		json_put_uint(j, "line", n->line);
		json_put_uint(j, "column", n->column);
	}
	json_put_cstr(j, "code", rule_code_name(n->code));
	json_put_bool(j, "error", rule_code_is_error(n->code));
	json_opt_str(j, "item", n->item);
	json_put_str(j, "message", n->message);
	json_object_close(j);
}

static void render_json(const struct rule_set *s, struct buf *out)
{
	struct totals t = count(s);
	size_t note_count;
	const struct rule_note *notes = rule_set_notes(s, &note_count);
	struct json_out j;

	json_out_init(&j, out, true);
	json_object_open(&j);
	json_put_uint(&j, "rules", t.rules);
	json_put_uint(&j, "disabled", t.disabled);
	json_put_uint(&j, "macros", t.macros);
	json_put_uint(&j, "lists", t.lists);
	json_put_uint(&j, "errors", t.errors);
	json_put_uint(&j, "warnings", t.warnings);
	json_key(&j, "notes");
	json_array_open(&j);
	for (size_t i = 0; i < note_count; i++)
		put_note(&j, &notes[i]);
	json_array_close(&j);
	json_object_close(&j);
	buf_byte(out, '\n');
}

/* "file:line:column: " as compilers write it, so that editors jump there. */
static void put_place(const struct rule_note *n, struct buf *out)
{
	text_escape(n->file, out);
	if (n->line)
		buf_printf(out, ":%u:%u", n->line, n->column);
	buf_add(out, S(": "));
}

static void render_text(const struct invocation *v, const struct rule_set *s, struct buf *out)
{
	struct totals t = count(s);
	size_t note_count;
	const struct rule_note *notes = rule_set_notes(s, &note_count);
	OWNED_BUF line = BUF_INIT;

	for (size_t i = 0; i < note_count; i++) {
		const struct rule_note *n = &notes[i];
		const char *level = rule_code_is_error(n->code)
					    ? say(v, (struct phrase){ "error", "错误" })
					    : say(v, (struct phrase){ "warning", "警告" });

		buf_reset(&line);
		put_place(n, &line);
		buf_printf(&line, "%s: ", level);
		if (n->item.n) {
			text_escape(n->item, &line);
			buf_add(&line, S(": "));
		}
		text_escape(n->message, &line);
		buf_printf(&line, " [%s]", rule_code_name(n->code));
		result_line(v, buf_str(&line), 4, out);
	}
	result_say(v, out,
		   "{0} rule{0s} ({1} disabled), {2} macro{2s}, {3} list{3s}: {4} error{4s}, {5} "
		   "warning{5s}\n",
		   "{0} 条规则（{1} 条停用），{2} 个宏，{3} 个列表：{4} 个错误，{5} 个警告\n",
		   result_number(v, t.rules), result_number(v, t.disabled),
		   result_number(v, t.macros), result_number(v, t.lists),
		   result_number(v, t.errors), result_number(v, t.warnings));
}

static int run(struct invocation *v)
{
	struct rule_set *s = NULL;
	OWNED_BUF out = BUF_INIT;
	int r = rule_command_load(v, v->args, v->arg_count, &s);

	if (r < 0)
		return r;
	if (option_flag(&v->options, "json"))
		render_json(s, &out);
	else
		render_text(v, s, &out);
	r = result_print(v, &out);
	if (r == EXIT_CODE_OK && rule_command_errors(s))
		r = EXIT_CODE_USAGE;
	rule_set_free(s);
	return r;
}

const struct command cmd_rule_lint = {
	.name = "rule lint",
	.summary = { "tell what is wrong in rule files", "检查规则文件中的错误" },
	.detail = { "Reads the files in order as one set, compiles the rules, and writes a line "
		    "for "
		    "each error and warning, with the place and Falco's name for it. Ends with 2 "
		    "when there are errors.",
		    "按顺序将文件作为一个整体读取并编译规则，每个错误或警告输出一行，"
		    "含位置与 Falco 的错误名。有错误时退出码为 2。" },
	.arguments = "FILE...",
	.min_args = 1,
	.max_args = UINT32_MAX,
	.complete = OPTION_COMPLETE_FILE,
	.examples = { { "skep rule lint my_rules.yaml", { "one file", "单个文件" } },
		      { "skep rule lint falco_rules.yaml falco_rules.local.yaml",
			{ "a file that changes another one", "修改另一文件的文件" } },
		      { "skep rule lint --json default",
			{ "the rules that ship, for a program", "自带规则，输出给程序" } } },
	.options = { result_json_options },
	.run = run,
};
