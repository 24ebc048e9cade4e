#include "unit.h"

#include "codec/auth_challenge.h"
#include "codec/base64.h"
#include "codec/docker_config.h"

static void reads_challenges(void **state)
{
	struct arena a;
	struct auth_challenge c;

	(void)state;
	arena_init(&a, 0);
	assert_int_equal(auth_challenge_parse(
				 S("Bearer realm=\"https://a/token?x=1\",service=\"r, \\\"s\\\"\","
				   "scope=\"repository:a/b:pull,push\",error=invalid_token"),
				 &a, &c, NULL),
			 0);
	assert_int_equal(c.scheme, AUTH_BEARER);
	assert_str(c.realm, "https://a/token?x=1");
	assert_str(c.service, "r, \"s\"");
	assert_str(c.scope, "repository:a/b:pull,push");
	assert_str(c.error, "invalid_token");

	assert_int_equal(auth_challenge_parse(S("Negotiate, Basic realm=\"x\", BEARER realm=y"), &a,
					      &c, NULL),
			 0);
	assert_int_equal(c.scheme, AUTH_BEARER);
	assert_str(c.realm, "y");
	assert_int_equal(auth_challenge_parse(S("basic realm=\"Registry Realm\""), &a, &c, NULL),
			 0);
	assert_int_equal(c.scheme, AUTH_BASIC);
	assert_int_equal(auth_challenge_parse(S("Digest qop=auth"), &a, &c, NULL), 0);
	assert_int_equal(c.scheme, AUTH_NONE);
	assert_int_equal(auth_challenge_parse(S("Bearer realm=\"open"), &a, &c, NULL), -EBADMSG);
	assert_int_equal(auth_challenge_parse(S("Bearer service=x"), &a, &c, NULL), -EBADMSG);
	arena_done(&a);
}

static void decodes_base64(void **state)
{
	static const struct {
		const char *plain, *coded;
	} rfc4648[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rfc4648); i++) {
		OWNED_BUF coded = BUF_INIT, plain = BUF_INIT;

		base64_encode(&coded, str_from(rfc4648[i].plain));
		assert_str(buf_str(&coded), rfc4648[i].coded);
		assert_int_equal(base64_decode(&plain, buf_str(&coded), NULL), 0);
		assert_str(buf_str(&plain), rfc4648[i].plain);
	}
	OWNED_BUF b = BUF_INIT;
	assert_int_equal(base64_decode(&b, S("Zg==="), NULL), -EBADMSG);
	assert_int_equal(base64_decode(&b, S("Z"), NULL), -EBADMSG);
	assert_int_equal(base64_decode(&b, S("Zm 9"), NULL), -EBADMSG);
}

static const char config[] =
	"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"bWU6cHc6Mg==\"},"
	"\"https://R.example:5000/v2/\":{\"username\":\"u\",\"password\":\"p\"},"
	"\"id.example\":{\"auth\":\"\",\"identitytoken\":\"tok\"},"
	"\"bad.example\":{\"auth\":\"aHVudGVyMg==\"}},"
	"\"credHelpers\":{\"ecr.example\":\"ecr-login\",\"evil.example\":\"../../bin/sh\"}}";

static void finds_credentials(void **state)
{
	struct arena a;
	struct docker_credential c;
	struct err e = { 0 };

	(void)state;
	arena_init(&a, 0);
	assert_int_equal(docker_config_find(str_from(config), S("docker.io"), &a, &c, NULL), 0);
	assert_str(c.user, "me");
	assert_str(c.password, "pw:2");
	assert_int_equal(docker_config_find(str_from(config), S("r.example:5000"), &a, &c, NULL),
			 0);
	assert_str(c.user, "u");
	assert_str(c.password, "p");
	assert_int_equal(docker_config_find(str_from(config), S("id.example"), &a, &c, NULL), 0);
	assert_str(c.identity_token, "tok");
	assert_int_equal(c.user.n, 0);
	assert_int_equal(docker_config_find(str_from(config), S("ecr.example"), &a, &c, NULL), 0);
	assert_str(c.helper, "ecr-login");
	assert_str(c.helper_key, "ecr.example");
	assert_int_equal(docker_config_find(str_from(config), S("other.example"), &a, &c, NULL), 0);
	assert_int_equal(c.user.n + c.helper.n + c.identity_token.n, 0);
	assert_int_equal(docker_config_find(str_from(config), S("evil.example"), &a, &c, NULL),
			 -EBADMSG);
	assert_int_equal(docker_config_find(str_from(config), S("bad.example"), &a, &c, &e),
			 -EBADMSG);
	assert_null(strstr(e.text, "hunter2"));
	assert_int_equal(
		docker_config_find(S("{\"credsStore\":\"pass\"}"), S("docker.io"), &a, &c, NULL),
		0);
	assert_str(c.helper, "pass");
	assert_str(c.helper_key, "https://index.docker.io/v1/");
	arena_done(&a);
}

static void reads_helper_answers(void **state)
{
	struct arena a;
	struct docker_credential c;
	struct err e = { 0 };

	(void)state;
	arena_init(&a, 0);
	assert_int_equal(docker_helper_parse(S("{\"ServerURL\":\"x\",\"Username\":\"u\",\"Secret\":"
					       "\"s\"}\n"),
					     &a, &c, NULL),
			 0);
	assert_str(c.user, "u");
	assert_str(c.password, "s");
	assert_int_equal(
		docker_helper_parse(S("{\"Username\":\"<token>\",\"Secret\":\"s\"}"), &a, &c, NULL),
		0);
	assert_str(c.identity_token, "s");
	assert_int_equal(docker_helper_parse(S("hunter2"), &a, &c, &e), -EBADMSG);
	assert_null(strstr(e.text, "hunter2"));
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_challenges),
		cmocka_unit_test(decodes_base64),
		cmocka_unit_test(finds_credentials),
		cmocka_unit_test(reads_helper_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
