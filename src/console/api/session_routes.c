#include <stdio.h>

#include "codec/mac.h"
#include "console/access/account.h"
#include "console/access/sign_in.h"
#include "console/api/dispatch.h"
#include "console/api/user_json.h"
#include "console/store/store.h"

/* Only over TLS, only to this host, not for scripts, not from other sites (RFC 6265, and its __Host- prefix). */
static int set_cookie(struct call *c, str secret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;

	buf_add(&out, S(API_COOKIE "="));
	buf_add(&out, secret);
	buf_add(&out, S("; Path=/; Secure; HttpOnly; SameSite=Strict"));
	if (!secret.n)
		buf_add(&out, S("; Max-Age=0"));
	if (buf_error(&out) || call_header(c, "Set-Cookie", buf_str(&out)) < 0)
		return err_set(e, ENOBUFS, "the answer does not fit in memory");
	return 0;
}

static int write_session(struct call *c, struct err *e)
{
	struct role_names names;
	struct user u;
	int r = users_get(c->store->sql, c->who.user, c->arena, &u, e);

	if (r == 0)
		r = role_names_read(c, &names, e);
	if (r < 0)
		return r;
	json_object_open(&c->json);
	json_key(&c->json, "user");
	user_json(&c->json, &u, &names);
	permissions_json(&c->json, "permissions",
			 c->who.must_change_password ? 0 : c->who.permissions);
	json_put_str(&c->json, "csrf", c->who.csrf);
	call_put_time(&c->json, "expires", c->who.expires_ns);
	json_put_bool(&c->json, "mustChangePassword", c->who.must_change_password);
	json_object_close(&c->json);
	return 0;
}

int api_session_get(struct call *c, struct err *e)
{
	return write_session(c, e);
}

/* What was typed for a name is told only when it is one: people mistake the fields and type the password there. */
static str name_for_audit(struct call *c, str typed)
{
	char name[USER_NAME_BYTES + 1];
	struct user u;

	if (!user_name_normal(typed, name) ||
	    users_find(c->store->sql, str_from(name), c->arena, &u, NULL) < 0)
		return S("an unknown name");
	return u.name;
}

int api_session_ways(struct call *c, struct err *e)
{
	const struct access_options *o = &c->api->access->options;

	(void)e;
	json_object_open(&c->json);
	json_put_bool(&c->json, "password", true);
	json_put_bool(&c->json, "ldap", o->ldap != NULL);
	json_put_bool(&c->json, "oidc", o->oidc != NULL);
	json_object_close(&c->json);
	return 0;
}

int api_session_open(struct call *c, struct err *e)
{
	struct access *a = c->api->access;
	struct sign_in q = {
		.name = value_get_str(&c->body, "name"),
		.password = value_get_str(&c->body, "password"),
		.code = value_get_str(&c->body, "code"),
		.address = c->request->peer,
		.agent = c->request->header(c->request->headers, "User-Agent"),
	};
	struct sign_in_result in;
	int r;

	c->audit_name = name_for_audit(c, q.name);
	r = sign_in(a, c->store->sql, &q, c->now_ns, c->arena, &in, e);
	if (r == -EBUSY) {
		c->retry_after_s = in.wait_s;
		return -EDQUOT;
	}
	if (r == -ENOKEY)
		c->code = "totp-required";
	if (r == -EACCES) {
		c->code = q.code.n ? "wrong-credentials-or-code" : "wrong-credentials";
		return -EKEYREJECTED;
	}
	if (r < 0)
		return r;
	r = session_caller(a, c->store->sql, str_from(in.session.secret), c->request->peer,
			   c->now_ns, c->arena, &c->who, e);
	if (r == 0)
		r = set_cookie(c, str_from(in.session.secret), e);
	secret_wipe(in.session.secret, sizeof(in.session.secret));
	return r < 0 ? r : write_session(c, e);
}

int api_session_close(struct call *c, struct err *e)
{
	int r = session_end(c->store->sql, &c->who, e);

	return r < 0 ? r : set_cookie(c, (str){ 0 }, e);
}

int api_sessions_close(struct call *c, struct err *e)
{
	int r = session_end_all(c->store->sql, c->who.user, NULL, e);

	return r < 0 ? r : set_cookie(c, (str){ 0 }, e);
}

int api_session_password(struct call *c, struct err *e)
{
	int r = account_set_own_password(c->api->access, c->store->sql, &c->who,
					 value_get_str(&c->body, "old"),
					 value_get_str(&c->body, "new"), c->now_ns, c->arena, e);

	c->audit_target = c->who.name;
	return r == -EBUSY ? -EDQUOT : r;
}

int api_totp_begin(struct call *c, struct err *e)
{
	uint8_t secret[TOTP_SECRET_BYTES];
	OWNED_BUF text = BUF_INIT, uri = BUF_INIT;
	int r = account_begin_totp(c->api->access, c->store->sql, &c->who, c->arena, secret, e);

	c->audit_target = c->who.name;
	if (r < 0)
		return r;
	base32_encode(&text, (str){ (const char *)secret, sizeof(secret) });
	totp_uri(secret, S("Skep"), c->who.name, &uri);
	secret_wipe(secret, sizeof(secret));
	json_object_open(&c->json);
	json_put_str(&c->json, "secret", buf_str(&text));
	json_put_str(&c->json, "uri", buf_str(&uri));
	json_object_close(&c->json);
	return buf_error(&text) || buf_error(&uri)
		       ? err_set(e, ENOBUFS, "the answer does not fit in memory")
		       : 0;
}

int api_totp_confirm(struct call *c, struct err *e)
{
	char codes[RECOVERY_CODES][RECOVERY_CODE_BYTES];
	int r = account_confirm_totp(c->api->access, c->store->sql, &c->who,
				     value_get_str(&c->body, "code"), c->now_ns, c->arena, codes,
				     e);

	c->audit_target = c->who.name;
	if (r < 0)
		return r;
	json_object_open(&c->json);
	json_key(&c->json, "recoveryCodes");
	json_array_open(&c->json);
	for (size_t i = 0; i < RECOVERY_CODES; i++)
		json_cstr(&c->json, codes[i]);
	json_array_close(&c->json);
	json_object_close(&c->json);
	secret_wipe(codes, sizeof(codes));
	return 0;
}

int api_totp_drop(struct call *c, struct err *e)
{
	c->audit_target = c->who.name;
	return account_drop_totp(c->store->sql, &c->who, c->arena, e);
}
