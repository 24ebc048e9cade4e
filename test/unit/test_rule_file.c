#include "unit.h"

#include "base/buf.h"
#include "policy/rule_priv.h"

static struct rule_set *set;

static int setup(void **state UNUSED)
{
	return rule_set_new(&set, NULL);
}

static int teardown(void **state UNUSED)
{
	rule_set_free(set);
	return 0;
}

static void add(const char *yaml)
{
	struct err e = { 0 };

	if (rule_set_add(set, S("t.yaml"), str_from(yaml), &e) < 0)
		fail_msg("%s", e.text);
}

static void finish(void)
{
	struct err e = { 0 };

	if (rule_set_finish(set, &e) < 0)
		fail_msg("%s", e.text);
}

static const struct rule *only_rule(void)
{
	size_t count;
	const struct rule *rules = rule_set_rules(set, &count);

	if (count != 1)
		fail_msg("%zu rules", count);
	return rules;
}

static void no_errors(void)
{
	size_t count;
	const struct rule_note *notes = rule_set_notes(set, &count);

	for (size_t i = 0; i < count; i++)
		if (rule_code_is_error(notes[i].code))
			fail_msg("%u:%u %s", notes[i].line, notes[i].column, notes[i].message.p);
}

static void condition_is(const char *expected)
{
	OWNED_BUF b = BUF_INIT;

	no_errors();
	condition_print(only_rule()->condition, &b);
	assert_string_equal(buf_cstr(&b), expected);
}

/* The note of that code, of which there is one. */
static const struct rule_note *note(enum rule_code code)
{
	size_t count, found = 0;
	const struct rule_note *notes = rule_set_notes(set, &count), *is = NULL;

	for (size_t i = 0; i < count; i++) {
		if (notes[i].code == code) {
			is = &notes[i];
			found++;
		}
	}
	if (found != 1) {
		for (size_t i = 0; i < count; i++)
			print_error("%u:%u %s: %s\n", notes[i].line, notes[i].column,
				    rule_code_name(notes[i].code), notes[i].message.p);
		fail_msg("%zu notes of %s", found, rule_code_name(code));
	}
	return is;
}

#define RULE(condition) \
	"- rule: r\n  desc: d\n  condition: " condition \
	"\n  output: o %proc.name\n  priority: WARNING\n"

/* One file, one finding: its code, place and some of its words. */
static void tells_in(const char *yaml, enum rule_code code, uint32_t line, uint32_t column,
		     const char *words)
{
	const struct rule_note *n;

	rule_set_free(set);
	assert_int_equal(rule_set_new(&set, NULL), 0);
	add(yaml);
	finish();
	n = note(code);
	if (n->line != line || n->column != column || !strstr(n->message.p, words))
		fail_msg("%s:\n%u:%u %s", yaml, n->line, n->column, n->message.p);
	assert_str(n->file, "t.yaml");
}

static void reads_a_rule_with_every_key(void **state UNUSED)
{
	const struct rule *r;

	add("- rule: Name of it\n  desc: >\n    two\n    lines\n  condition: evt.type = execve\n"
	    "  output: \" out %proc.name \"\n  priority: informational\n  tags: [a, 1]\n"
	    "  enabled: no\n  source: syscall\n  warn_evttypes: false\n"
	    "  skip-if-unknown-filter: true\n  id: SKEP-1\n  rule_zh: \u540d\n  desc_zh: \u4e2d\n  "
	    "output_zh: o "
	    "%fd.name\n"
	    "  advice: do\n  advice_zh: \u505a\n  mitre: T1059\n  maturity: stable\n");
	finish();
	r = only_rule();
	assert_str(r->name, "Name of it");
	assert_str(r->name_zh, "\u540d");
	assert_str(r->desc, "two lines\n");
	assert_str(r->output, "out %proc.name");
	assert_str(r->condition_text, "evt.type = execve");
	assert_int_equal(r->priority, PRIORITY_INFO);
	assert_int_equal(r->tag_count, 2);
	assert_str(r->tags[1], "1");
	assert_false(r->enabled);
	assert_false(r->warn_evttypes);
	assert_true(r->skip_if_unknown_filter);
	assert_false(r->falco_compatible);
	assert_str(r->source, "syscall");
	assert_str(r->id, "SKEP-1");
	assert_str(r->mitre, "T1059");
	assert_str(r->maturity, "stable");
	assert_str(r->output_zh, "o %fd.name");
	assert_str(r->advice_zh, "\u505a");
	assert_str(r->file, "t.yaml");
	assert_int_equal(r->line, 1);
	no_errors();
}

static void puts_lists_in_as_text(void **state UNUSED)
{
	add("- list: empty\n  items: []\n"
	    "- list: shells\n  items: [bash, 'a b', '\"q r\"', 7]\n"
	    "- list: more\n  items: [shells, zsh, empty]\n" RULE(
		    "proc.name in (more, empty) and proc.name in (empty, x) and proc.name in "
		    "(x,empty,y) and proc.name in (empty) and proc.name = notshells"));
	finish();
	condition_is("proc.name in (bash, \"a b\", \"q r\", 7, zsh) and proc.name in (x) and "
		     "proc.name in (x, y) and proc.name in () and proc.name = notshells");
}

