#include "unit.h"

#include "codec/zstd.h"

static void gives_back_what_it_was_given(void **state UNUSED)
{
	OWNED_BUF raw = BUF_INIT, stored = BUF_INIT, again = BUF_INIT;
	struct err e = { 0 };

	for (int i = 0; i < 300000; i++)
		buf_printf(&raw, "%d,", i % 977);
	assert_int_equal(zstd_compress(buf_str(&raw), 3, &stored, &e), 0);
	assert_true(stored.n < raw.n / 10);
	assert_int_equal(zstd_decompress(buf_str(&stored), raw.n, &again, &e), 0);
	assert_true(str_eq(buf_str(&raw), buf_str(&again)));

	buf_reset(&again);
	assert_int_equal(zstd_decompress(buf_str(&stored), raw.n - 1, &again, &e), -E2BIG);
	assert_int_equal(
		zstd_decompress(str_take(buf_str(&stored), stored.n - 1), raw.n, &again, &e),
		-EBADMSG);
	stored.p[stored.n / 2] ^= 0x20;
	assert_int_equal(zstd_decompress(buf_str(&stored), raw.n, &again, &e), -EBADMSG);
	assert_int_equal(again.n, 0);
}

static void empty_input_makes_a_frame(void **state UNUSED)
{
	OWNED_BUF stored = BUF_INIT, again = BUF_INIT;

	assert_int_equal(zstd_compress((str){ 0 }, 3, &stored, NULL), 0);
	assert_true(stored.n > 0);
	assert_int_equal(zstd_decompress(buf_str(&stored), 0, &again, NULL), 0);
	assert_int_equal(again.n, 0);
	assert_int_equal(zstd_decompress((str){ 0 }, 10, &again, NULL), -EBADMSG);
}

static void small_frames_share_a_dictionary(void **state UNUSED)
{
	OWNED_BUF samples = BUF_INIT, dict = BUF_INIT, stored = BUF_INIT;
	size_t sizes[400];
	struct zstd_packer *p = NULL;
	struct zstd_unpacker *u = NULL;
	char out[64];
	str raw = S("vulnerability 123456 of package 123");

	for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t before = samples.n;

		buf_printf(&samples, "vulnerability %u of package %u allows %u attackers", i * 7919,
			   i, i * 31);
		sizes[i] = samples.n - before;
	}
	assert_int_equal(zstd_train(buf_str(&samples), sizes, ARRAY_LEN(sizes), 4096, &dict, NULL),
			 0);
	assert_true(dict.n > 0);
	assert_int_equal(zstd_packer_new(buf_str(&dict), 3, &p, NULL), 0);
	assert_int_equal(zstd_unpacker_new(buf_str(&dict), &u, NULL), 0);
	assert_int_equal(zstd_pack(p, raw, &stored, NULL), 0);
	assert_true(stored.n < raw.n);
	assert_int_equal(zstd_unpack(u, buf_str(&stored), out, raw.n, NULL), 0);
	assert_true(str_eq((str){ out, raw.n }, raw));
	assert_int_equal(zstd_unpack(u, buf_str(&stored), out, raw.n + 1, NULL), -EBADMSG);
	assert_int_equal(zstd_unpack(u, buf_str(&stored), out, raw.n - 1, NULL), -EBADMSG);
	zstd_packer_free(p);
	zstd_unpacker_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_it_was_given),
		cmocka_unit_test(empty_input_makes_a_frame),
		cmocka_unit_test(small_frames_share_a_dictionary),
	};

	return cmocka_run_group_tests_name("zstd", tests, NULL, NULL);
}
