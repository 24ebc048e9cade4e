/* A thing is told when it is new or changed, once when it is gone, and anew between the two ends of a snapshot. */
#include "unit.h"

#include <stdio.h>

#include "prog/agent/census.h"

static struct buf told;
static bool refuse;

static int tell(void *ctx, const char *kind, str doc)
{
	(void)ctx;
	if (refuse)
		return -EAGAIN;
	buf_printf(&told, "%s%s", told.n ? " " : "", kind);
	/* {"time":"...",REST */
	buf_add(&told, str_skip(doc, str_search(doc, S("Z\",")) + 3));
	return 0;
}

static void expect(const char *what)
{
	assert_string_equal(buf_cstr(&told), what);
	buf_reset(&told);
}

static void look(struct census *c, const char *a, const char *b)
{
	census_begin(c, CENSUS_VOLUME);
	if (a)
		census_put(c, CENSUS_VOLUME, S("a"), str_from(a));
	if (b)
		census_put(c, CENSUS_VOLUME, S("b"), str_from(b));
	census_end(c, CENSUS_VOLUME);
}

#define BEGIN "snapshot\"kind\":\"volume\",\"state\":\"begin\"}"
#define END "snapshot\"kind\":\"volume\",\"state\":\"end\"}"

static void test_changes(void **state)
{
	struct census *c;

	(void)state;
	assert_int_equal(census_new(tell, NULL, &c, NULL), 0);
	look(c, "{\"n\":1}", NULL);
	expect(BEGIN " volume\"n\":1} " END);
	look(c, "{\"n\":1}", "{\"n\":5}");
	expect("volume\"n\":5}");
	look(c, "{\"n\":2}", "{\"n\":5}");
	expect("volume\"n\":2}");
	look(c, "{\"n\":2}", NULL);
	expect("gone\"kind\":\"volume\",\"id\":\"b\"}");
	assert_true(census_keep(c, CENSUS_VOLUME, S("a")));
	assert_false(census_keep(c, CENSUS_VOLUME, S("b")));
	census_doubt(c, CENSUS_VOLUME, S("a"));
	assert_false(census_keep(c, CENSUS_VOLUME, S("a")));
	look(c, "{\"n\":2}", NULL);
	assert_true(census_keep(c, CENSUS_VOLUME, S("a")));
	expect("");
	census_renew(c);
	look(c, "{\"n\":2}", NULL);
	expect(BEGIN " volume\"n\":2} " END);
	census_drop(c, CENSUS_VOLUME, S("a"), S("{\"n\":3}"));
	expect("volume\"n\":3} gone\"kind\":\"volume\",\"id\":\"a\"}");
	census_free(c);
	buf_done(&told);
}

static void test_what_was_not_taken_comes_again(void **state)
{
	struct census *c;

	(void)state;
	told = (struct buf)BUF_INIT;
	assert_int_equal(census_new(tell, NULL, &c, NULL), 0);
	look(c, NULL, NULL);
	expect(BEGIN " " END);
	refuse = true;
	look(c, "{\"n\":1}", NULL);
	expect("");
	refuse = false;
	look(c, "{\"n\":1}", NULL);
	expect("volume\"n\":1}");
	refuse = true;
	look(c, NULL, NULL);
	refuse = false;
	look(c, NULL, NULL);
	expect("gone\"kind\":\"volume\",\"id\":\"a\"}");
	census_free(c);
	buf_done(&told);
}

static void test_what_is_left_out_is_counted(void **state)
{
	static const char letters[CENSUS_ID_MAX + 1] = { 0 };
	struct census *c;

	(void)state;
	told = (struct buf)BUF_INIT;
	assert_int_equal(census_new(tell, NULL, &c, NULL), 0);
	census_begin(c, CENSUS_VOLUME);
	census_put(c, CENSUS_VOLUME, (str){ letters, CENSUS_ID_MAX }, S("{\"n\":1}"));
	assert_int_equal(census_cut(c), 0);
	census_put(c, CENSUS_VOLUME, (str){ letters, CENSUS_ID_MAX + 1 }, S("{\"n\":1}"));
	assert_int_equal(census_cut(c), 1);
	for (int i = 0; i < CENSUS_MAX; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%d", i);
		census_put(c, CENSUS_VOLUME, str_from(id), S("{\"n\":1}"));
	}
	assert_int_equal(census_cut(c), 2);

	/* Said when it begins, and not with each pass that is like the one before. */
	assert_true(census_cut_began(c));
	for (int pass = 0; pass < 3; pass++) {
		census_put(c, CENSUS_VOLUME, S("one more"), S("{\"n\":1}"));
		assert_false(census_cut_began(c));
	}
	assert_false(census_cut_began(c));
	census_put(c, CENSUS_VOLUME, S("one more"), S("{\"n\":1}"));
	assert_true(census_cut_began(c));
	census_free(c);
	buf_done(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_what_was_not_taken_comes_again),
		cmocka_unit_test(test_what_is_left_out_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