static void expands_lists_of_lists_to_the_bottom(void **state UNUSED)
{
	add("- list: a\n  items: [1]\n- list: b\n  items: [a, 2]\n- list: c\n  items: [b, 3]\n"
	    "- list: later\n  items: [4]\n" RULE("proc.name in (c)"));
	finish();
	condition_is("proc.name in (1, 2, 3)");
}

static void replaces_names_in_the_order_of_definition(void **state UNUSED)
{
	/* "early" was passed when "late" brings its name in; the other way round it is found. */
	add("- list: early\n  items: [late]\n- list: late\n  items: [x]\n"
	    "- list: late2\n  items: [early2]\n" RULE("proc.name in (early) and proc.name in "
						      "(late2)") "- list: early2\n  items: [y]\n");
	finish();
	condition_is("proc.name in (x) and proc.name in (y)");
}

static void redefines_and_appends_lists(void **state UNUSED)
{
	add("- list: a\n  items: [1]\n- list: a\n  items: [2]\n- list: a\n  items: [3]\n  append: "
	    "true\n"
	    "- list: a\n  items: [4]\n  override: {items: append}\n" RULE("proc.name in (a)"));
	add("- list: a\n  items: [5]\n  override:\n    items: append\n");
	finish();
	condition_is("proc.name in (2, 3, 4, 5)");
	assert_int_equal(rule_set_list_count(set), 1);
	assert_int_equal(note(RULE_DEPRECATED_ITEM)->line, 7);
}

static void puts_macros_in_as_trees(void **state UNUSED)
{
	add("- macro: either\n  condition: proc.name = a or proc.name = b\n"
	    "- macro: both\n  condition: either and fd.num > 0\n" RULE(
		    "evt.type = open and not both and either"));
	finish();
	condition_is("evt.type = open and not ((proc.name = a or proc.name = b) and fd.num > 0) "
		     "and (proc.name = a or proc.name = b)");
	assert_int_equal(only_rule()->condition->size, 11);
	assert_int_equal(only_rule()->condition->height, 5);
}

static void lets_a_macro_see_those_before_its_last_definition(void **state UNUSED)
{
	add("- macro: first\n  condition: proc.name = a\n"
	    "- macro: second\n  condition: proc.name = b\n"
	    "- macro: first\n  condition: second\n" RULE("evt.type = open and first"));
	finish();
	condition_is("evt.type = open and proc.name = b");
	assert_int_equal(rule_set_macro_count(set), 2);
}

static void appends_as_falco_does(void **state UNUSED)
{
	add("- macro: m\n  condition: proc.name = a\n"
	    "- macro: m\n  condition: or proc.name = b\n  append: true\n"
	    "- rule: r\n  desc: d\n  condition: evt.type = open or m\n  output: o\n"
	    "  priority: ERROR\n  tags: [x]\n"
	    "- rule: r\n  condition: and fd.num = 1\n  output: more %fd.num\n  desc: e\n"
	    "  tags: [x, y]\n"
	    "  override: {condition: append, output: append, desc: append, tags: append}\n");
	finish();
	/* Without parentheses, so "and" binds to the macro only: compatible, and told. */
	condition_is("evt.type = open or (proc.name = a or proc.name = b) and fd.num = 1");
	assert_str(only_rule()->output, "o more %fd.num");
	assert_str(only_rule()->desc, "d e");
	assert_int_equal(only_rule()->tag_count, 2);
	assert_int_equal(note(RULE_COMPILE_CONDITION)->line, 13);
	assert_int_equal(note(RULE_COMPILE_CONDITION)->column, 14);
}

static void replaces_what_an_override_names(void **state UNUSED)
{
	add(RULE("evt.type = open"));
	add("- rule: r\n  condition: evt.type = close\n  priority: debug\n  enabled: false\n"
	    "  override: {condition: replace, priority: replace, enabled: replace}\n");
	finish();
	condition_is("evt.type = close");
	assert_int_equal(only_rule()->priority, PRIORITY_DEBUG);
	assert_false(only_rule()->enabled);
	assert_str(only_rule()->output, "o %proc.name");
}

static void redefines_a_rule_in_its_place(void **state UNUSED)
{
	size_t count;
	const struct rule *rules;

	add(RULE("evt.type = open") "- rule: s\n  desc: d\n  condition: evt.type = a\n  output: o\n"
				    "  priority: INFO\n");
	add("\n" RULE("evt.type = close"));
	finish();
	rules = rule_set_rules(set, &count);
	assert_int_equal(count, 2);
	assert_str(rules[0].name, "r");
	assert_str(rules[0].condition_text, "evt.type = close");
	assert_int_equal(rules[0].line, 2);
}

