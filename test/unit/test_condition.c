#include "unit.h"
#include "unit_arena.h"

#include "policy/condition.h"

static struct condition *parse(const char *text)
{
	struct condition *c = NULL;
	struct err e = { 0 };

	if (condition_parse(str_from(text), 0, &arena, &c, NULL, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	return c;
}

/* Parses and prints again. */
static const char *printed(const char *text)
{
	OWNED_BUF b = BUF_INIT;

	condition_print(parse(text), &b);
	return arena_str(&arena, buf_str(&b)).p;
}

static void refuses(const char *text, size_t at, const char *words)
{
	struct condition *c = NULL;
	struct err e = { 0 };
	size_t where = SIZE_MAX;

	assert_int_equal(condition_parse(str_from(text), 0, &arena, &c, &where, &e), -EBADMSG);
	assert_null(c);
	if (where != at || !strstr(e.text, words))
		fail_msg("%s: at %zu: %s", text, where, e.text);
}

static void binds_and_before_or(void **state UNUSED)
{
	struct condition *c = parse("a or b and c or not d");

	assert_int_equal(c->kind, CONDITION_OR);
	assert_int_equal(c->child_count, 3);
	assert_int_equal(c->children[1]->kind, CONDITION_AND);
	assert_str(c->children[1]->children[0]->name, "b");
	assert_int_equal(c->children[2]->kind, CONDITION_NOT);
	assert_int_equal(c->children[2]->offset, 16);
	assert_int_equal(c->children[2]->children[0]->offset, 20);
	assert_int_equal(c->height, 3);
	assert_int_equal(c->size, 7);
}

static void keeps_parentheses_that_matter(void **state UNUSED)
{
	assert_string_equal(printed("((a or b)) and (c)"), "(a or b) and c");
	assert_string_equal(printed("(a and b) and c"), "(a and b) and c");
	assert_string_equal(printed("a and b or c"), "a and b or c");
	assert_string_equal(printed("(a or b) or c"), "(a or b) or c");
	assert_string_equal(printed("not (a)and(not(b))or(c)"), "not a and not b or c");
}

static void counts_nots(void **state UNUSED)
{
	assert_string_equal(printed("not not a"), "a");
	assert_string_equal(printed("not not not a"), "not a");
	assert_string_equal(printed("not not(a or b)"), "a or b");
	assert_string_equal(printed("not (not a)"), "not (not a)");
	assert_string_equal(printed("not\n\tnothing"), "not nothing");
	assert_string_equal(printed("not_a and notable"), "not_a and notable");
}

static void reads_every_operator(void **state UNUSED)
{
	static const char *const texts[] = {
		"fd.name exists",
		"proc.name = bash",
		"proc.name != bash",
		"evt.rawres < 0",
		"evt.rawres <= -1.5",
		"evt.rawres > 0x1F",
		"proc.duration >= 5s",
		"fd.name contains /etc",
		"fd.name icontains ETC",
		"evt.buffer bcontains cafe",
		"fd.name startswith /etc",
		"evt.buffer bstartswith 0011",
		"fd.name endswith .so",
		"fd.name glob /proc/*/mem",
		"fd.name iglob *.EXE",
		"fd.name regex \"a|b\"",
		"proc.name in (a, b, \"c d\")",
		"proc.name in ()",
		"proc.name in something",
		"proc.aname intersects (a)",
		"fd.name pmatch (/var/run, /etc)",
		"fd.name contains oneof (a, b)",
		"fd.name = anyof (a)",
		"fd.name != allof (a, b)",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_string_equal(printed(texts[i]), texts[i]);
	assert_string_equal(printed("proc.name==x"), "proc.name = x");
	assert_string_equal(printed("proc.name in(a,b)and x"), "proc.name in (a, b) and x");
}

static void takes_a_quantifier_only_before_a_list(void **state UNUSED)
{
	struct condition *c = parse("fd.name startswith anyof (a, b)");

	assert_int_equal(c->quantifier, CONDITION_ANYOF);
	assert_int_equal(c->right_count, 2);
	assert_true(c->right_is_list);
	c = parse("proc.name = anyof and a");
	assert_int_equal(c->children[0]->quantifier, CONDITION_PLAIN);
	assert_str(c->children[0]->right[0].text, "anyof");
}

static void reads_fields_with_arguments(void **state UNUSED)
{
	assert_str(parse("proc.aname[2]=x")->left.text, "proc.aname[2]");
	assert_str(parse("container.mount.dest[/proc*] exists")->left.text,
		   "container.mount.dest[/proc*]");
	assert_str(parse("proc.env['A B'] exists")->left.text, "proc.env[A B]");
	assert_string_equal(printed("proc.env[\"A]\"] exists"), "proc.env[\"A]\"] exists");
	assert_string_equal(printed("proc.env[A_B] exists"), "proc.env[A_B] exists");
}

static void unquotes(void **state UNUSED)
{
	assert_str(parse("a.b = \"x \\\"y\\\" \\n\\\\\"")->right[0].text, "x \"y\" \n\\");
	assert_str(parse("a.b = 'say \"hi\"'")->right[0].text, "say \"hi\"");
	assert_str(parse("a.b = 'it\\'s'")->right[0].text, "it's");
	assert_str(parse("a.b = ''")->right[0].text, "");
	/* Falco's reading, on which a rule it ships relies. */
	assert_str(parse("a.b contains \"\\ \"")->right[0].text, "\\");
	assert_str(parse("a.b endswith \\")->right[0].text, "\\");
	assert_str(parse("a.b in ('\"(systemd)\"', x)")->right[0].text, "\"(systemd)\"");
}

static void reads_transformers(void **state UNUSED)
{
	static const char *const texts[] = {
		"tolower(proc.name) = bash",
		"len(proc.args) > 10",
		"proc.name = val(proc.pname)",
		"proc.name in tolower(proc.pname)",
		"evt.rawres > val(proc.pid)",
		"join(\",\", (proc.name, \"x\", toupper(fd.name))) contains x",
		"concat(fd.rip, \":\", fd.rport) in (8.8.8.8:53)",
		"getopt(proc.args, \"nt:\")[t] exists",
		"basename(tolower(b64(proc.exepath))) = \"a b\"",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_string_equal(printed(texts[i]), texts[i]);
	assert_int_equal(parse("proc.name = val( proc.pname )")->right[0].kind, TERM_FIELD);
	assert_string_equal(printed("join(',',())=x"), "join(\",\", ()) = x");
	/* A word that is not called is a macro. */
	assert_string_equal(printed("tolower and len"), "tolower and len");
}

static void says_where_it_went_wrong(void **state UNUSED)
{
	refuses("", 0, "a field, a macro or '('");
	refuses("a and", 5, "a field, a macro or '(' is expected where the condition ends");
	refuses("a andy", 2, "'and' or 'or' is expected before 'andy'");
	refuses("a and ", 6, "where the condition ends");
	refuses("(a or b", 7, "'and', 'or' or ')'");
	refuses("(not)and a", 1, "a macro");
	refuses("a and or b", 6, "a macro");
	refuses("a)", 1, "before ')'");
	refuses("a b", 2, "before 'b'");
	refuses("a orb", 2, "before 'orb'");
	refuses("proc.name is bash", 10, "an operator");
	refuses("proc.name contains(x)", 10, "an operator");
	refuses("evt.rawres > many", 13, "a number");
	refuses("proc.name in (a, )", 17, "a value");
	refuses("proc.name in (a b)", 16, "',' or ')'");
	refuses("proc.name in (a", 15, "',' or ')'");
	refuses("proc.name = (a)", 12, "a text");
	refuses("proc.name = 'a", 12, "not closed");
	refuses("proc.name = 'a\\x'", 15, "no escape sequence");
	refuses("proc.name = 'a\\\"'", 15, "no escape sequence");
	refuses("proc.aname[2 = x", 12, "']'");
	refuses("proc.aname[] = x", 11, "an argument");
	refuses("tolower(proc.name, fd.name) = x", 0, "takes 1 to 1");
	refuses("tolower() = x", 8, "a field");
	refuses("proc.name = val(x)", 16, "a field");
}

static void bounds_depth_and_size(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;
	struct condition *c = NULL;
	struct arena small;

	for (int i = 0; i < 1000; i++)
		buf_byte(&b, '(');
	buf_byte(&b, 'a');
	for (int i = 0; i < 1000; i++)
		buf_byte(&b, ')');
	assert_int_equal(condition_parse(buf_str(&b), 0, &arena, &c, NULL, NULL), 0);
	assert_int_equal(condition_parse(buf_str(&b), 999, &arena, &c, NULL, NULL), -E2BIG);
	buf_reset(&b);
	for (int i = 0; i < 1000; i++)
		buf_add(&b, S("not("));
	assert_int_equal(condition_parse(buf_str(&b), 0, &arena, &c, NULL, NULL), -EBADMSG);
	buf_byte(&b, 'a');
	for (int i = 0; i < 1000; i++)
		buf_byte(&b, ')');
	assert_int_equal(condition_parse(buf_str(&b), 0, &arena, &c, NULL, NULL), -E2BIG);
	buf_reset(&b);
	for (int i = 0; i < CONDITION_MAX_NODES; i++)
		buf_add(&b, i ? S(" and a") : S("a"));
	assert_int_equal(condition_parse(buf_str(&b), 0, &arena, &c, NULL, NULL), -E2BIG);
	buf_reset(&b);
	for (int i = 0; i <= CONDITION_MAX_TERM_DEPTH; i++)
		buf_add(&b, S("len("));
	assert_int_equal(condition_parse(buf_str(&b), 0, &arena, &c, NULL, NULL), -E2BIG);
	arena_init(&small, 1000);
	assert_int_equal(condition_parse(S("a and b"), 0, &small, &c, NULL, NULL), -ENOBUFS);
	arena_done(&small);
}

static void walks_each_node_twice(void **state UNUSED)
{
	struct condition *c = parse("a and (b or not d)");
	OWNED_BUF b = BUF_INIT;
	struct condition_walk w;
	const struct condition *n;

	condition_walk_begin(&w, c);
	while ((n = condition_walk_next(&w))) {
		struct condition **slot = condition_walk_slot(&w);

		assert_true(slot ? *slot == n : n == c);
		buf_printf(&b, "%c%d%.*s ", w.entering ? '+' : '-', (int)w.depth, STR_ARG(n->name));
	}
	assert_null(condition_walk_next(&w));
	assert_string_equal(buf_cstr(&b), "+1 +2a -2a +2 +3b -3b +3 +4d -4d -3 -2 -1 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_and_before_or),
		cmocka_unit_test(keeps_parentheses_that_matter),
		cmocka_unit_test(counts_nots),
		cmocka_unit_test(reads_every_operator),
		cmocka_unit_test(takes_a_quantifier_only_before_a_list),
		cmocka_unit_test(reads_fields_with_arguments),
		cmocka_unit_test(unquotes),
		cmocka_unit_test(reads_transformers),
		cmocka_unit_test(says_where_it_went_wrong),
		cmocka_unit_test(bounds_depth_and_size),
		cmocka_unit_test(walks_each_node_twice),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
