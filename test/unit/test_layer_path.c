#include "unit.h"

#include "scan/layer/layer_path.h"

static void normal_forms(void **state)
{
	static const struct {
		const char *raw, *want;
		bool escapes;
	} cases[] = {
		{ "etc/passwd", "etc/passwd", false },
		{ "./etc/passwd", "etc/passwd", false },
		{ "/etc//passwd/", "etc/passwd", false },
		{ "var/lib/", "var/lib", false },
		{ "a/./b", "a/b", false },
		{ "a/../b", "b", false },
		{ "../../etc/x", "etc/x", true },
		{ "a/../../b", "b", true },
		{ ".", "", false },
		{ "./", "", false },
		{ "/", "", false },
		{ "", "", false },
		{ "..", "", true },
		{ "..a/b..", "..a/b..", false },
	};
	const struct limits l = limits_default();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		OWNED_BUF scratch = BUF_INIT;
		bool escaped = false;
		str got;

		assert_int_equal(
			layer_path_normalise(str_from(cases[i].raw), &l, &scratch, &got, &escaped),
			0);
		assert_str(got, cases[i].want);
		assert_int_equal(escaped, cases[i].escapes);
	}
}

static void limits_hold(void **state)
{
	struct limits l = limits_default();
	OWNED_BUF scratch = BUF_INIT;
	bool escaped = false;
	str got;

	(void)state;
	l.path_depth = 3;
	l.path_bytes = 10;
	assert_int_equal(layer_path_normalise(S("a/b/c"), &l, &scratch, &got, &escaped), 0);
	assert_int_equal(layer_path_normalise(S("a/b/c/d"), &l, &scratch, &got, &escaped), -E2BIG);
	assert_int_equal(layer_path_normalise(S("abcdefghijk"), &l, &scratch, &got, &escaped),
			 -E2BIG);
}

static void marks(void **state)
{
	OWNED_BUF scratch = BUF_INIT;
	str got;

	(void)state;
	assert_int_equal(layer_path_mark(S("a/b"), &scratch, &got), LAYER_MARK_NONE);
	assert_int_equal(layer_path_mark(S("a/.wh.b"), &scratch, &got), LAYER_MARK_WHITEOUT);
	assert_str(got, "a/b");
	assert_int_equal(layer_path_mark(S(".wh.b"), &scratch, &got), LAYER_MARK_WHITEOUT);
	assert_str(got, "b");
	assert_int_equal(layer_path_mark(S("a/.wh..wh..opq"), &scratch, &got), LAYER_MARK_OPAQUE);
	assert_str(got, "a");
	assert_int_equal(layer_path_mark(S(".wh..wh..opq"), &scratch, &got), LAYER_MARK_OPAQUE);
	assert_str(got, "");
	assert_int_equal(layer_path_mark(S("a/.wh..wh.plnk"), &scratch, &got), LAYER_MARK_META);
	/* Must not delete the folder above. */
	assert_int_equal(layer_path_mark(S("a/.wh..."), &scratch, &got), LAYER_MARK_META);
}

static void links(void **state)
{
	const struct limits l = limits_default();
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	assert_str(layer_path_follow(S("lib"), S("usr/lib"), &l, &a), "usr/lib");
	assert_str(layer_path_follow(S("var/lib/rpm"), S("../../usr/lib/sysimage/rpm"), &l, &a),
		   "usr/lib/sysimage/rpm");
	assert_str(layer_path_follow(S("etc/x"), S("/../../../y"), &l, &a), "y");
	arena_done(&a);
}

static void skips(void **state)
{
	static const char *const dirs[] = { "/usr/share", "**/cache/", NULL };
	static const char *const files[] = { "etc/*.conf", NULL };

	(void)state;
	assert_true(layer_path_is_skipped(S("usr/share/doc/x"), dirs, files));
	assert_true(layer_path_is_skipped(S("var/cache/x"), dirs, files));
	assert_true(layer_path_is_skipped(S("etc/a.conf"), dirs, files));
	assert_false(layer_path_is_skipped(S("usr/share"), dirs, files));
	assert_false(layer_path_is_skipped(S("etc/d/a.conf"), dirs, files));
	assert_false(layer_path_is_skipped(S("x"), NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_forms), cmocka_unit_test(limits_hold),
		cmocka_unit_test(marks),        cmocka_unit_test(links),
		cmocka_unit_test(skips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