static void leaves_a_rule_as_it_was_when_a_change_is_wrong(void **state UNUSED)
{
	add(RULE("evt.type = open"));
	add("- rule: r\n  condition: and fd.num = 1\n  priority: bad\n"
	    "  override: {condition: append, priority: replace}\n");
	finish();
	assert_str(only_rule()->condition_text, "evt.type = open");
	assert_int_equal(note(RULE_ERR_YAML_VALIDATE)->line, 3);
}

static void takes_exceptions_with_one_field(void **state UNUSED)
{
	add(RULE("evt.type = open or fd.num = 1") //
	    "  exceptions:\n"
	    "  - {name: a, fields: proc.name, values: [x, 'y z', '\"q\"']}\n"
	    "  - {name: b, fields: fd.name, comps: pmatch, values: [/etc]}\n"
	    "  - {name: c, fields: fd.name, comps: startswith anyof, values: [/a, /b]}\n"
	    "  - {name: none, fields: fd.name}\n"
	    "- list: x\n  items: [lx]\n");
	finish();
	condition_is(
		"(evt.type = open or fd.num = 1) and not proc.name in (lx, \"y z\", q) and not "
		"fd.name pmatch (/etc) and not fd.name startswith anyof (/a, /b)");
}

static void takes_exceptions_with_several_fields(void **state UNUSED)
{
	add(RULE("evt.type = open") //
	    "  exceptions:\n"
	    "  - name: a\n    fields: [proc.name, fd.name]\n    values:\n    - [x, /y z]\n    - "
	    "[u, v]\n"
	    "  - name: b\n    fields: [proc.name, fd.name, fd.num]\n    comps: [in, startswith, "
	    "=]\n"
	    "    values:\n    - [[p, q], /s, 3]\n    - [one, '/t', 4]\n    - ['(l, m)', /u, 5]\n");
	finish();
	condition_is(
		"evt.type = open and not (proc.name = x and fd.name = \"/y z\" or proc.name = u "
		"and fd.name = v) and not (proc.name in (p, q) and fd.name startswith /s and "
		"fd.num = 3 or proc.name in (one) and fd.name startswith /t and fd.num = 4 or "
		"proc.name in (l, m) and fd.name startswith /u and fd.num = 5)");
}

static void takes_transformed_fields_in_exceptions(void **state UNUSED)
{
	add(RULE("evt.type = open") "  exceptions:\n"
				    "  - {name: a, fields: 'tolower( proc.name)', values: [x]}\n"
				    "  - name: b\n    fields: [basename(fd.name)]\n"
				    "    values: [[toupper(proc.name)]]\n");
	finish();
	condition_is("evt.type = open and not tolower(proc.name) in (x) and "
		     "not basename(fd.name) = toupper(proc.name)");
}

static void appends_values_to_exceptions(void **state UNUSED)
{
	add(RULE("evt.type = open") "  exceptions:\n  - {name: a, fields: proc.name, values: "
				    "[x]}\n");
	add("- rule: r\n  exceptions:\n  - {name: a, values: [y]}\n"
	    "  - {name: b, fields: fd.name, values: [z]}\n  append: true\n");
	add("- rule: r\n  exceptions:\n  - {name: a, values: [w]}\n  override: {exceptions: "
	    "append}\n");
	finish();
	condition_is("evt.type = open and not proc.name in (x, y, w) and not fd.name in (z)");
}

static void replaces_exceptions(void **state UNUSED)
{
	add(RULE("evt.type = open") "  exceptions:\n  - {name: a, fields: proc.name, values: "
				    "[x]}\n");
	add("- rule: r\n  exceptions:\n  - {name: a, fields: fd.name, values: [y]}\n"
	    "  override: {exceptions: replace}\n");
	finish();
	condition_is("evt.type = open and not fd.name in (y)");
}

static void accepts_what_falco_files_begin_with(void **state UNUSED)
{
	add("- required_engine_version: 26\n- required_engine_version: 0.57.0\n"
	    "- required_plugin_versions:\n  - {name: container, version: 0.4.0}\n"
	    "  - name: k8saudit\n    version: 9.0.0\n    alternatives:\n"
	    "    - {name: container, version: 0.2.1}\n-\n" RULE("evt.type = open"));
	finish();
	condition_is("evt.type = open");
}

static void reads_every_document(void **state UNUSED)
{
	add("---\n- macro: m\n  condition: evt.type = open\n---\n...\n---\n" RULE("m"));
	finish();
	condition_is("evt.type = open");
	assert_int_equal(only_rule()->line, 7);
}

static void finds_macros_that_lead_back(void **state UNUSED)
{
	size_t count;
	const struct rule_note *notes;

	add("- macro: a\n  condition: evt.type = x\n- macro: b\n  condition: a\n"
	    "- macro: a\n  condition: (b)\n" RULE("a"));
	finish();
	notes = rule_set_notes(set, &count);
	assert_int_equal(count, 3);
	assert_int_equal(notes[0].line, 4);
	assert_str(notes[0].message, "the macro 'a' leads back to itself");
	assert_int_equal(notes[1].line, 6);
	assert_int_equal(notes[1].column, 15);
	assert_int_equal(notes[2].line, 9);
	(void)rule_set_rules(set, &count);
	assert_int_equal(count, 0);
}

