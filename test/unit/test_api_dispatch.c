#include "unit.h"

#include "base/clock.h"
#include "codec/json.h"
#include "console/api/dispatch.h"
#include "console/api/openapi.h"
#include "console/api/problem.h"

/* Doors without a house: nobody is known but "Bearer good", who may do everything. */
static int identify(struct call *c, struct err *e)
{
	str credentials = c->request->header(c->request->headers, "Authorization");

	if (!credentials.p)
		return 0;
	if (!str_is(credentials, "Bearer good"))
		return err_set(e, EACCES, "no such token");
	c->who = (struct caller){ .how = CALLER_TOKEN, .user = 1, .permissions = PERMISSION_ALL };
	return 0;
}

static int audit(struct call *c UNUSED, const char *result UNUSED, struct err *e UNUSED)
{
	return 0;
}

static int begin(struct store *s UNUSED, struct err *e UNUSED)
{
	return 0;
}

static void rollback(struct store *s UNUSED)
{
}

static const struct api_doors doors = { identify, audit, begin, begin, rollback };

/* Headers are pairs of strings that end with NULL. */
static str header(const void *headers, const char *name)
{
	for (const char *const *h = headers; *h; h += 2)
		if (str_eq_nocase(str_from(h[0]), str_from(name)))
			return str_from(h[1]);
	return (str){ 0 };
}

struct house {
	struct api api;
	struct arena arena;
	struct api_reply reply;
};

static void ask(struct house *h, const char *method, const char *path, const char *const *headers)
{
	static const char *const none[] = { NULL };
	struct api_request r = { .method = str_from(method),
				 .path = str_from(path),
				 .peer = S("192.0.2.1"),
				 .headers = headers ? headers : none,
				 .header = header };

	arena_reset(&h->arena);
	api_answer(&h->api, (struct store *)h, &h->arena, &r, &h->reply);
}

static const char *reply_header(const struct house *h, const char *name)
{
	for (size_t i = 0; i < h->reply.header_count; i++)
		if (strcmp(h->reply.headers[i].name, name) == 0)
			return h->reply.headers[i].value.p;
	return NULL;
}

static int house_open(void **state)
{
	struct house *h = calloc(1, sizeof(*h));

	h->api.doors = &doors;
	arena_init(&h->arena, 0);
	*state = h;
	return 0;
}

static int house_close(void **state)
{
	struct house *h = *state;

	arena_done(&h->arena);
	limiter_free(h->api.by_address);
	free(h);
	return 0;
}

static void the_document_is_json(void **state)
{
	struct house *h = *state;
	struct value v;

	ask(h, "GET", "/api/v1/openapi.json", NULL);
	assert_int_equal(h->reply.status, 200);
	assert_string_equal(h->reply.type, "application/json");
	assert_int_equal(json_parse(h->reply.body, &h->arena, &v, NULL), 0);
	assert_str(value_get_str(&v, "openapi"), "3.1.0");
	assert_non_null(value_path(&v, "components.schemas.Alert"));
}

/* sql.h says which errors are the store's; none of them is told as the fault of who asked. */
static void what_fails_here_is_not_the_askers_fault(void **state)
{
	static const int ours[] = { ENOSPC,    EROFS,  EUCLEAN, EBADFD, EHOSTUNREACH,
				    ETIMEDOUT, EAGAIN, ENOEXEC, ENOMEM, EIO };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		assert_true(problem_row(problem_of(-ours[i]))->status >= 500);
	assert_string_equal(problem_row(problem_of(-EUCLEAN))->code, "store-damaged");
}

static void an_answer_is_named_by_its_bytes(void **state)
{
	struct house *h = *state;
	const char *headers[] = { "If-None-Match", NULL, NULL };
	char etag[64];

	ask(h, "GET", "/api/v1/openapi.json", NULL);
	snprintf(etag, sizeof(etag), "%s", reply_header(h, "ETag"));
	headers[1] = etag;
	ask(h, "GET", "/api/v1/openapi.json", headers);
	assert_int_equal(h->reply.status, 304);
	assert_int_equal(h->reply.body.n, 0);
	assert_string_equal(reply_header(h, "ETag"), etag);
	headers[1] = "\"other\", W/\"more\"";
	ask(h, "GET", "/api/v1/openapi.json", headers);
	assert_int_equal(h->reply.status, 200);
}

static void what_is_not_there_is_a_problem(void **state)
{
	struct house *h = *state;
	const char *const zh[] = { "accept-language", "fr;q=1, zh-CN, en", NULL };
	struct value v;

	ask(h, "GET", "/api/v1/nonesuch", NULL);
	assert_int_equal(h->reply.status, 404);
	assert_string_equal(h->reply.type, "application/problem+json");
	assert_int_equal(json_parse(h->reply.body, &h->arena, &v, NULL), 0);
	assert_str(value_get_str(&v, "code"), "not-found");
	assert_str(value_get_str(&v, "instance"), "/api/v1/nonesuch");
	ask(h, "GET", "/api/v1/nonesuch", zh);
	assert_true(str_search(h->reply.body, S("不存在")) < h->reply.body.n);
	ask(h, "DELETE", "/api/v1/openapi.json", NULL);
	assert_int_equal(h->reply.status, 405);
	assert_string_equal(reply_header(h, "Allow"), "GET");
	ask(h, "GET", "/api/v1/openapi.json/", NULL);
	assert_int_equal(h->reply.status, 404);
	ask(h, "GET", "", NULL);
	assert_int_equal(h->reply.status, 404);
}

