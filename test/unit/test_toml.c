#include "unit.h"
#include "unit_arena.h"

#include "codec/toml.h"

static void reads_a_document(void **state UNUSED)
{
	static const char text[] =
		"# comment\ntitle = \"a\\tb\\u00e9\" # more\nn = 1_000\nh = 0xff\nf = -2.5e3\n"
		"yes = true\nwhen = 2021-01-08 10:00:00Z\nday = 2021-01-08\n"
		"raw = 'C:\\x'\nmulti = \"\"\"\none \\\n   two\"\"\"\n"
		"list = [ [1, 2], # inside\n  [\"x\"], ]\ninline = { a.b = 1, \"c d\" = 'e' }\n"
		"[t.u]\nk = 1\n[t]\nv = 2\n[[p]]\nname = \"one\"\n[p.sub]\nz = 1\n[[p]]\nname = "
		"\"two\"\n";
	struct value v;
	struct err e = { 0 };

	if (toml_parse(str_from(text), &arena, &v, &e) < 0)
		fail_msg("%s", e.text);
	assert_str(value_get_str(&v, "title"), "a\tb\xc3\xa9");
	assert_int_equal(value_int(value_get(&v, "n"), 0), 1000);
	assert_int_equal(value_int(value_get(&v, "h"), 0), 255);
	assert_int_equal(value_int(value_get(&v, "f"), 0), -2500);
	assert_true(value_is_true(value_get(&v, "yes")));
	assert_str(value_get_str(&v, "when"), "2021-01-08 10:00:00Z");
	assert_str(value_get_str(&v, "day"), "2021-01-08");
	assert_str(value_get_str(&v, "raw"), "C:\\x");
	assert_str(value_get_str(&v, "multi"), "one two");
	assert_int_equal(value_int(value_at(value_at(value_get(&v, "list"), 0), 1), 0), 2);
	assert_int_equal(value_int(value_path(&v, "inline.a.b"), 0), 1);
	assert_str(value_get_str(value_get(&v, "inline"), "c d"), "e");
	assert_int_equal(value_int(value_path(&v, "t.u.k"), 0), 1);
	assert_int_equal(value_int(value_path(&v, "t.v"), 0), 2);
	assert_int_equal(value_get(&v, "p")->count, 2);
	assert_int_equal(value_int(value_path(value_at(value_get(&v, "p"), 0), "sub.z"), 0), 1);
	assert_str(value_get_str(value_at(value_get(&v, "p"), 1), "name"), "two");
}

static void refuses_what_is_malformed(void **state UNUSED)
{
	static const char *const bad[] = { "a",
					   "a =",
					   "a = 1 b",
					   "a = \"x",
					   "a = 1\na = 2",
					   "[t]\n[t]",
					   "[t",
					   "a = [1",
					   "a = {b = 1",
					   "a = \"\\q\"",
					   "a = 1..2",
					   "= 1",
					   "a = {b=1}\na.c = 2",
					   "a = 1\n[a.b]",
					   "a = 'x\ny'" };
	struct value v;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = { 0 };

		if (toml_parse(str_from(bad[i]), &arena, &v, &e) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
		assert_true(e.text[0]);
	}
}

static void bounds_depth_and_memory(void **state UNUSED)
{
	char deep[400];
	struct arena small;
	struct value v;

	memset(deep, '[', sizeof(deep));
	memcpy(deep, "a = ", 4);
	assert_int_equal(toml_parse((str){ deep, sizeof(deep) }, &arena, &v, NULL), -E2BIG);
	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = i % 2 ? '.' : 'a';
	assert_int_equal(toml_parse((str){ deep, sizeof(deep) }, &arena, &v, NULL), -E2BIG);
	arena_init(&small, 1024);
	assert_int_equal(toml_parse(S("a = \"0123456789\""), &small, &v, NULL), -ENOBUFS);
	arena_done(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_document),
		cmocka_unit_test(refuses_what_is_malformed),
		cmocka_unit_test(bounds_depth_and_memory),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
