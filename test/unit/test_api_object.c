#include "unit.h"

#include "codec/json.h"
#include "console/api/object.h"
#include "console/api/problem.h"

/* What is wrong with @p json as a @p id: "path: sentence" a line. */
static void assert_faults(enum object_id id, const char *json, const char *want)
{
	struct fault_list faults;
	struct err e = { 0 };
	struct value v;
	struct arena a;
	OWNED_BUF out = BUF_INIT;

	arena_init(&a, 0);
	if (json_parse(str_from(json), &a, &v, &e) < 0)
		fail_msg("%s: %s", json, e.text);
	assert_int_equal(object_check(id, &v, &a, &faults), 0);
	for (size_t i = 0; i < faults.count; i++)
		buf_printf(&out, "%.*s: %s\n", STR_ARG(faults.items[i].path),
			   faults.items[i].why.en);
	assert_str(buf_str(&out), want);
	arena_done(&a);
}

static void what_is_right_passes(void **state UNUSED)
{
	assert_faults(OBJECT_TRIAGE, "{\"state\":\"open\"}", "");
	assert_faults(OBJECT_TRIAGE, "{\"state\":\"false-positive\",\"note\":\"\"}", "");
	assert_faults(OBJECT_TRIAGE_MANY, "{\"ids\":[\"1\",\"2\"],\"state\":\"resolved\"}", "");
	assert_faults(OBJECT_ACCEPTANCE_NEW, "{\"reason\":\"r\",\"expires\":null}", "");
	assert_faults(OBJECT_ACCEPTANCE_NEW,
		      "{\"reason\":\"r\",\"expires\":\"2027-01-01T00:00:00Z\"}", "");
	assert_faults(OBJECT_ENROLMENT_NEW, "{\"labels\":{\"a/b\":\"c\"},\"uses\":100000}", "");
	assert_faults(OBJECT_NOTIFICATION_NEW,
		      "{\"name\":\"n\",\"kind\":\"mail\",\"settings\":[1,{\"a\":null}]}", "");
}

static void each_fault_has_its_place(void **state UNUSED)
{
	assert_faults(OBJECT_TRIAGE, "[]", ": an object is expected here\n");
	assert_faults(OBJECT_TRIAGE, "{}", "/state: is missing\n");
	assert_faults(
		OBJECT_TRIAGE, "{\"state\":\"closed\",\"who\":1}",
		"/state: one of these is expected here: {1}\n/who: there is no such member\n");
	assert_faults(OBJECT_TRIAGE, "{\"state\":null}",
		      "/state: one of these is expected here: {1}\n");
	assert_faults(OBJECT_TRIAGE_MANY, "{\"ids\":[\"1\",2,\"\"],\"state\":\"open\"}",
		      "/ids/1: a string is expected here\n/ids/2: must not be empty\n");
	assert_faults(OBJECT_TRIAGE_MANY, "{\"ids\":\"1\",\"state\":\"open\"}",
		      "/ids: an array is expected here\n");
	assert_faults(OBJECT_ENROLMENT_NEW, "{\"labels\":{\"a/b~\":1}}",
		      "/labels/a~1b~0: a string is expected here\n");
	assert_faults(OBJECT_ENROLMENT_NEW, "{\"uses\":0}", "/uses: must be at least {0}\n");
	assert_faults(OBJECT_ENROLMENT_NEW, "{\"uses\":1.5}",
		      "/uses: a whole number is expected here\n");
	assert_faults(OBJECT_ENROLMENT_NEW, "{\"uses\":1e300}",
		      "/uses: a whole number is expected here\n");
	assert_faults(OBJECT_ENROLMENT_NEW, "{\"expires\":\"tomorrow\"}",
		      "/expires: a time is expected here, such as 2026-01-31T12:00:00Z\n");
	assert_faults(
		OBJECT_SESSION,
		"{\"user\":{\"id\":7},\"permissions\":[],\"csrf\":\"\",\"expires\":\"2027-01-01\","
		"\"mustChangePassword\":false}",
		"/user/id: a string is expected here\n/user/name: is missing\n/user/displayName: "
		"is missing\n"
		"/user/roles: is missing\n/user/source: is missing\n/user/disabled: is missing\n"
		"/user/lastSignIn: is missing\n/user/totp: is missing\n/user/mustChangePassword: "
		"is missing\n");
	assert_faults(OBJECT_GRAPH,
		      "{\"nodes\":[],\"beyond\":[],\"edges\":[{\"from\":\"a\",\"to\":\"b\","
		      "\"kind\":\"c\"},{"
		      "\"from\":1,\"to\":\"b\",\"kind\":\"c\"}],"
		      "\"cut\":false}",
		      "/edges/1/from: a string is expected here\n");
}