static void marks_files_that_speak_falcos_logic(void **state UNUSED)
{
	size_t count;
	const struct rule *rules;

	add("- falco_compatible: true\n" RULE("evt.type = open"));
	add("- rule: ours\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: "
	    "INFO\n");
	finish();
	no_errors();
	rules = rule_set_rules(set, &count);
	assert_int_equal(count, 2);
	assert_true(rules[0].falco_compatible);
	assert_false(rules[1].falco_compatible);
}

static void enables_by_name_and_tag(void **state UNUSED)
{
	add("- rule: Read a/b\n  desc: d\n  condition: evt.type = open\n  output: o\n"
	    "  priority: INFO\n  tags: [net]\n");
	finish();
	assert_int_equal(rule_set_enable(set, S("Read*b"), false), 1);
	assert_false(only_rule()->enabled);
	assert_int_equal(rule_set_enable(set, S("tag:net"), true), 1);
	assert_true(only_rule()->enabled);
	assert_int_equal(rule_set_enable(set, S("tag:ne"), false), 0);
	assert_int_equal(rule_set_enable(set, S("Read"), false), 0);
}

static void tells_what_is_no_rule_file(void **state UNUSED)
{
	tells_in("- rule: [\n", RULE_ERR_YAML_PARSE, 2, 1, "not YAML");
	tells_in("a: b\n- c\n", RULE_ERR_YAML_PARSE, 2, 1, "not YAML");
	tells_in("rule: x\n", RULE_ERR_YAML_VALIDATE, 1, 1, "sequence");
	tells_in("just words\n", RULE_ERR_YAML_VALIDATE, 1, 1, "sequence");
	tells_in("- []\n", RULE_ERR_YAML_VALIDATE, 1, 3, "mapping");
	tells_in("- nothing: x\n", RULE_UNKNOWN_ITEM, 1, 3, "none of");
	rule_set_free(set);
	assert_int_equal(rule_set_new(&set, NULL), 0);
	assert_int_equal(rule_set_add_unreadable(set, S("t.yaml"), S("no"), NULL), 0);
	assert_str(note(RULE_ERR_FILE_READ)->message, "no");
}

static void tells_what_a_file_requires_in_vain(void **state UNUSED)
{
	tells_in("- required_engine_version: 0.58.0\n" RULE("evt.type = x"), RULE_ERR_VALIDATE, 1,
		 28, "0.57.0");
	assert_int_equal(rule_set_macro_count(set), 0);
	tells_in("- required_engine_version: 58\n", RULE_ERR_VALIDATE, 1, 28, "58");
	tells_in("- required_engine_version: 1.0.0\n", RULE_ERR_VALIDATE, 1, 28, "1.0.0");
	tells_in("- required_engine_version: 0.57\n", RULE_ERR_YAML_VALIDATE, 1, 28, "no version");
	tells_in("- required_plugin_versions: x\n", RULE_ERR_YAML_VALIDATE, 1, 29, "sequence");
	tells_in("- required_plugin_versions:\n  - name: json\n    version: 0.1.0\n",
		 RULE_ERR_VALIDATE, 2, 5, "plugin json 0.1.0");
	tells_in("- required_plugin_versions:\n  - name: container\n    version: 0.5.0\n",
		 RULE_ERR_VALIDATE, 2, 5, "container 0.4.0 is what is built in");
	tells_in("- required_plugin_versions:\n  - {name: a, version: b}\n", RULE_ERR_VALIDATE, 2,
		 24, "no version");
	tells_in("- falco_compatible: maybe\n", RULE_ERR_EXTENSION, 1, 21, "true or false");
}

