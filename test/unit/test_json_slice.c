#include "unit.h"

#include "codec/json_slice.h"

static void cuts_members_and_elements(void **state UNUSED)
{
	struct json_slice s;
	str k, v;

	assert_int_equal(
		json_slice_open(S(" {\"a\": {\"x\": \"}\\\"\"}, \"b\" : [1, [2]],\n\"c\":-1.5 } "),
				&s, NULL),
		0);
	assert_int_equal(json_slice_next(&s, &k, &v, NULL), 1);
	assert_str(k, "a");
	assert_str(v, "{\"x\": \"}\\\"\"}");
	assert_int_equal(json_slice_next(&s, &k, &v, NULL), 1);
	assert_str(v, "[1, [2]]");
	assert_int_equal(json_slice_next(&s, &k, &v, NULL), 1);
	assert_str(v, "-1.5");
	assert_int_equal(json_slice_next(&s, &k, &v, NULL), 0);
	assert_int_equal(json_slice_open(S("[\"x\",2]"), &s, NULL), 0);
	assert_int_equal(json_slice_next(&s, &k, &v, NULL), 1);
	assert_int_equal(k.n, 0);
	assert_str(v, "\"x\"");
	assert_int_equal(json_slice_next(&s, &k, &v, NULL), 1);
	assert_int_equal(json_slice_next(&s, &k, &v, NULL), 0);
	assert_str(json_slice_get(S("{\"a\":1,\"b\":\"two\"}"), S("b")), "\"two\"");
}

static void says_when_it_is_cut(void **state UNUSED)
{
	static const char *const bad[] = { "{\"a\"", "{\"a\":", "{\"a\":{", "{\"a\":\"x",
					   "[1",     "[1 2]",   "{a:1}",    "{\"a\":1 \"b\":2}" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct json_slice s;
		str k, v;
		int r = json_slice_open(str_from(bad[i]), &s, NULL);

		while (r == 0 || r == 1) {
			r = json_slice_next(&s, &k, &v, NULL);
			if (r == 0)
				break;
		}
		if (r != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_members_and_elements),
		cmocka_unit_test(says_when_it_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
