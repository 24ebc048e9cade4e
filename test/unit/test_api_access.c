/* Signing in and managing users by the API itself, on each engine: what is sent, what comes back, what the audit log holds. */
#include "base/clock.h"
#include "codec/json.h"
#include "console/access/access.h"
#include "console/access/totp.h"
#include "console/api/dispatch.h"
#include "console/store/audit_verify.h"
#include "store_stage.h"

/* A browser, or a program with a token. */
struct client {
	struct store *store;
	struct api api;
	struct access access;
	struct arena arena;
	char cookie[256], csrf[64], bearer[128];
	struct api_reply reply;
	struct value body;
};

static struct client *now;

static str header_of(const void *headers, const char *name)
{
	const struct client *c = headers;

	if (strcmp(name, "Cookie") == 0 && c->cookie[0])
		return str_from(c->cookie);
	if (strcmp(name, "X-Skep-Csrf") == 0 && c->csrf[0])
		return str_from(c->csrf);
	if (strcmp(name, "Authorization") == 0 && c->bearer[0])
		return str_from(c->bearer);
	if (strcmp(name, "Content-Type") == 0)
		return S("application/json");
	return (str){ 0 };
}

static str reply_header(const char *name)
{
	for (size_t i = 0; i < now->reply.header_count; i++)
		if (strcmp(now->reply.headers[i].name, name) == 0)
			return now->reply.headers[i].value;
	return (str){ 0 };
}

/* Asks and fails the test unless the status is @p want. */
static const struct value *ask(int want, const char *method, const char *path, const char *body)
{
	struct api_request r = { .method = str_from(method),
				 .path = str_from(path),
				 .body = str_from(body),
				 .peer = S("192.0.2.7"),
				 .tls = true,
				 .headers = now,
				 .header = header_of };

	api_answer(&now->api, now->store, &now->arena, &r, &now->reply);
	if (now->reply.status != want)
		fail_msg("%s %s: %d, want %d: %.*s", method, path, now->reply.status, want,
			 STR_ARG(now->reply.body));
	now->body = (struct value){ 0 };
	if (now->reply.type && !strstr(now->reply.type, "ndjson"))
		assert_int_equal(json_parse(now->reply.body, &now->arena, &now->body, NULL), 0);
	return &now->body;
}

static void keep_session(void)
{
	str set = reply_header("Set-Cookie");
	str pair = str_cut(&set, ';'), csrf = value_get_str(&now->body, "csrf");

	assert_true(pair.n < sizeof(now->cookie) && csrf.n < sizeof(now->csrf));
	assert_true(str_starts(pair, S("__Host-skep=")));
	snprintf(now->cookie, sizeof(now->cookie), "a=b; %.*s", STR_ARG(pair));
	snprintf(now->csrf, sizeof(now->csrf), "%.*s", STR_ARG(csrf));
}

static void forget_session(void)
{
	now->cookie[0] = now->csrf[0] = now->bearer[0] = '\0';
}

static void sign_in_as(int want, const char *name, const char *password)
{
	char body[512];

	forget_session();
	snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"}", name, password);
	ask(want, "POST", "/api/v1/session", body);
	if (want == 200)
		keep_session();
}

static void setup(struct client *c, struct store *s, char first[PASSWORD_RANDOM_BYTES])
{
	struct first_account accounts[FIRST_ACCOUNTS];
	size_t count;

	now = c;
	c->store = s;
	arena_init(&c->arena, (size_t)64 << 20);
	access_init(&c->access,
		    &(struct access_options){ .cost = { .memory_kib = 64, .passes = 1 } });
	c->api = (struct api){ .doors = &api_doors, .access = &c->access };
	OK(access_prepare(&c->access, s->sql, &stage_err));
	OK(access_first_password(&c->access, s->sql, accounts, &count, &stage_err));
	memcpy(first, accounts[0].password, PASSWORD_RANDOM_BYTES);
}

static void done(struct client *c)
{
	arena_done(&c->arena);
	access_done(&c->access);
}

static void change_password(const char *old, const char *new)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"old\":\"%s\",\"new\":\"%s\"}", old, new);
	ask(204, "POST", "/api/v1/session/password", body);
}

