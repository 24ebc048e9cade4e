#include "codec/mac.h"
#include "console/access/oidc.h"
#include "console/api/dispatch.h"
#include "console/store/store.h"

/* Lax, not Strict: the provider sends the browser back here from its own site. */
#define OIDC_COOKIE "__Host-skep-oidc"
#define OIDC_COOKIE_RULES "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age="

static int set_cookie(struct call *c, const char *name, str value, const char *rules, struct err *e)
{
	str text = arena_printf(c->arena, "%s=%.*s%s", name, STR_ARG(value), rules);

	if (!text.p || call_header(c, "Set-Cookie", text) < 0)
		return err_set(e, ENOBUFS, "the answer does not fit in memory");
	return 0;
}

static int redirect(struct call *c, str where, struct err *e)
{
	c->status = 302;
	c->type = "text/plain";
	if (call_header(c, "Location", where) < 0)
		return err_set(e, ENOBUFS, "the answer does not fit in memory");
	return 0;
}

int api_oidc_start(struct call *c, struct err *e)
{
	char secret[SECRET_TEXT_BYTES];
	OWNED_BUF url = BUF_INIT;
	int r = oidc_begin(c->api->access, secret, &url, e);

	if (r == 0)
		r = set_cookie(c, OIDC_COOKIE, str_from(secret), OIDC_COOKIE_RULES "600", e);
	secret_wipe(secret, sizeof(secret));
	return r < 0 ? r : redirect(c, buf_str(&url), e);
}

static int begin_session(struct call *c, const struct user *u, struct err *e)
{
	struct session_new session;
	int r = u->disabled ? err_set(e, EACCES, "the user is disabled")
			    : sql_begin(c->store->sql, e);

	if (r < 0)
		return r;
	r = users_note_sign_in(c->store->sql, u->id, c->now_ns, e);
	if (r == 0)
		r = session_begin(c->api->access, c->store->sql, u->id, c->request->peer,
				  c->request->header(c->request->headers, "User-Agent"), c->now_ns,
				  &session, e);
	r = sql_end(c->store->sql, r, e);
	if (r < 0)
		return r;
	r = set_cookie(c, API_COOKIE, str_from(session.secret),
		       "; Path=/; Secure; HttpOnly; SameSite=Strict", e);
	secret_wipe(session.secret, sizeof(session.secret));
	return r;
}

int api_oidc_callback(struct call *c, struct err *e)
{
	str secret = api_cookie(c, OIDC_COOKIE), code = call_query(c, "code");
	struct user u;
	int r;

	if (call_query(c, "error").n || !code.n)
		return err_set(e, EACCES, "the identity provider let nobody in");
	r = oidc_end(c->api->access, c->store->sql, secret, code, call_query(c, "state"), c->now_ns,
		     c->arena, &u, e);
	if (r == 0) {
		c->audit_name = u.name;
		r = begin_session(c, &u, e);
	}
	if (r == 0)
		r = set_cookie(c, OIDC_COOKIE, (str){ 0 }, OIDC_COOKIE_RULES "0", e);
	return r < 0 ? r : redirect(c, S("/"), e);
}
