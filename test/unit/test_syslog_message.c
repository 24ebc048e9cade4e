/* RFC 5424, byte for byte; and whatever is put in, one line within the bound comes out. */
#include "unit.h"

#include "base/text.h"
#include "wire/syslog_message.h"

static const struct syslog_param params[] = {
	{ "ruleId", { "SKEP-1042", 9 } },
	{ "empty", { "", 0 } },
	{ "rule", { "a \"quote\" ] and \\", 17 } },
};

static struct syslog_message sample(void)
{
	return (struct syslog_message){ .facility = 10,
					.severity = 4,
					.time = S("2026-11-21T13:20:01.224192977Z"),
					.host = S("a host"),
					.app = S("skep-agent"),
					.process = S("17"),
					.id = S(""),
					.data_id = "skep@32473",
					.params = params,
					.param_count = ARRAY_LEN(params),
					.text = S("shell\nin \xff \xe5\xae\xb9") };
}

static void test_form(void **state)
{
	struct syslog_message m = sample();
	OWNED_BUF out = BUF_INIT;

	(void)state;
	syslog_message_render(&m, &out);
	assert_string_equal(buf_cstr(&out),
			    "<84>1 2026-11-21T13:20:01.224192Z a_host skep-agent 17 - "
			    "[skep@32473 ruleId=\"SKEP-1042\" "
			    "rule=\"a \\\"quote\\\" \\] and \\\\\"] "
			    "\xef\xbb\xbfshell in ? \xe5\xae\xb9");
}

static void test_what_is_missing_is_a_dash(void **state)
{
	struct syslog_message m = { .data_id = "x@1" };
	OWNED_BUF out = BUF_INIT;

	(void)state;
	syslog_message_render(&m, &out);
	assert_string_equal(buf_cstr(&out), "<0>1 - - - - - [x@1] \xef\xbb\xbf");
}

static void test_bound(void **state)
{
	struct syslog_message m = sample();
	static char text[20000];
	OWNED_BUF out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i + 3 <= sizeof(text); i += 3)
		memcpy(text + i, "\xe5\xae\xb9", 3);
	m.text = (str){ text, sizeof(text) };
	m.host = (str){ text, sizeof(text) };
	syslog_message_render(&m, &out);
	assert_true(out.n <= SYSLOG_MAX_BYTES && out.n > SYSLOG_MAX_BYTES - 8);
	/* Never in the middle of a character. */
	assert_int_equal(text_ill_formed(buf_str(&out)), out.n);
	assert_int_equal(str_find(buf_str(&out), '\n'), out.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_what_is_missing_is_a_dash),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
