#include "unit.h"

#include "codec/reference.h"

#define SUM "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void fills_dockers_defaults(void **state)
{
	static const struct {
		const char *text, *full, *host;
	} cases[] = {
		{ "alpine", "docker.io/library/alpine:latest", "registry-1.docker.io" },
		{ "alpine:3.9", "docker.io/library/alpine:3.9", "registry-1.docker.io" },
		{ "docker.io/alpine", "docker.io/library/alpine:latest", "registry-1.docker.io" },
		{ "index.docker.io/a/b:1", "docker.io/a/b:1", "registry-1.docker.io" },
		{ "grafana/grafana", "docker.io/grafana/grafana:latest", "registry-1.docker.io" },
		{ "quay.io/a/b/c:v1", "quay.io/a/b/c:v1", "quay.io" },
		{ "localhost/x", "localhost/x:latest", "localhost" },
		{ "localhost:5000/x:y", "localhost:5000/x:y", "localhost:5000" },
		{ "[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000" },
		{ "HOST/x", "HOST/x:latest", "HOST" },
		{ "a@" SUM, "docker.io/library/a@" SUM, "registry-1.docker.io" },
		{ "r.io/a:t@" SUM, "r.io/a:t@" SUM, "r.io" },
		{ "r.io/a__b/c--d/e.f", "r.io/a__b/c--d/e.f:latest", "r.io" },
	};
	struct arena a;
	struct reference r;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(reference_parse(str_from(cases[i].text), &a, &r, NULL), 0);
		assert_str(reference_render(&r, &a), cases[i].full);
		assert_str(reference_host(&r), cases[i].host);
	}
	arena_done(&a);
}

static void refuses_what_is_none(void **state)
{
	static const char *const bad[] = {
		"",       ":tag",         "a:",        "a@",    "a@sha256:12", "a@md5:00",
		"Alpine", "a//b",         "a/",        "/a",    "r.io/",       "r.io:0/a",
		"a b",    "r.io:99999/a", "a..b",      "a___b", "-a",          "r.io/a:-t",
		"[::1/a", "[x::1]:5/a",   "r_.-.io/a", "a\n",   "..r.io/a",    "r.io./a",
	};
	struct arena a;
	struct reference r;

	(void)state;
	arena_init(&a, 0);
	assert_int_equal(reference_parse(S("r.io/a:t\0x"), &a, &r, NULL), -EBADMSG);
	assert_int_equal(reference_parse(S("[:\0:]/a"), &a, &r, NULL), -EBADMSG);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (reference_parse(str_from(bad[i]), &a, &r, NULL) != -EBADMSG)
			fail_msg("accepted '%s'", bad[i]);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_dockers_defaults),
		cmocka_unit_test(refuses_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