static void tells_what_is_wrong_with_keys(void **state UNUSED)
{
	tells_in(RULE("evt.type = x") "  prioriti: x\n", RULE_UNKNOWN_KEY, 6, 13, "'priority'");
	tells_in(RULE("evt.type = x") "  desc: again\n", RULE_ERR_YAML_VALIDATE, 6, 9,
		 "stands twice");
	tells_in("- rule: r\n  desc: d\n  condition: a.b = c\n  priority: INFO\n",
		 RULE_ERR_YAML_VALIDATE, 1, 3, "'output' is missing");
	tells_in("- rule: r\n", RULE_ERR_YAML_VALIDATE, 1, 3, "'condition' is missing");
	tells_in("- rule:\n", RULE_ERR_YAML_VALIDATE, 1, 8, "no value");
	tells_in("- rule: ''\n", RULE_ERR_YAML_VALIDATE, 1, 9, "empty");
	tells_in("- rule: {}\n", RULE_ERR_YAML_VALIDATE, 1, 9, "must be a text");
	tells_in("- rule: r\n  desc: d\n  condition: evt.type = x\n  output: o\n  priority: high\n",
		 RULE_ERR_YAML_VALIDATE, 5, 13, "no priority");
	tells_in(RULE("evt.type = x") "  enabled: maybe\n", RULE_ERR_YAML_VALIDATE, 6, 12,
		 "true or false");
	tells_in(RULE("evt.type = x") "  tags: x\n", RULE_ERR_YAML_VALIDATE, 6, 9, "sequence");
	tells_in(RULE("evt.type = x") "  tags: [[]]\n", RULE_ERR_YAML_VALIDATE, 6, 10,
		 "every item");
	tells_in("- list: l\n", RULE_ERR_YAML_VALIDATE, 1, 3, "'items' is missing");
	tells_in("- list: l\n  items: [~]\n", RULE_ERR_YAML_VALIDATE, 2, 11, "every item");
	tells_in(RULE("evt.type = x") "  source: k8s_audit\n", RULE_UNKNOWN_SOURCE, 6, 11,
		 "'k8s_audit'");
	tells_in(RULE("evt.type = x") RULE("evt.type = y") "  source: k8s_audit\n",
		 RULE_ERR_VALIDATE, 11, 11, "another source");
	tells_in(RULE("evt.type = x") "  id: A\n- rule: s\n  desc: d\n  condition: evt.type = x\n"
				      "  output: o\n  priority: INFO\n  id: A\n",
		 RULE_WARNING_EXTENSION, 7, 3, "'r' has the same id, A");
	tells_in(RULE("evt.type = x") "  capture: true\n", RULE_WARNING_EXTENSION, 6, 12,
		 "captures");
}

static void tells_what_is_wrong_with_names(void **state UNUSED)
{
	tells_in("- list: 'a b'\n  items: []\n", RULE_INVALID_LIST_NAME, 1, 3, "blank");
	tells_in("- macro: a-b\n  condition: evt.type = x\n", RULE_INVALID_MACRO_NAME, 1, 3,
		 "letter");
	tells_in("- list: l\n  items: []\n", RULE_UNUSED_LIST, 1, 3, "uses it");
	tells_in("- macro: m\n  condition: evt.type = x\n", RULE_UNUSED_MACRO, 1, 3, "uses it");
	assert_str(note(RULE_UNUSED_MACRO)->item, "macro 'm'");
}

static void tells_what_is_wrong_with_changes(void **state UNUSED)
{
	tells_in("- list: l\n  items: []\n  append: true\n", RULE_ERR_VALIDATE, 1, 3, "no list");
	tells_in("- macro: m\n  condition: a.b = c\n  override: {condition: append}\n",
		 RULE_ERR_VALIDATE, 1, 3, "no macro");
	tells_in("- rule: r\n  condition: and a.b = c\n  append: true\n", RULE_ERR_VALIDATE, 1, 3,
		 "no rule");
	tells_in("- rule: r\n  enabled: false\n", RULE_ERR_VALIDATE, 1, 3, "no rule");
	tells_in(RULE("evt.type = x") "- rule: r\n  enabled: false\n", RULE_DEPRECATED_ITEM, 7, 12,
		 "override");
	assert_false(only_rule()->enabled);
	tells_in(RULE("evt.type = x") "- rule: r\n  desc: e\n  append: true\n", RULE_ERR_VALIDATE,
		 6, 3, "nothing to append");
	tells_in("- list: l\n  items: []\n  append: true\n  override: {items: append}\n",
		 RULE_ERR_YAML_VALIDATE, 3, 11, "cannot stand together");
	tells_in(RULE("evt.type = x") "- rule: r\n  priority: INFO\n  override: {priority: "
				      "append}\n",
		 RULE_ERR_YAML_VALIDATE, 8, 24, "appended to 'priority'");
	tells_in(RULE("evt.type = x") "- rule: r\n  source: s\n  override: {source: replace}\n",
		 RULE_ERR_YAML_VALIDATE, 8, 22, "cannot change");
	tells_in(RULE("evt.type = x") "- rule: r\n  desc: e\n  override: {desc: prepend}\n",
		 RULE_ERR_YAML_VALIDATE, 8, 20, "append or replace");
	tells_in(RULE("evt.type = x") "- rule: r\n  override: {desc: append}\n",
		 RULE_ERR_YAML_VALIDATE, 7, 20, "does not have");
	tells_in(RULE("evt.type = x") "- rule: r\n  desc: e\n  output: o\n  override: {desc: "
				      "append}\n",
		 RULE_ERR_YAML_VALIDATE, 8, 11, "no entry under 'override'");
}