static void faults_are_bounded(void **state UNUSED)
{
	OWNED_BUF json = BUF_INIT;
	struct fault_list faults;
	struct value v;
	struct arena a;

	arena_init(&a, 0);
	buf_add(&json, S("{\"state\":\"open\""));
	for (int i = 0; i < 100000; i++)
		buf_add(&json, S(",\"state\":\"open\""));
	buf_byte(&json, '}');
	assert_int_equal(json_parse(buf_str(&json), &a, &v, NULL), 0);
	assert_int_equal(object_check(OBJECT_TRIAGE, &v, &a, &faults), 0);
	assert_true(faults.count <= FAULT_MAX);
	arena_done(&a);
}

static void assert_query(const char *query, const char *want)
{
	static const enum object_id ids[] = { OBJECT_ALERT_QUERY, OBJECT_PAGE_QUERY, OBJECT_NONE };
	struct fault_list faults;
	struct value v = { 0 };
	struct arena a;
	OWNED_BUF out = BUF_INIT;

	arena_init(&a, 0);
	assert_int_equal(query_parse(str_from(query), ids, &a, &v, &faults), 0);
	VALUE_MEMBERS (m, &v) {
		buf_printf(&out, "%.*s=", STR_ARG(m->key));
		if (m->value.kind == VALUE_NUMBER)
			buf_printf(&out, "%lld", (long long)m->value.integer);
		buf_add(&out, m->value.kind == VALUE_STRING ? m->value.string : S(""));
		for (size_t i = 0; m->value.kind == VALUE_ARRAY && i < m->value.count; i++)
			buf_printf(&out, "[%.*s]", STR_ARG(m->value.items[i].string));
		buf_byte(&out, ';');
	}
	for (size_t i = 0; i < faults.count; i++)
		buf_printf(&out, "%.*s: %s\n", STR_ARG(faults.items[i].path),
			   faults.items[i].why.en);
	assert_str(buf_str(&out), want);
	arena_done(&a);
}

static void queries_become_objects(void **state UNUSED)
{
	assert_query("", "");
	assert_query("&&", "");
	assert_query("q=a+b%2Bc&limit=5", "q=a b+c;limit=5;");
	assert_query("state=open&state=resolved", "state=[open][resolved];");
	assert_query("q=%E4%B8%AD", "q=\xe4\xb8\xad;");
	assert_query("q=a=b", "q=a=b;");
}

static void queries_are_checked(void **state UNUSED)
{
	assert_query("limit=0", "limit=0;?limit: must be at least {0}\n");
	assert_query("limit=1001", "limit=1001;?limit: must be at most {0}\n");
	assert_query("limit=-9999999999999999999999",
		     "limit=;?limit: a whole number is expected\n");
	assert_query("limit=1&limit=2", "limit=1;?limit: given twice\n");
	assert_query("nonesuch=1", "?nonesuch: there is no such parameter\n");
	assert_query("q=%00", "?q: is no UTF-8 text\n");
	assert_query("q=%ff", "?q: is no UTF-8 text\n");
	assert_query("q=%2", "?q: is no UTF-8 text\n");
	assert_query("%zz=1", "?: the query string is malformed\n");
	assert_query("since=yesterday",
		     "since=yesterday;?since: a time is expected, such as 2026-01-31T12:00:00Z\n");
	assert_query("state=closed", "state=[closed];?state: one of these is expected: {1}\n");
}

static void problems_say_what_they_mean(void **state UNUSED)
{
	struct fault_list faults = { .count = 1 };
	struct problem p = { .id = PROBLEM_INVALID, .instance = S("/x"), .faults = &faults };
	OWNED_BUF out = BUF_INIT;

	faults.items[0] = (struct fault){ .path = S("/a"),
					  .why = { "at most {0} of {1}", "不超过 {0}，{1}" },
					  .bound = 7,
					  .allowed = S("x, y") };
	problem_render(&p, LANG_EN, &out);
	assert_str(buf_str(&out),
		   "{\"type\":\"about:blank\",\"title\":\"The request is not as it should "
		   "be\",\"status\":400,"
		   "\"code\":\"invalid\",\"detail\":\"The request is not as it should "
		   "be\",\"instance\":\"/x\","
		   "\"errors\":[{\"path\":\"/a\",\"message\":\"at most 7 of x, y\"}]}");
	buf_reset(&out);
	problem_render(&p, LANG_ZH, &out);
	assert_true(str_search(buf_str(&out), S("不超过 7，x, y")) < out.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_passes),
		cmocka_unit_test(each_fault_has_its_place),
		cmocka_unit_test(faults_are_bounded),
		cmocka_unit_test(queries_become_objects),
		cmocka_unit_test(queries_are_checked),
		cmocka_unit_test(problems_say_what_they_mean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
