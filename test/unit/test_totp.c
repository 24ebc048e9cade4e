#include "unit.h"

#include "console/access/totp.h"

static const uint8_t secret[TOTP_SECRET_BYTES] = "12345678901234567890";

/* RFC 6238 appendix B, SHA-1; the last six of its eight digits. */
static void makes_the_codes_of_the_rfc(void **state)
{
	static const struct {
		int64_t time;
		const char *code;
	} rows[] = {
		{ 59, "287082" },         { 1111111109, "081804" }, { 1111111111, "050471" },
		{ 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char code[TOTP_DIGITS + 1];

		totp_code(secret, (uint64_t)rows[i].time / TOTP_STEP_S, code);
		assert_string_equal(code, rows[i].code);
		assert_int_equal(totp_check(secret, str_from(rows[i].code), rows[i].time, 0),
				 rows[i].time / TOTP_STEP_S);
	}
}

static void takes_a_code_once_and_near_its_time(void **state)
{
	int64_t t = 1111111109;
	uint64_t step = (uint64_t)t / TOTP_STEP_S;

	(void)state;
	assert_int_equal(totp_check(secret, S("081804"), t + TOTP_STEP_S, 0), step);
	assert_int_equal(totp_check(secret, S("081804"), t - TOTP_STEP_S, 0), step);
	assert_int_equal(totp_check(secret, S("081804"), t + 3 * TOTP_STEP_S, 0), 0);
	assert_int_equal(totp_check(secret, S("081804"), t, step), 0);
	assert_int_equal(totp_check(secret, S("081804"), t, step - 1), step);
	assert_int_equal(totp_check(secret, S("08180"), t, 0), 0);
	assert_int_equal(totp_check(secret, S(""), t, 0), 0);
}

static void tells_apps_what_they_read(void **state)
{
	OWNED_BUF out = BUF_INIT;

	(void)state;
	totp_uri(secret, S("Skep"), S("a b@c"), &out);
	assert_string_equal(buf_cstr(&out),
			    "otpauth://totp/Skep:a%20b%40c?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
			    "&issuer=Skep&algorithm=SHA1&digits=6&period=30");
}

static void recovery_codes_are_read_as_typed(void **state)
{
	char code[RECOVERY_CODE_BYTES], again[RECOVERY_CODE_BYTES];

	(void)state;
	assert_int_equal(recovery_code_new(code, NULL), 0);
	assert_true(recovery_code_normal(str_from(code), again));
	assert_string_equal(code, again);
	assert_true(recovery_code_normal(S("abcd efgh ijkl2345"), again));
	assert_string_equal(again, "ABCD-EFGH-IJKL-2345");
	assert_false(recovery_code_normal(S("abcd efgh ijkl 234"), again));
	assert_false(recovery_code_normal(S("abcd efgh ijkl 23456"), again));
	assert_false(recovery_code_normal(S("abcd-efgh-ijkl-234!"), again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_the_codes_of_the_rfc),
		cmocka_unit_test(takes_a_code_once_and_near_its_time),
		cmocka_unit_test(tells_apps_what_they_read),
		cmocka_unit_test(recovery_codes_are_read_as_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
