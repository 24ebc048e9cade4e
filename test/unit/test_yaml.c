#include "unit.h"
#include "unit_arena.h"

#include "base/buf.h"
#include "codec/yaml.h"

static void resolves_plain_scalars_by_the_core_schema(void **state UNUSED)
{
	struct value v;
	struct err e = { 0 };

	assert_int_equal(yaml_parse(S("a: 1.0\nb: yes\nc: true\nd: ~\ne: '7'\nf: -12\ng: 0x1f\n"
				      "h: 1e3\ni: !!str 5\nj: 2021-01-02\nk: 99999999999999999999\n"
				      "l: 0x\nm: .\nn:\n"),
				    &arena, &v, &e),
			 0);
	assert_int_equal(value_get(&v, "a")->kind, VALUE_NUMBER);
	assert_str(value_get_str(&v, "a"), "1.0");
	assert_int_equal(value_get(&v, "b")->kind, VALUE_STRING);
	assert_true(value_is_true(value_get(&v, "c")));
	assert_int_equal(value_get(&v, "d")->kind, VALUE_NULL);
	assert_int_equal(value_get(&v, "e")->kind, VALUE_STRING);
	assert_int_equal(value_int(value_get(&v, "f"), 0), -12);
	assert_int_equal(value_int(value_get(&v, "g"), 0), 31);
	assert_int_equal(value_int(value_get(&v, "h"), 0), 1000);
	assert_int_equal(value_get(&v, "i")->kind, VALUE_STRING);
	assert_int_equal(value_get(&v, "j")->kind, VALUE_STRING);
	assert_int_equal(value_get(&v, "k")->integer, 0);
	assert_int_equal(value_get(&v, "l")->kind, VALUE_STRING);
	assert_int_equal(value_get(&v, "m")->kind, VALUE_STRING);
	assert_int_equal(value_get(&v, "n")->kind, VALUE_NULL);
	assert_int_equal(value_get(&v, "g")->line, 7);
	assert_int_equal(value_get(&v, "g")->column, 4);
}

static void reads_nested_collections_and_aliases(void **state UNUSED)
{
	struct value v;

	assert_int_equal(
		yaml_parse(S("base: &b {x: [1, 2]}\nlist:\n- *b\n- - deep\n  - &n name\n- *n\n"),
			   &arena, &v, NULL),
		0);
	assert_int_equal(
		value_int(value_at(value_path(value_at(value_get(&v, "list"), 0), "x"), 1), 0), 2);
	assert_str(value_str(value_at(value_get(&v, "list"), 2)), "name");
	assert_int_equal(value_get(&v, "list")->count, 3);
}

static void separates_documents(void **state UNUSED)
{
	struct value v;

	assert_int_equal(yaml_parse_all(S("--- a\n--- {b: c}\n...\n"), &arena, &v, NULL), 0);
	assert_int_equal(v.count, 2);
	assert_str(value_get_str(value_at(&v, 1), "b"), "c");
	assert_int_equal(yaml_parse(S("--- a\n--- b\n"), &arena, &v, NULL), -EBADMSG);
	assert_int_equal(yaml_parse(S(""), &arena, &v, NULL), 0);
	assert_int_equal(v.kind, VALUE_NULL);
}

static void refuses_what_is_malformed(void **state UNUSED)
{
	static const char *const bad[] = { "a: [",        "a: *nobody",     "? [x]\n: y\n",
					   "\tb: 1\n- c", "a: &x [*x]",     "a: 'x",
					   "\x01",        "%YAML 3\n---\nx" };
	struct value v;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = { 0 };

		if (yaml_parse(str_from(bad[i]), &arena, &v, &e) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
		assert_true(e.text[0]);
	}
}

static void tells_the_place_of_an_error(void **state UNUSED)
{
	struct yaml_place at = { 0 };
	struct value v;
	struct err e = { 0 };

	assert_int_equal(yaml_parse_all_at(S("a: b\n\u4e2d: *x\n"), &arena, &v, &at, &e), -EBADMSG);
	assert_int_equal(at.line, 2);
	assert_int_equal(at.column, 4);
	assert_null(strstr(e.text, "line"));
	assert_int_equal(yaml_parse_all_at(S("a: b"), &arena, &v, &at, &e), 0);
	assert_int_equal(at.line, 2);
}

static void bounds_depth_nodes_and_memory(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;
	struct arena small;
	struct value v;

	for (int i = 0; i < YAML_MAX_DEPTH + 1; i++)
		buf_byte(&b, '[');
	assert_int_equal(yaml_parse(buf_str(&b), &arena, &v, NULL), -E2BIG);

	buf_reset(&b);
	buf_add(&b, S("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"));
	for (int i = 1; i < 9; i++)
		buf_printf(&b, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i,
			   i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_int_equal(yaml_parse(buf_str(&b), &arena, &v, NULL), -E2BIG);

	/* Aliases nest as what they stand for does. */
	buf_reset(&b);
	buf_add(&b, S("a0: &a0 [x]\n"));
	for (int i = 1; i <= YAML_MAX_DEPTH; i++)
		buf_printf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	assert_int_equal(yaml_parse(buf_str(&b), &arena, &v, NULL), -E2BIG);

	arena_init(&small, 4096);
	assert_int_equal(yaml_parse(S("[1, 2, 3]"), &small, &v, NULL), -ENOBUFS);
	arena_done(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves_plain_scalars_by_the_core_schema),
		cmocka_unit_test(reads_nested_collections_and_aliases),
		cmocka_unit_test(separates_documents),
		cmocka_unit_test(refuses_what_is_malformed),
		cmocka_unit_test(tells_the_place_of_an_error),
		cmocka_unit_test(bounds_depth_nodes_and_memory),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
