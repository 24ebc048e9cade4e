#include "unit.h"

static void cut_walks_fields(void **state UNUSED)
{
	str rest = S("a:b::c");

	assert_str(str_cut(&rest, ':'), "a");
	assert_str(str_cut(&rest, ':'), "b");
	assert_str(str_cut(&rest, ':'), "");
	assert_str(str_cut(&rest, ':'), "c");
	assert_int_equal(rest.n, 0);
}

static void lines_lose_their_ends(void **state UNUSED)
{
	str rest = S("one\r\ntwo\nthree");

	assert_str(str_line(&rest), "one");
	assert_str(str_line(&rest), "two");
	assert_str(str_line(&rest), "three");
	assert_int_equal(rest.n, 0);
}

static void numbers_are_digits_only(void **state UNUSED)
{
	uint64_t v;

	assert_int_equal(str_u64(S("18446744073709551615"), &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_u64(S("18446744073709551616"), &v), -ERANGE);
	assert_int_equal(str_u64(S("+1"), &v), -EBADMSG);
	assert_int_equal(str_u64(S(""), &v), -EBADMSG);
}

static void order_puts_prefix_first(void **state UNUSED)
{
	assert_true(str_cmp(S("ab"), S("abc")) < 0);
	assert_true(str_cmp(S("b"), S("abc")) > 0);
	assert_true(str_cmp(S("\xff"), S("a")) > 0);
	assert_int_equal(str_cmp((str){ 0 }, S("")), 0);
}

static void holds_in_any_case_wherever_it_stands(void **state UNUSED)
{
	assert_true(str_holds_nocase(S("liBSSl3"), S("ssl3")));
	assert_true(str_holds_nocase(S("ssl"), S("SSL")));
	assert_true(str_holds_nocase(S("ssl"), S("")));
	assert_true(str_holds_nocase((str){ 0 }, S("")));
	assert_false(str_holds_nocase(S("ss"), S("ssl")));
	assert_false(str_holds_nocase(S("lss"), S("sl")));
}

static void hex_is_of_small_letters(void **state UNUSED)
{
	assert_true(str_is_hex(S("0123456789abcdef")));
	assert_false(str_is_hex(S("")));
	assert_false(str_is_hex(S("AB")));
	assert_false(str_is_hex(S("12g")));
	assert_false(str_is_hex((str){ "1\0", 2 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_walks_fields),
		cmocka_unit_test(hex_is_of_small_letters),
		cmocka_unit_test(lines_lose_their_ends),
		cmocka_unit_test(numbers_are_digits_only),
		cmocka_unit_test(order_puts_prefix_first),
		cmocka_unit_test(holds_in_any_case_wherever_it_stands),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
