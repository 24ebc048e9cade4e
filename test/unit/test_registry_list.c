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

static int parse(const char *json, enum registry_listing what, struct registry_list *ret)
{
	return registry_list_parse(str_from(json), what, &arena, ret, NULL);
}

/* As the documents the header names show them. */
static void reads_the_lists_of_projects(void **state UNUSED)
{
	struct registry_list l;

	assert_int_equal(parse("[{\"project_id\":1,\"name\":\"library\",\"repo_count\":2},"
			       "{\"name\":\"a b\"},{\"name\":7},\"x\"]",
			       REGISTRY_HARBOR_PROJECTS, &l),
			 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.skipped, 3);
	assert_int_equal(parse("[{\"id\":4,\"name\":\"library/photon/x\",\"artifact_count\":1},"
			       "{\"name\":\"library/..\"}]",
			       REGISTRY_HARBOR_REPOSITORIES, &l),
			 0);
	assert_int_equal(l.count, 1);
	assert_str(l.names[0], "library/photon/x");
	assert_int_equal(parse("{\"errors\":[]}", REGISTRY_HARBOR_REPOSITORIES, &l), -EBADMSG);
	assert_int_equal(
		parse("[{\"id\":2,\"path_with_namespace\":\"Team/App\"},{\"path_with_namespace\":"
		      "\"Team/no\",\"container_registry_enabled\":false}]",
		      REGISTRY_GITLAB_PROJECTS, &l),
		0);
	assert_int_equal(l.count + l.skipped, 1);
	assert_str(l.names[0], "Team/App");
	assert_int_equal(parse("[{\"id\":2,\"name\":\"releases\",\"path\":\"group/project/"
			       "releases\",\"location\":\"gitlab.example.com:5000/group/project/"
			       "releases\"}]",
			       REGISTRY_GITLAB_REPOSITORIES, &l),
			 0);
	assert_str(l.names[0], "group/project/releases");
	assert_int_equal(parse("{\"repositories\":[{\"namespace\":\"team\",\"name\":\"app\","
			       "\"kind\":\"image\"},{\"name\":\"b\"}],\"next_page\":\"gAAA-_=\"}",
			       REGISTRY_QUAY_REPOSITORIES, &l),
			 0);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.skipped, 1);
	assert_str(l.names[0], "team/app");
	assert_str(l.next, "gAAA-_=");
	assert_int_equal(parse("{\"repositories\":[{\"namespace\":\"team\",\"name\":\"app\"}],"
			       "\"next_page\":\"a b\"}",
			       REGISTRY_QUAY_REPOSITORIES, &l),
			 -EBADMSG);
}

static str next_of(const char *link)
{
	str next;

	assert_int_equal(registry_list_next(str_from(link), &next, NULL), 0);
	return next;
}

static void follows_links_by_their_query(void **state UNUSED)
{
	struct err e = { 0 };
	char token[REGISTRY_PAGE_MAX * 2];
	str next;

	assert_str(next_of("</v2/_catalog?last=b&n=2>; rel=\"next\""), "last=b&n=2");
	assert_str(next_of("<https://other/x?a=1>;rel=prev, <y?b=%20c>; REL=next"), "b=%20c");
	assert_str(next_of("</v2/x?last=b>; rel=last"), "");
	assert_str(next_of("</v2/x?a"), "");
	assert_str(next_of(""), "");
	/* A list whose end cannot be asked for must not pass for a whole one. */
	assert_int_equal(registry_list_next(S("</v2/x>; rel=next"), &next, &e), -EBADMSG);
	assert_int_equal(registry_list_next(S("</v2/x?a b>; rel=next"), &next, &e), -EBADMSG);
	for (size_t n = 4000; n <= 12000; n += 8000) {
		snprintf(token, sizeof(token), "</v2/x?last=%0*d>; rel=next", (int)n, 1);
		assert_int_equal(registry_list_next(str_from(token), &next, &e),
				 n < REGISTRY_PAGE_MAX ? 0 : -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_may_be_a_name),
		cmocka_unit_test(reads_the_lists_of_projects),
		cmocka_unit_test(follows_links_by_their_query),
	};

	return cmocka_run_group_tests_name("registry_list", tests, arena_setup, arena_teardown);
}
