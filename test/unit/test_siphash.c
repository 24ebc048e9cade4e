/* Hashes under a key: those of the paper, and keys that are drawn. */
#include "unit.h"

#include "codec/siphash.h"

static void gives_the_papers_hashes(void **state UNUSED)
{
	const struct siphash_key key = { { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u } };
	static const char bytes[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e";

	assert_true(siphash(&key, S("")) == 0x726fdb47dd0e0e31u);
	assert_true(siphash(&key, (str){ bytes, 8 }) == 0x93f5f5799a932462u);
	assert_true(siphash(&key, (str){ bytes, 15 }) == 0xa129ca6149be45e5u);
}

static void draws_another_key_each_time(void **state UNUSED)
{
	struct siphash_key a, b;

	assert_int_equal(siphash_key_draw(&a, NULL), 0);
	assert_int_equal(siphash_key_draw(&b, NULL), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_true(siphash(&a, S("name")) != siphash(&b, S("name")));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(gives_the_papers_hashes),
					    cmocka_unit_test(draws_another_key_each_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
