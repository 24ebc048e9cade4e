#include "unit.h"

#include "codec/digest.h"

/* "sha256 of nothing", as sha256sum prints it. */
static const char nothing[] =
	"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void test_digests_are_read_as_written(void **state)
{
	char text[DIGEST_TEXT_BYTES];
	uint8_t sum[SHA256_BYTES], read[SHA256_BYTES] = { 0 };

	(void)state;
	sha256_of(S(""), sum);
	digest_render(sum, text);
	assert_string_equal(text, nothing);
	assert_int_equal(digest_parse(str_from(text), read, NULL), 0);
	assert_memory_equal(read, sum, sizeof(sum));
}

static void test_what_is_no_digest(void **state)
{
	uint8_t sum[SHA256_BYTES], before[SHA256_BYTES];
	char text[sizeof(nothing)];

	(void)state;
	memset(sum, 7, sizeof(sum));
	memcpy(before, sum, sizeof(sum));
	assert_int_equal(digest_parse(S("sha256:e3b0"), sum, NULL), -EBADMSG);
	assert_int_equal(digest_parse(S(""), sum, NULL), -EBADMSG);
	for (size_t i = 0; i + 1 < sizeof(nothing); i++) {
		memcpy(text, nothing, sizeof(nothing));
		text[i] = "GF/:\xff"[i % 5];
		assert_int_equal(digest_parse(str_from(text), sum, NULL), -EBADMSG);
		assert_memory_equal(sum, before, sizeof(sum));
	}
}

static void test_hex_is_each_byte(void **state)
{
	char text[2 * 256 + 1];
	uint8_t all[256], read[256];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	hex_render(all, sizeof(all), text);
	assert_int_equal(hex_parse(str_from(text), read), 0);
	assert_memory_equal(read, all, sizeof(all));
	assert_int_equal(hex_parse(S(""), read), 0);
	assert_int_equal(hex_parse(S("0"), read), 0);
	for (int c = 0; c < 256; c++) {
		char pair[] = { '0', (char)c };
		bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		assert_int_equal(hex_parse((str){ pair, 2 }, read), digit ? 0 : -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests_are_read_as_written),
		cmocka_unit_test(test_what_is_no_digest),
		cmocka_unit_test(test_hex_is_each_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