static void tells_what_is_wrong_with_exceptions(void **state UNUSED)
{
#define WITH(exception) RULE("evt.type = x") "  exceptions:\n  - " exception "\n"
	tells_in(RULE("evt.type = x") "  exceptions: a\n", RULE_ERR_YAML_VALIDATE, 6, 15,
		 "sequence");
	tells_in(WITH("a"), RULE_ERR_YAML_VALIDATE, 7, 5, "mapping");
	tells_in(WITH("{fields: fd.name}"), RULE_ERR_YAML_VALIDATE, 7, 5, "'name' is missing");
	tells_in(WITH("{name: a}"), RULE_ERR_VALIDATE, 7, 5, "must have 'fields'");
	tells_in(WITH("{name: a, fields: fd.nmae}"), RULE_ERR_VALIDATE, 7, 23, "'fd.name'");
	tells_in(WITH("{name: a, fields: lower(fd.name)}"), RULE_ERR_VALIDATE, 7, 23,
		 "before '(fd.name)'");
	tells_in(WITH("{name: a, fields: fd.name, comps: =}"), RULE_ERR_VALIDATE, 7, 39,
		 "take a list");
	tells_in(WITH("{name: a, fields: fd.name, comps: like}"), RULE_ERR_VALIDATE, 7, 39,
		 "no comparison");
	tells_in(WITH("{name: a, fields: fd.name, comps: in anyof}"), RULE_ERR_VALIDATE, 7, 39,
		 "no comparison");
	tells_in(WITH("{name: a, fields: fd.name, comps: [in]}"), RULE_ERR_VALIDATE, 7, 39, "both");
	tells_in(WITH("{name: a, fields: [fd.name], comps: [in, in]}"), RULE_ERR_VALIDATE, 7, 41,
		 "as many");
	tells_in(WITH("{name: a, fields: [fd.name], values: [[a, b]]}"), RULE_ERR_VALIDATE, 7, 43,
		 "as many");
	tells_in(WITH("{name: a, fields: [fd.name], values: [a]}"), RULE_ERR_VALIDATE, 7, 43,
		 "as many");
	tells_in(WITH("{name: a, fields: fd.name, values: [[a]]}"), RULE_ERR_VALIDATE, 7, 41,
		 "single field");
	tells_in(WITH("{name: a, fields: fd.name, values: a}"), RULE_ERR_YAML_VALIDATE, 7, 40,
		 "sequence");
	tells_in(WITH("{name: a, fields: fd.name, values: ['']}"), RULE_ERR_YAML_VALIDATE, 7, 41,
		 "empty");
	tells_in(WITH("{name: a, fields: fd.name}\n  - {name: a, fields: fd.num}"),
		 RULE_EXCEPTION_NAME_NOT_UNIQUE, 8, 5, "'a'");
	tells_in(WITH("{name: a, fields: fd.name, valuse: [a]}"), RULE_UNKNOWN_KEY, 7, 40,
		 "'values'");
	tells_in(WITH("{name: a, fields: fd.name}") "- rule: r\n  append: true\n  exceptions:\n"
						    "  - {name: a, fields: fd.num, values: [b]}\n",
		 RULE_ERR_VALIDATE, 11, 23, "only values");
	tells_in(WITH("{name: a, fields: fd.name}") "- rule: r\n  append: true\n  exceptions:\n"
						    "  - {name: a}\n",
		 RULE_APPEND_NO_VALUES, 11, 5, "no values");
}

static void tells_what_is_wrong_with_conditions(void **state UNUSED)
{
	tells_in(RULE("evt.type is x"), RULE_ERR_COMPILE_CONDITION, 3, 23, "an operator");
	tells_in(RULE("evt.type = x and nothing"), RULE_ERR_VALIDATE, 3, 31, "no macro");
	tells_in("- macro: m\n  condition: m\n", RULE_ERR_VALIDATE, 2, 14, "back to itself");
	tells_in("- macro: m\n  condition: n\n- macro: n\n  condition: evt.type = x\n",
		 RULE_ERR_VALIDATE, 2, 14, "is defined after");
	tells_in("- macro: bad\n  condition: evt.type = (\n" RULE("evt.type = x and bad"),
		 RULE_ERR_VALIDATE, 5, 31, "has an error");
	assert_int_equal(note(RULE_ERR_COMPILE_CONDITION)->line, 2);
	tells_in(RULE("proc.name = x"), RULE_NO_EVTTYPE, 1, 3, "evt.type");
	tells_in(RULE("evt.type = x and proc.name = \"<NA>\""), RULE_UNSAFE_NA_CHECK, 3, 31,
		 "exists");
	tells_in("- rule: r\n  desc: d\n  condition: evt.type = x\n  output: a %proc.nmae b\n"
		 "  priority: INFO\n",
		 RULE_ERR_COMPILE_OUTPUT, 4, 14, "'proc.name'");
	tells_in("- rule: r\n  desc: d\n  condition: evt.type = x\n  output: a %proc.nmae b\n"
		 "  priority: INFO\n  skip-if-unknown-filter: true\n",
		 RULE_UNKNOWN_FILTER, 4, 14, "'proc.name'");
	tells_in("- rule: r\n  desc: d\n  condition: evt.type = x\n  output: a %\n"
		 "  priority: INFO\n  skip-if-unknown-filter: true\n",
		 RULE_ERR_COMPILE_OUTPUT, 4, 13, "behind '%'");
	tells_in("- rule: r\n  desc: d\n  condition: evt.type = x\n  output: a %container.info b\n"
		 "  priority: INFO\n",
		 RULE_DEPRECATED_ITEM, 4, 13, "shows nothing");
}

