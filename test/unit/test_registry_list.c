#include "unit.h"
#include "unit_arena.h"

#include "codec/registry_list.h"

static void keeps_what_may_be_a_name(void **state UNUSED)
{
	struct registry_list l;

	assert_int_equal(
		registry_list_parse(S("{\"repositories\":[\"a\",\"t/app\",\"UP\",\"../x\",7]}"),
				    REGISTRY_REPOSITORIES, &arena, &l, NULL),
		0);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.skipped, 3);
	assert_str(l.names[1], "t/app");
	assert_int_equal(registry_list_parse(S("{\"name\":\"a\",\"tags\":[\"UP\",\"a b\"]}"),
					     REGISTRY_TAGS, &arena, &l, NULL),
			 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(registry_list_parse(S("{\"tags\":null}"), REGISTRY_TAGS, &arena, &l, NULL),
			 0);
	assert_int_equal(l.count, 0);
	assert_int_equal(registry_list_parse(S("[]"), REGISTRY_TAGS, &arena, &l, NULL), -EBADMSG);
	assert_int_equal(registry_list_parse(S("{\"tags\":{}}"), REGISTRY_TAGS, &arena, &l, NULL),
			 -EBADMSG);
	assert_int_equal(registry_list_parse(S("<html>"), REGISTRY_TAGS, &arena, &l, NULL),
			 -EBADMSG);
}

static void follows_links_by_their_query(void **state UNUSED)
{
	assert_str(registry_list_next(S("</v2/_catalog?last=b&n=2>; rel=\"next\"")), "last=b&n=2");
	assert_str(registry_list_next(S("<https://other/x?a=1>;rel=prev, <y?b=%20c>; REL=next")),
		   "b=%20c");
	assert_str(registry_list_next(S("</v2/x?last=b>; rel=last")), "");
	assert_str(registry_list_next(S("</v2/x>; rel=next")), "");
	assert_str(registry_list_next(S("</v2/x?a b>; rel=next")), "");
	assert_str(registry_list_next(S("</v2/x?a")), "");
	assert_str(registry_list_next(S("")), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_may_be_a_name),
		cmocka_unit_test(follows_links_by_their_query),
	};

	return cmocka_run_group_tests_name("registry_list", tests, arena_setup, arena_teardown);
}
