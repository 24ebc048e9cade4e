#include "unit.h"

#include "codec/csv.h"

static void reads_quotes_and_line_ends(void **state UNUSED)
{
	static struct csv c;
	struct arena a;

	arena_init(&a, 1u << 20);
	csv_init(&c, S("\xef\xbb\xbf#note:1\r\nid,name\r\n1,\"a, \"\"b\"\"\nc\"\r\n2,\n\n3,x"));
	assert_str(c.comment, "#note:1");
	assert_int_equal(csv_next(&c, &a, NULL), 1);
	assert_int_equal(csv_find(&c, "NAME"), 1);
	assert_int_equal(csv_find(&c, "none"), -1);
	assert_int_equal(csv_next(&c, &a, NULL), 1);
	assert_int_equal(c.line, 3);
	assert_str(csv_field(&c, 1), "a, \"b\"\nc");
	assert_int_equal(csv_next(&c, &a, NULL), 1);
	assert_int_equal(c.line, 5);
	assert_int_equal(c.count, 2);
	assert_str(csv_field(&c, 1), "");
	assert_int_equal(csv_next(&c, &a, NULL), 1);
	assert_int_equal(c.count, 1);
	assert_int_equal(csv_next(&c, &a, NULL), 1);
	assert_str(csv_field(&c, 1), "x");
	assert_str(csv_field(&c, 7), "");
	assert_str(csv_field(&c, -1), "");
	assert_int_equal(csv_next(&c, &a, NULL), 0);
	arena_done(&a);
}

static void goes_on_after_a_bad_record(void **state UNUSED)
{
	static struct csv c;
	struct arena a;
	struct err e = { 0 };

	arena_init(&a, 1u << 20);
	csv_init(&c, S("\"a\"b,c\nd,e\n\"open\nf"));
	assert_int_equal(csv_next(&c, &a, &e), -EBADMSG);
	assert_int_equal(csv_next(&c, &a, &e), 1);
	assert_str(csv_field(&c, 0), "d");
	assert_int_equal(csv_next(&c, &a, &e), -EBADMSG);
	assert_int_equal(csv_next(&c, &a, &e), 1);
	assert_str(csv_field(&c, 0), "f");
	assert_int_equal(csv_next(&c, &a, &e), 0);
	arena_done(&a);
}

static void bounds_fields(void **state UNUSED)
{
	static struct csv c;
	char many[1000];

	memset(many, ',', sizeof(many));
	csv_init(&c, (str){ many, sizeof(many) });
	assert_int_equal(csv_next(&c, NULL, NULL), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_quotes_and_line_ends),
		cmocka_unit_test(goes_on_after_a_bad_record),
		cmocka_unit_test(bounds_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