static void flow(struct store *s, const char *where)
{
	char first[PASSWORD_RANDOM_BYTES], made[64], path[64];
	struct client c = { 0 };
	str cookie;

	(void)where;
	setup(&c, s, first);
	ask(401, "GET", "/api/v1/session", "");
	ask(401, "GET", "/api/v1/users", "");
	sign_in_as(401, "admin", "wrong");
	assert_str(value_get_str(&c.body, "code"), "wrong-credentials");
	sign_in_as(200, "admin", first);
	cookie = reply_header("Set-Cookie");
	assert_true(str_search(cookie, S("; Secure; HttpOnly; SameSite=Strict")) < cookie.n);
	assert_true(value_is_true(value_get(&c.body, "mustChangePassword")));

	/* Nothing but the password, and not without the header. */
	ask(403, "GET", "/api/v1/users", "");
	assert_str(value_get_str(&c.body, "code"), "password-change-required");
	c.csrf[0] ^= 1;
	ask(403, "POST", "/api/v1/session/password", "{\"old\":\"x\",\"new\":\"y\"}");
	assert_str(value_get_str(&c.body, "code"), "csrf");
	c.csrf[0] ^= 1;
	ask(400, "POST", "/api/v1/session/password", "{\"old\":\"x\"}");
	change_password(first, "Blue-kettle-42");
	ask(200, "GET", "/api/v1/session", "");
	assert_int_equal(value_get(&c.body, "permissions")->count, PERMISSION_COUNT);

	/* A user is made, and may what the role says. */
	ask(400, "POST", "/api/v1/users", "{\"name\":\"no way!\",\"roles\":[]}");
	ask(404, "POST", "/api/v1/users", "{\"name\":\"eve\",\"roles\":[\"nothing\"]}");
	ask(201, "POST", "/api/v1/users",
	    "{\"name\":\"eve\",\"displayName\":\"<b>Eve</b>\",\"roles\":[\"read-only\"]}");
	snprintf(made, sizeof(made), "%.*s", STR_ARG(value_get_str(&c.body, "password")));
	snprintf(path, sizeof(path), "/api/v1/users/%.*s",
		 STR_ARG(value_str(value_path(&c.body, "user.id"))));
	ask(409, "POST", "/api/v1/users", "{\"name\":\"EVE\",\"roles\":[]}");
	ask(200, "GET", path, "");
	assert_str(value_get_str(&c.body, "displayName"), "<b>Eve</b>");
	ask(200, "PATCH", path, "{\"roles\":[\"developer\",\"read-only\"]}");
	assert_int_equal(value_get(&c.body, "roles")->count, 2);
	ask(200, "GET", "/api/v1/users", "");
	assert_int_equal(value_get(&c.body, "items")->count, 2);
	ask(404, "GET", "/api/v1/users/999", "");
	ask(404, "GET", "/api/v1/users/x", "");

	sign_in_as(200, "eve", made);
	change_password(made, "Green-teapot-7");
	ask(403, "GET", "/api/v1/users", "");
	ask(403, "POST", "/api/v1/users", "{\"name\":\"mallory\",\"roles\":[\"administrator\"]}");
	ask(403, "PATCH", path, "{\"roles\":[\"administrator\"]}");
	ask(403, "DELETE", path, "");
	ask(204, "DELETE", "/api/v1/session", "");
	ask(401, "GET", "/api/v1/session", "");
	sign_in_as(200, "admin", "Blue-kettle-42");
	ask(204, "DELETE", path, "");
	sign_in_as(401, "eve", "Green-teapot-7");
	done(&c);
}

static void a_user_is_made_and_refused_what_the_role_forbids(void **state)
{
	(void)state;
	store_stage_each(flow);
}

static void roles_and_tokens(struct store *s, const char *where)
{
	char first[PASSWORD_RANDOM_BYTES], path[64];
	struct client c = { 0 };

	(void)where;
	setup(&c, s, first);
	sign_in_as(200, "admin", first);
	change_password(first, "Blue-kettle-42");
	ask(200, "GET", "/api/v1/permissions", "");
	assert_int_equal(value_get(&c.body, "items")->count, PERMISSION_COUNT);
	ask(200, "GET", "/api/v1/roles", "");
	assert_int_equal(value_get(&c.body, "items")->count, 7);
	ask(400, "POST", "/api/v1/roles",
	    "{\"name\":\"shop\",\"permissions\":[\"alerts.read\"],\"scope\":[\"namespace\"]}");
	ask(400, "POST", "/api/v1/roles", "{\"name\":\"shop\",\"permissions\":[\"everything\"]}");
	ask(201, "POST", "/api/v1/roles",
	    "{\"name\":\"shop\",\"permissions\":[\"alerts.read\"],\"scope\":[\"namespace=shop\"],"
	    "\"groups\":[\"cn=shop,dc=example\"]}");
	snprintf(path, sizeof(path), "/api/v1/roles/%.*s", STR_ARG(value_get_str(&c.body, "id")));
	ask(409, "POST", "/api/v1/roles", "{\"name\":\"shop\",\"permissions\":[\"alerts.read\"]}");
	ask(200, "PUT", path,
	    "{\"name\":\"shop\",\"permissions\":[\"alerts.read\",\"rules.read\"]}");
	assert_int_equal(value_get(&c.body, "permissions")->count, 2);
	assert_int_equal(value_get(&c.body, "scope")->count, 0);
	ask(204, "DELETE", path, "");
	ask(403, "DELETE", "/api/v1/roles/1", "");

	ask(201, "POST", "/api/v1/tokens", "{\"name\":\"ci\",\"permissions\":[\"users.read\"]}");
	snprintf(c.bearer, sizeof(c.bearer), "Bearer %.*s",
		 STR_ARG(value_get_str(&c.body, "secret")));
	snprintf(path, sizeof(path), "/api/v1/tokens/%.*s",
		 STR_ARG(value_str(value_path(&c.body, "token.id"))));
	c.cookie[0] = c.csrf[0] = '\0';
	ask(200, "GET", "/api/v1/users", "");
	ask(403, "GET", "/api/v1/audit", "");
	ask(403, "POST", "/api/v1/tokens", "{\"name\":\"more\",\"permissions\":[\"users.read\"]}");
	ask(200, "GET", "/api/v1/tokens", "");
	assert_int_equal(value_get(&c.body, "items")->count, 1);
	sign_in_as(200, "admin", "Blue-kettle-42");
	ask(204, "DELETE", path, "");
	done(&c);
}

