#include "base/word.h"

#include "unit.h"

static const char *const words[] = { "one", NULL, "three", "one" };

static void finds_the_first_of_equal_words(void **state UNUSED)
{
	assert_int_equal(WORD_FIND(words, S("one")), 0);
	assert_int_equal(WORD_FIND(words, S("three")), 2);
	assert_int_equal(word_find(words, 2, S("three")), -ENOENT);
}

static void takes_whole_words_alone(void **state UNUSED)
{
	assert_int_equal(WORD_FIND(words, S("thre")), -ENOENT);
	assert_int_equal(WORD_FIND(words, S("threes")), -ENOENT);
	assert_int_equal(WORD_FIND(words, S("One")), -ENOENT);
	assert_int_equal(WORD_FIND_NOCASE(words, S("ThrEe")), 2);
}

static void a_place_without_a_word_is_nobodys(void **state UNUSED)
{
	assert_int_equal(WORD_FIND(words, S("")), -ENOENT);
	assert_string_equal(WORD_NAME(words, 1), "unknown");
	assert_string_equal(WORD_NAME(words, 2), "three");
	assert_string_equal(WORD_NAME(words, 4), "unknown");
	assert_string_equal(WORD_NAME(words, -1), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_first_of_equal_words),
		cmocka_unit_test(takes_whole_words_alone),
		cmocka_unit_test(a_place_without_a_word_is_nobodys),
	};

	return cmocka_run_group_tests_name("word", tests, NULL, NULL);
}