static void who_asks_too_often_waits(void **state)
{
	struct house *h = *state;

	assert_int_equal(limiter_new(1, 2, &h->api.by_address, NULL), 0);
	ask(h, "GET", "/api/v1/openapi.json", NULL);
	ask(h, "GET", "/api/v1/openapi.json", NULL);
	assert_int_equal(h->reply.status, 200);
	ask(h, "GET", "/api/v1/openapi.json", NULL);
	assert_int_equal(h->reply.status, 429);
	assert_string_equal(reply_header(h, "Retry-After"), "1");
}

static void buckets_fill_again(void **state UNUSED)
{
	struct limiter *l;
	uint64_t now = 5 * SECOND_NS;

	assert_int_equal(limiter_new(2, 3, &l, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(limiter_take(l, S("a"), now), 0);
	assert_int_equal(limiter_take(l, S("a"), now), 1);
	assert_int_equal(limiter_take(l, S("b"), now), 0);
	now += SECOND_NS / 2;
	assert_int_equal(limiter_take(l, S("a"), now), 0);
	assert_int_equal(limiter_take(l, S("a"), now), 1);
	now += 3600 * SECOND_NS;
	for (int i = 0; i < 3; i++)
		assert_int_equal(limiter_take(l, S("a"), now), 0);
	assert_int_equal(limiter_take(l, S("a"), now), 1);
	/* a clock that stands or goes back gives nothing and takes nothing */
	assert_int_equal(limiter_take(l, S("a"), 0), 1);
	limiter_free(l);
}

static void one_network_is_one_peer(void **state UNUSED)
{
	assert_str(limiter_address(S("192.0.2.7")), "192.0.2.7");
	assert_str(limiter_address(S("2001:db8:1:2:3:4:5:6")), "2001:db8:1:2");
	assert_str(limiter_address(S("2001:db8::6")), "2001:db8");
	assert_str(limiter_address(S("::ffff:192.0.2.7")), "::ffff:192.0.2.7");
	assert_str(limiter_address(S("")), "");
}

/* Every path and operation is told once, and the table names no object twice for one. */
static void routes_are_sound(void **state UNUSED)
{
	size_t count;
	const struct route *routes = route_table(&count);

	for (size_t i = 0; i < count; i++) {
		struct route_match m;

		if (route_find(str_from(route_method_name(routes[i].method)),
			       str_from(routes[i].path), &m) < 0)
			fail_msg("%s is not found", routes[i].path);
		assert_ptr_equal(m.route, &routes[i]);
		assert_true((routes[i].shape == ROUTE_ONE || routes[i].shape == ROUTE_LIST) ==
			    (routes[i].answer != OBJECT_NONE));
		/* A GET changes something only where another site sends the browser back to us. */
		assert_true((routes[i].method == METHOD_GET) == (routes[i].effect == ROUTE_READS) ||
			    routes[i].method == METHOD_POST || routes[i].status == 302);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(routes[i].handler, routes[k].handler);
	}
}

/* The audit log shows what was done in these words: each has its own, in both languages. */
static void every_change_has_words(void **state UNUSED)
{
	size_t count;
	const struct route *routes = route_table(&count);

	for (size_t i = 0; i < count; i++) {
		const str en = route_words(&routes[i], LANG_EN),
			  zh = route_words(&routes[i], LANG_ZH);

		if (routes[i].effect == ROUTE_READS)
			continue;
		if (!en.n || en.n > 56 || !zh.n || (unsigned char)zh.p[0] < 0x80)
			fail_msg("%s %s has no words: '%.*s', '%.*s'",
				 route_method_name(routes[i].method), routes[i].path, STR_ARG(en),
				 STR_ARG(zh));
		for (size_t k = 0; k < i; k++)
			if (routes[k].effect != ROUTE_READS &&
			    (str_eq(en, route_words(&routes[k], LANG_EN)) ||
			     str_eq(zh, route_words(&routes[k], LANG_ZH))))
				fail_msg("%s and %s are told by the same words", routes[i].handler,
					 routes[k].handler);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_document_is_json, house_open, house_close),
		cmocka_unit_test_setup_teardown(an_answer_is_named_by_its_bytes, house_open,
						house_close),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_a_problem, house_open,
						house_close),
		cmocka_unit_test_setup_teardown(who_asks_too_often_waits, house_open, house_close),
		cmocka_unit_test(what_fails_here_is_not_the_askers_fault),
		cmocka_unit_test(buckets_fill_again),
		cmocka_unit_test(one_network_is_one_peer),
		cmocka_unit_test(routes_are_sound),
		cmocka_unit_test(every_change_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
