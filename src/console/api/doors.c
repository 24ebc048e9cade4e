#include "console/access/session.h"
#include "console/api/dispatch.h"
#include "console/store/audit.h"
#include "console/store/store.h"

static str header(const struct call *c, const char *name)
{
	return c->request->header(c->request->headers, name);
}

str api_cookie(const struct call *c, const char *name)
{
	str all = header(c, "Cookie");

	while (all.n) {
		str value = str_cut(&all, ';'), key = str_cut(&value, '=');

		if (str_is(str_trim(key), name))
			return str_trim(value);
	}
	return (str){ 0 };
}

static bool bearer(str credentials, str *ret)
{
	str scheme = str_cut(&credentials, ' ');

	if (!str_eq_nocase(scheme, S("bearer")))
		return false;
	*ret = str_trim(credentials);
	return true;
}

/* A token goes before a cookie: who sends one means it. */
static int identify(struct call *c, struct err *e)
{
	str authorization = header(c, "Authorization"), secret;
	int r;

	if (authorization.p) {
		if (!bearer(authorization, &secret))
			return err_set(e, EACCES, "only bearer tokens are taken");
		r = api_token_caller(c->api->access, c->store->sql, secret, c->request->peer,
				     c->now_ns, c->arena, &c->who, e);
	} else {
		secret = api_cookie(c, API_COOKIE);
		if (!secret.n)
			return 0;
		r = session_caller(c->api->access, c->store->sql, secret, c->request->peer,
				   c->now_ns, c->arena, &c->who, e);
	}
	if (r == 0 && c->who.how == CALLER_NONE)
		return err_set(e, EACCES, "these credentials are not good");
	return r;
}

static const char *how(const struct caller *who)
{
	switch (who->how) {
	case CALLER_SESSION:
		return "session";
	case CALLER_TOKEN:
		return "token";
	default:
		return "none";
	}
}

static int audit(struct call *c, const char *result, struct err *e)
{
	struct audit_entry entry = {
		.time_ns = c->now_ns,
		.user = c->who.user,
		.name = c->audit_name.n ? c->audit_name : c->who.name,
		.how = str_from(how(&c->who)),
		.address = c->request->peer,
		.action = arena_printf(c->arena, "%s %s", route_method_name(c->route->method),
				       c->route->path),
		.target = c->audit_target.n ? c->audit_target : c->id,
		.result = str_from(result),
		.before = c->audit_before,
		.after = c->audit_after,
	};

	if (!entry.action.p)
		return err_set(e, ENOBUFS, "audit: memory budget spent");
	return audit_append(c->store, &entry, c->arena, e);
}

static int begin(struct store *s, struct err *e)
{
	return sql_begin(s->sql, e);
}

static int commit(struct store *s, struct err *e)
{
	return sql_commit(s->sql, e);
}

static void rollback(struct store *s)
{
	sql_rollback(s->sql);
}

const struct api_doors api_doors = { identify, audit, begin, commit, rollback };
