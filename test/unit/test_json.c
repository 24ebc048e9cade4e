#include "unit.h"

#include "codec/json.h"
#include "codec/json_out.h"

static void reads_a_document(void **state UNUSED)
{
	struct arena a;
	struct value v;
	struct err e = { 0 };

	arena_init(&a, 0);
	assert_int_equal(json_parse(S("{\"a\": {\"b\": [1, 2.5, \"x\\u0000y\"]}, \"t\": true}\n"),
				    &a, &v, &e),
			 0);
	assert_int_equal(value_int(value_at(value_path(&v, "a.b"), 0), -1), 1);
	assert_true(value_num(value_at(value_path(&v, "a.b"), 1), 0) > 2.4);
	assert_int_equal(value_str(value_at(value_path(&v, "a.b"), 2)).n, 3);
	assert_true(value_is_true(value_get(&v, "t")));
	assert_null(value_path(&v, "a.c.d"));
	arena_done(&a);
}

static void refuses_what_is_not_json(void **state UNUSED)
{
	static const char *const bad[] = { "",         "{",        "{\"a\":1} x",
					   "[1,]",     "['a']",    "nul",
					   "\"\xff\"", "[\n1,\n}", "\"\xed\xbb\xbf\"" };
	struct arena a;
	struct value v;

	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = { 0 };

		if (json_parse(str_from(bad[i]), &a, &v, &e) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
		assert_true(e.text[0]);
	}
	arena_done(&a);
}

static void writes_valid_json(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &b, false);
	json_object_open(&j);
	json_put_str(&j, "bad\xff", S("a\"\\\n\x01\xc3\xa9\xed\xa0\x80"));
	json_key(&j, "n");
	json_array_open(&j);
	json_int(&j, -5);
	json_double(&j, 0.1530, 4);
	json_double(&j, 7, 1);
	json_null(&j);
	json_array_close(&j);
	json_put_strs(&j, "strs", (const str[]){ S("a b"), S("") }, 2);
	json_put_words(&j, "words", S(" a  b "));
	json_put_words(&j, "none", S(""));
	json_object_close(&j);
	assert_str(buf_str(&b),
		   "{\"bad\xef\xbf\xbd\":"
		   "\"a\\\"\\\\\\n\\u0001\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
		   "\"n\":[-5,0.153,7,null],\"strs\":[\"a b\",\"\"],\"words\":[\"a\",\"b\"],"
		   "\"none\":[]}");
}

/* Libraries differ in all of these; we do not. */
static void edges(void **state)
{
	static const char *const good[] = { "1", " 7 ", "\"\\\\é\"", "{\"é\":\"😀\"}", "null" };
	static const char *const bad[] = { "1 2",     "1,2", "1]",       "1],[2",
					   "[1,]",    "tru", "\"\xff\"", "\"\\é\"",
					   "{\"a\":", "'a'", "// no\n1" };
	struct arena a;
	struct value v;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(json_parse(str_from(good[i]), &a, &v, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (json_parse(str_from(bad[i]), &a, &v, NULL) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(json_parse(S("{\"é\":\"😀\"}"), &a, &v, NULL), 0);
	assert_str(value_get_str(&v, "é"), "😀");
	arena_done(&a);
}

/* Two readers must not find two meanings: of equal members some take the first and some the last. */
static void members_stand_once(void **state)
{
	static const char *const good[] = { "{}", "[{\"a\":1},{\"a\":1}]",
					    "{\"a\":{\"a\":\"a:b'c\"}}", "{\"a\\\"b\":\":\"}",
					    "7" };
	static const char *const bad[] = { "{\"a\":1,\"a\":1}", "{\"b\":[{\"a\":1,\"\\u0061\":2}]}",
					   "{'a':1}", "{'\"':\"x:y:z\",\"b\":2,\"b\":3}" };
	struct arena a;
	struct value v;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (json_parse_unique(str_from(good[i]), &a, &v, NULL) != 0)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (json_parse_unique(str_from(bad[i]), &a, &v, NULL) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges),
		cmocka_unit_test(members_stand_once),
		cmocka_unit_test(reads_a_document),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(writes_valid_json),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
