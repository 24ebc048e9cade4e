#include "unit.h"

#include "base/time.h"

static void reads_what_documents_write(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{ "1970-01-01", 0 },
		{ "2024-02-29", 1709164800 },
		{ "2026-11-20T22:15:05Z", 1795212905 },
		{ "2026-11-20T22:15:05.123456Z", 1795212905 },
		{ "2026-11-20 22:15:05", 1795212905 },
		{ "2026-11-21T06:15:05+08:00", 1795212905 },
		{ "2026-11-20T17:15:05-0500", 1795212905 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t got = -1;

		assert_int_equal(time_parse(str_from(cases[i].text), &got), 0);
		assert_int_equal(got, cases[i].want);
	}
}

static void refuses_what_is_no_time(void **state UNUSED)
{
	static const char *const bad[] = { "",
					   "2024",
					   "2023-02-29",
					   "2024-13-01",
					   "1969-12-31",
					   "2024-01-01T",
					   "2024-01-01T25:00:00Z",
					   "2024-01-01T00:00:00Zx",
					   "2024-01-0a",
					   "2024-01-01T00:00" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int64_t t;

		if (time_parse(str_from(bad[i]), &t) != -EBADMSG)
			fail_msg("accepted '%s'", bad[i]);
	}
}

static void writes_what_it_read(void **state UNUSED)
{
	char text[TIME_TEXT_BYTES];

	for (int64_t t = 0; t < 4102444800; t += 86400 * 13 + 4321) {
		int64_t again;

		time_render(t, text);
		assert_int_equal(time_parse(str_from(text), &again), 0);
		assert_int_equal(again, t);
	}
	time_render(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	time_render_day(-5, text);
	assert_string_equal(text, "1970-01-01");
}

static void keeps_nanoseconds(void **state UNUSED)
{
	char text[TIME_NS_TEXT_BYTES];
	uint64_t ns;

	assert_int_equal(time_parse_ns(S("2026-11-21T18:20:28.000000001Z"), &ns), 0);
	assert_int_equal(ns, 1795285228000000001);
	time_render_ns(ns, text);
	assert_string_equal(text, "2026-11-21T18:20:28.000000001Z");
	assert_int_equal(time_parse_ns(S("2026-11-21T18:20:28.1234567891+08:00"), &ns), 0);
	time_render_ns(ns, text);
	assert_string_equal(text, "2026-11-21T10:20:28.123456789Z");
	assert_int_equal(time_parse_ns(S("2026-11-21"), &ns), 0);
	assert_int_equal(ns % 1000000000, 0);
	assert_int_equal(time_parse_ns(S("9999-01-01"), &ns), -EBADMSG);
	assert_int_equal(time_parse_ns(S("1970-01-01T00:00:00+01:00"), &ns), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_documents_write),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(writes_what_it_read),
		cmocka_unit_test(keeps_nanoseconds),
	};

	return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
