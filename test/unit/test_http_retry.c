#include "unit.h"

#include "wire/http_retry.h"

static void reads_retry_after(void **state)
{
	(void)state;
	assert_int_equal(http_retry_after(S("120"), 0), 120);
	assert_int_equal(http_retry_after(S("Fri, 31 Dec 1999 23:59:59 GMT"), 946684790), 9);
	assert_int_equal(http_retry_after(S("Fri, 31 Dec 1999 23:59:59 GMT"), 946684800), 0);
	assert_int_equal(http_retry_after(S(""), 0), 0);
	assert_int_equal(http_retry_after(S("soon"), 0), 0);
	assert_int_equal(http_retry_after(S("-5"), 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_retry_after) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
