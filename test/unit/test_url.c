#include "unit.h"

#include "wire/url.h"

static void splits_every_part(void **state)
{
	struct url u;

	(void)state;
	assert_true(url_split(S("https://me:pw@[::1]:5000/v2/a?token=x#f"), &u));
	assert_str(u.scheme, "https");
	assert_str(u.user, "me:pw");
	assert_str(u.host, "::1");
	assert_str(u.port, "5000");
	assert_str(u.path, "/v2/a");
	assert_str(u.query, "token=x");
	assert_true(url_split(S("http://host"), &u));
	assert_str(u.host, "host");
	assert_int_equal(u.port.n + u.path.n + u.query.n, 0);
	assert_false(url_split(S("/only/a/path"), &u));
	assert_false(url_split(S("http://"), &u));
	assert_false(url_split(S("http://[::1"), &u));
	assert_false(url_split(S("http://host:80x/"), &u));
	assert_true(url_split(S("http://host:65535/"), &u));
	assert_true(url_split(S("http://host:/"), &u));
	assert_false(url_split(S("http://host:65536/"), &u));
	assert_false(url_split(S("http://host:99999999999999999999/"), &u));
	assert_false(url_split(S("http://a host/"), &u));
	assert_false(url_split(S("http://a\thost/"), &u));
	assert_false(url_split(S("https://:443/"), &u));
}

static void tells_origins_apart(void **state)
{
	(void)state;
	assert_true(url_same_origin(S("https://a/x"), S("https://A:443/y")));
	assert_false(url_same_origin(S("https://a/x"), S("http://a/x")));
	assert_false(url_same_origin(S("https://a/x"), S("https://a:444/x")));
	assert_false(url_same_origin(S("https://a/x"), S("https://b/x")));
	assert_false(url_same_origin(S("https://a@b/x"), S("https://a/x")));
}

static void shows_no_secret(void **state)
{
	static const char *const secret[] = {
		"https://user:hunter2@host/p?sig=hunter2#hunter2",
		"user:hunter2@host/p?sig=hunter2",
		"https://host/p#access_token=hunter2",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
		OWNED_BUF b = BUF_INIT;

		url_redact(&b, str_from(secret[i]));
		assert_null(strstr(buf_cstr(&b), "hunter2"));
		assert_non_null(strstr(buf_cstr(&b), "host/p"));
	}
}

static void knows_loopback(void **state)
{
	(void)state;
	assert_true(url_is_loopback(S("localhost")));
	assert_true(url_is_loopback(S("127.8.0.1")));
	assert_true(url_is_loopback(S("::1")));
	assert_false(url_is_loopback(S("127.evil.example")));
	assert_false(url_is_loopback(S("localhost.example")));
}

static void escapes_for_paths_and_values(void **state)
{
	OWNED_BUF b = BUF_INIT;

	(void)state;
	url_escape_path(&b, S("a b/c:d?e"));
	buf_byte(&b, ' ');
	url_escape(&b, S("a/b:c"));
	assert_string_equal(buf_cstr(&b), "a%20b/c:d%3Fe a%2Fb%3Ac");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_every_part),
		cmocka_unit_test(tells_origins_apart),
		cmocka_unit_test(shows_no_secret),
		cmocka_unit_test(knows_loopback),
		cmocka_unit_test(escapes_for_paths_and_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