/* Texts that Falco suspects of meaning something else. */
static void suspects_texts(void **state UNUSED)
{
	size_t count;

	tells_in(RULE("evt.type=dup and proc.name = proc.pname"), RULE_COMPILE_CONDITION, 3, 31,
		 "val(proc.pname)");
	tells_in(RULE("evt.type=dup and proc.name in (a, 'proc.aname[ 2 ]')"),
		 RULE_COMPILE_CONDITION, 3, 31, "val(proc.aname[2])");
	tells_in("- macro: m\n  condition: proc.name = fd.name\n" RULE("evt.type=dup and m"),
		 RULE_COMPILE_CONDITION, 2, 14, "val(fd.name)");
	tells_in(RULE("evt.type=dup and proc.name = 'toupper( proc.pname)'"),
		 RULE_COMPILE_CONDITION, 3, 31, "transformer");
	tells_in(RULE("evt.type=dup and proc.name = 'val(proc.pname)'"), RULE_COMPILE_CONDITION, 3,
		 31, "transformer");
	tells_in(RULE("evt.type=dup and proc.name regex '.*bash$'"), RULE_COMPILE_CONDITION, 3, 31,
		 "no regular expression");
	tells_in(RULE("evt.type in (open, exeve)"), RULE_COMPILE_CONDITION, 3, 14, "'execve'");
	tells_in("- macro: m\n  condition: evt.type != brk\n" RULE("evt.type=dup and m"),
		 RULE_COMPILE_CONDITION, 2, 14, "'brk' is ever told");
	rule_set_free(set);
	assert_int_equal(rule_set_new(&set, NULL), 0);
	add(RULE("evt.type=dup and proc.name in (a.b, proc.nmae, 'lower(x)', fd.name/x, evt.arg) "
		 "and proc.name regex '.*a.b' and proc.name = val(proc.pname) and "
		 "proc.name contains '^a' and proc.pname = tolower(proc.name)"));
	finish();
	(void)rule_set_notes(set, &count);
	assert_int_equal(count, 0);
}

/* Where a condition is folded, quoted, appended or filled with lists, the place is still that in the file. */
static void finds_the_place_through_foldings(void **state UNUSED)
{
	tells_in(RULE(">\n    evt.type = x\n\n      and\n    \u4e2d nothing\n"),
		 RULE_ERR_COMPILE_CONDITION, 7, 5, "before '\u4e2d'");
	tells_in(RULE("|-\n   evt.type = x and\n   nothing"), RULE_ERR_VALIDATE, 5, 4, "nothing");
	tells_in(RULE("\"evt.type = \\\"x\\\" and\\\n    \\ nothing\""), RULE_ERR_VALIDATE, 4, 7,
		 "nothing");
	tells_in(RULE("'evt.type = ''x'' and\n    nothing'"), RULE_ERR_VALIDATE, 4, 5, "nothing");
	tells_in(RULE("evt.type =\n    x and\n    nothing"), RULE_ERR_VALIDATE, 5, 5, "nothing");
	tells_in(RULE("!!str &a evt.type = x and nothing"), RULE_ERR_VALIDATE, 3, 40, "nothing");
	tells_in("- list: l\n  items: [a, b, c]\n" RULE("evt.type in (l, a) and nothing"),
		 RULE_ERR_VALIDATE, 5, 37, "nothing");
	tells_in("- list: l\n  items: ['a''b']\n" RULE("evt.type in (x, l, y)"),
		 RULE_ERR_COMPILE_CONDITION, 5, 30, "");
	tells_in(RULE("evt.type = x") "- rule: r\n  condition: and\n    nothing\n  append: true\n",
		 RULE_ERR_VALIDATE, 8, 5, "nothing");
	tells_in(RULE("evt.type = x") "  exceptions:\n  - name: a\n    fields: [fd.num]\n"
				      "    comps: [contains]\n    values: [[a], ['\"']]\n",
		 RULE_ERR_COMPILE_CONDITION, 10, 19, "not closed");
}

static void bounds_what_macros_make(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;

	buf_add(&b, S("- macro: m0\n  condition: evt.type = x\n"));
	for (int i = 1; i < 40; i++)
		buf_printf(&b, "- macro: m%d\n  condition: m%d and m%d\n", i, i - 1, i - 1);
	add(buf_cstr(&b));
	finish();
	assert_int_equal(note(RULE_ERR_COMPILE_CONDITION)->line, 34);
}