static void roles_and_tokens_are_managed(void **state)
{
	(void)state;
	store_stage_each(roles_and_tokens);
}

static void must_not_hold(str text, const char *secret)
{
	if (str_search(text, str_from(secret)) != text.n)
		fail_msg("a secret is told: '%s' in %.*s", secret, STR_ARG(text));
}

/* Whatever was done: no secret is in the log or in a later answer, and the chain holds. */
static void audit(struct store *s, const char *where)
{
	char first[PASSWORD_RANDOM_BYTES], token[128], totp[64], cookie[256];
	struct audit_report report;
	struct client c = { 0 };

	(void)where;
	setup(&c, s, first);
	c.access.seals = true;
	sign_in_as(401, "admin", "Wrong-Secret-1");
	sign_in_as(401, "Mistyped-Secret-2", "x");
	sign_in_as(200, "admin", first);
	snprintf(cookie, sizeof(cookie), "%.43s", c.cookie + sizeof("a=b; __Host-skep=") - 1);
	change_password(first, "Blue-kettle-42");
	ask(201, "POST", "/api/v1/tokens", "{\"name\":\"ci\",\"permissions\":[\"users.read\"]}");
	snprintf(token, sizeof(token), "%.*s", STR_ARG(value_get_str(&c.body, "secret")));
	ask(200, "POST", "/api/v1/session/totp", "");
	snprintf(totp, sizeof(totp), "%.*s", STR_ARG(value_get_str(&c.body, "secret")));
	ask(201, "POST", "/api/v1/users",
	    "{\"name\":\"eve\",\"password\":\"Made-Secret-3x\",\"roles\":[\"read-only\"]}");
	ask(403, "DELETE", "/api/v1/roles/1", "");

	ask(200, "GET", "/api/v1/audit", "");
	assert_true(value_get(&c.body, "items")->count >= 8);
	assert_str(value_get_str(value_at(value_get(&c.body, "items"), 0), "result"), "forbidden");
	assert_str(value_get_str(value_at(value_get(&c.body, "items"), 1), "action"),
		   "POST /api/v1/users");
	assert_str(value_get_str(value_at(value_get(&c.body, "items"), 1), "user"), "admin");
	assert_str(value_get_str(value_at(value_get(&c.body, "items"), 1), "address"), "192.0.2.7");

	ask(200, "GET", "/api/v1/audit/export", "");
	const char *const secrets[] = {
		first, "Wrong-Secret-1", "istyped-",       "Blue-kettle-42", token,
		totp,  cookie,           "Made-Secret-3x", "argon"
	};

	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		must_not_hold(c.reply.body, secrets[i]);
	OK(audit_verify(c.reply.body, NULL, 0, NULL, &c.arena, &report, &stage_err));
	assert_int_equal(report.fault_count, 0);
	assert_int_equal(report.first, 1);
	assert_true(report.rows >= 8 && report.rows == (size_t)report.last);
	assert_true(report.has_checkpoint);
	ask(200, "GET", "/api/v1/users", "");
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		must_not_hold(c.reply.body, secrets[i]);
	ask(200, "GET", "/api/v1/tokens", "");
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		must_not_hold(c.reply.body, secrets[i]);
	done(&c);
}

static void the_audit_log_tells_all_but_secrets(void **state)
{
	(void)state;
	store_stage_each(audit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_is_made_and_refused_what_the_role_forbids),
		cmocka_unit_test(roles_and_tokens_are_managed),
		cmocka_unit_test(the_audit_log_tells_all_but_secrets),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}
