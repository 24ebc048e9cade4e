#include "unit.h"

#include "codec/seal.h"

static const struct seal_key key = { .bytes = { 1, 2, 3 } };

static void what_was_sealed_opens(void **state UNUSED)
{
	static const char *const texts[] = { "", "x", "{\"password\":\"hush\"}" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		OWNED_BUF b = BUF_INIT;
		OWNED_BUF again = BUF_INIT;
		OWNED_BUF plain = BUF_INIT;

		assert_int_equal(seal(&key, S("receiver/7"), str_from(texts[i]), &b, NULL), 0);
		assert_int_equal(seal(&key, S("receiver/7"), str_from(texts[i]), &again, NULL), 0);
		assert_int_equal(b.n, strlen(texts[i]) + SEAL_EXTRA_BYTES);
		assert_false(str_eq(buf_str(&b), buf_str(&again)));
		assert_int_equal(seal_open(&key, S("receiver/7"), buf_str(&b), &plain, NULL), 0);
		assert_str(buf_str(&plain), texts[i]);
	}
}

/* A vector made with Python's cryptography: AESGCM(key).encrypt(nonce, b"hush", b"receiver/7"). */
static void it_is_aes_gcm(void **state UNUSED)
{
	OWNED_BUF plain = BUF_INIT;
	static const char sealed[] =
		"\x01\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\xed\xba\xa2\xf8\xa3\x9e\x72"
		"\x0d\xa1\x61\xa9\xcf\x2a\x72\x2a\xca\xe4\x66\x4e\x8b";

	assert_int_equal(
		seal_open(&key, S("receiver/7"), (str){ sealed, sizeof(sealed) - 1 }, &plain, NULL),
		0);
	assert_str(buf_str(&plain), "hush");
}

static void nothing_else_opens(void **state UNUSED)
{
	static const struct seal_key other = { .bytes = { 9 } };
	OWNED_BUF b = BUF_INIT;
	OWNED_BUF plain = BUF_INIT;

	assert_int_equal(seal(&key, S("receiver/7"), S("hush"), &b, NULL), 0);
	assert_int_equal(seal_open(&key, S("receiver/8"), buf_str(&b), &plain, NULL), -EBADMSG);
	assert_int_equal(seal_open(&other, S("receiver/7"), buf_str(&b), &plain, NULL), -EBADMSG);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] ^= 1;
		assert_int_equal(seal_open(&key, S("receiver/7"), buf_str(&b), &plain, NULL),
				 -EBADMSG);
		b.p[i] ^= 1;
		assert_int_equal(
			seal_open(&key, S("receiver/7"), str_take(buf_str(&b), i), &plain, NULL),
			-EBADMSG);
	}
	assert_int_equal(plain.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_opens),
		cmocka_unit_test(it_is_aes_gcm),
		cmocka_unit_test(nothing_else_opens),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