/* Whatever the budget, the answer is 0 or -ENOBUFS; with enough of it the rule comes out. */
static void ends_cleanly_when_memory_is_short(void **state UNUSED)
{
	static const char yaml[] =
		"- list: l\n  items: [a, 'b c']\n- macro: m\n  condition: proc.name in (l)\n" RULE(
			"evt.type = x and m") "  exceptions:\n  - {name: a, fields: fd.name, "
					      "values: [x, y]}\n"
					      "- rule: r\n  condition: and fd.num = 1\n  override: "
					      "{condition: append}\n"
					      "- rule: s\n  wrong: key\n";
	OWNED_BUF b = BUF_INIT;
	size_t spent = 0;
	bool done = false;

	for (int i = 0; i < 5000; i++)
		buf_add(&b, S("# so that the text itself takes many of the arena's chunks\n"));
	buf_add(&b, str_from(yaml));
	for (size_t budget = 1024; !done; budget += 16 * 1024) {
		size_t count;
		int r;

		teardown(NULL);
		assert_int_equal(setup(NULL), 0);
		set->arena.budget_bytes = budget;
		r = rule_set_add(set, S("t.yaml"), buf_str(&b), NULL);
		if (r == 0)
			r = rule_set_finish(set, NULL);
		assert_true(r == 0 || r == -ENOBUFS);
		done = r == 0;
		spent += !done;
		(void)rule_set_rules(set, &count);
		assert_true(!done || count == 1);
	}
	assert_true(spent > 3);
}

static void notes_of_later_stages_find_their_place(void **state UNUSED)
{
	const struct rule *r;

	add("- macro: m\n  condition: fd.num = 1 and\n    fd.name = 2\n" RULE(
		"evt.type = x and m"));
	finish();
	r = only_rule();
	assert_int_equal(rule_set_note(set, r, RULE_ERR_COMPILE_CONDITION,
				       r->condition->children[1]->children[1]->offset, S("x"),
				       NULL),
			 0);
	assert_int_equal(note(RULE_ERR_COMPILE_CONDITION)->line, 3);
	assert_int_equal(note(RULE_ERR_COMPILE_CONDITION)->column, 5);
	assert_int_equal(rule_set_note(set, r, RULE_NO_EVTTYPE, 0, S("x"), NULL), 0);
	assert_int_equal(note(RULE_NO_EVTTYPE)->line, 4);
}

static void knows_which_conditions_name_types(void **state UNUSED)
{
	static const struct {
		const char *condition;
		bool restricts;
	} cases[] = {
		{ "evt.type in (a, b) and fd.num = 1", true },
		{ "evt.type = a or evt.type = b", true },
		{ "evt.type = a or fd.num = 1", false },
		{ "not evt.type = a", false },
		{ "not evt.type != a", true },
		{ "not (evt.type != a or fd.num = 1)", true },
		{ "not (evt.type != a and fd.num = 1)", false },
		{ "evt.type startswith a", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		OWNED_BUF b = BUF_INIT;
		const struct rule_note *notes;
		size_t count;
		bool warned = false;

		teardown(NULL);
		assert_int_equal(setup(NULL), 0);
		buf_printf(&b,
			   "- rule: r\n  desc: d\n  condition: %s\n  output: o\n  priority: INFO\n",
			   cases[i].condition);
		add(buf_cstr(&b));
		finish();
		notes = rule_set_notes(set, &count);
		for (size_t k = 0; k < count; k++)
			warned |= notes[k].code == RULE_NO_EVTTYPE;
		if (warned == cases[i].restricts)
			fail_msg("%s", cases[i].condition);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(reads_a_rule_with_every_key),
		T(puts_lists_in_as_text),
		T(expands_lists_of_lists_to_the_bottom),
		T(replaces_names_in_the_order_of_definition),
		T(redefines_and_appends_lists),
		T(puts_macros_in_as_trees),
		T(lets_a_macro_see_those_before_its_last_definition),
		T(appends_as_falco_does),
		T(replaces_what_an_override_names),
		T(redefines_a_rule_in_its_place),
		T(leaves_a_rule_as_it_was_when_a_change_is_wrong),
		T(takes_exceptions_with_one_field),
		T(takes_exceptions_with_several_fields),
		T(takes_transformed_fields_in_exceptions),
		T(appends_values_to_exceptions),
		T(replaces_exceptions),
		T(accepts_what_falco_files_begin_with),
		T(reads_every_document),
		T(finds_macros_that_lead_back),
		T(marks_files_that_speak_falcos_logic),
		T(enables_by_name_and_tag),
		T(tells_what_is_no_rule_file),
		T(tells_what_a_file_requires_in_vain),
		T(tells_what_is_wrong_with_keys),
		T(tells_what_is_wrong_with_names),
		T(tells_what_is_wrong_with_changes),
		T(tells_what_is_wrong_with_exceptions),
		T(tells_what_is_wrong_with_conditions),
		T(suspects_texts),
		T(finds_the_place_through_foldings),
		T(bounds_what_macros_make),
		T(ends_cleanly_when_memory_is_short),
		T(notes_of_later_stages_find_their_place),
		T(knows_which_conditions_name_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
