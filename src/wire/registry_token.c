#include "wire/registry_token.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "wire/http_retry.h"
#include "wire/url.h"

#define TOKEN_ANSWER_MAX (1u << 20)

/* Both a header's value and a form's must stay on their line. */
static bool is_clean(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 0x20 || s.p[i] == 0x7f)
			return false;
	return s.n > 0;
}

static void add_basic(struct buf *out, const struct docker_credential *c)
{
	OWNED_BUF plain = BUF_INIT;

	buf_add(&plain, c->user);
	buf_byte(&plain, ':');
	buf_add(&plain, c->password);
	buf_add(out, S("Authorization: Basic "));
	base64_encode(out, buf_str(&plain));
	explicit_bzero(plain.p, plain.n);
}

static void add_pair(struct buf *out, const char *key, str value)
{
	buf_printf(out, "%s=", key);
	url_escape(out, value);
	buf_byte(out, '&');
}

static void add_scope(struct buf *out, const struct auth_challenge *ch, str scope)
{
	if (ch->service.n)
		add_pair(out, "service", ch->service);
	if (scope.n)
		add_pair(out, "scope", scope);
}

static int take_token(const struct http_response *r, struct buf *ret, struct err *e)
{
	struct arena a;
	struct value v;
	str token;
	int result;

	arena_init(&a, TOKEN_ANSWER_MAX * 4);
	result = json_parse(buf_str(&r->body), &a, &v, NULL);
	token = value_get_str(result < 0 ? NULL : &v, "token");
	if (!token.n)
		token = value_get_str(result < 0 ? NULL : &v, "access_token");
	if (is_clean(token)) {
		buf_add(ret, S("Authorization: Bearer "));
		buf_add(ret, token);
		result = buf_error(ret) ? err_set(e, ENOMEM, "no memory for a token") : 0;
	} else {
		result = err_set(e, EPROTO, "the token service answers without a token");
	}
	arena_done(&a);
	return result;
}

/** @return as registry_token(), and -EINVAL: it does not understand what was asked for */
static int ask(struct http_client *c, const struct http_request *q, struct buf *ret, struct err *e)
{
	struct http_response r;
	OWNED_BUF shown = BUF_INIT;
	int result = http_retry(c, q, &r, e);

	if (result < 0)
		return result;
	url_redact(&shown, str_from(q->url));
	if (r.status == 401 || r.status == 403 || r.status == 400)
		result = err_set(e, r.status == 400 ? EINVAL : EACCES,
				 "%s refuses the credentials (%d)", buf_cstr(&shown), r.status);
	else if (r.status == 429 || r.status >= 500)
		result = err_set(e, EHOSTUNREACH, "%s answers %d", buf_cstr(&shown), r.status);
	else if (r.status / 100 != 2)
		result = err_set(e, EPROTO, "%s answers %d", buf_cstr(&shown), r.status);
	else
		result = err_wrap(e, take_token(&r, ret, e), "%s", buf_cstr(&shown));
	http_response_done(&r);
	return result;
}

/** @param scope empty: only who we are */
static int ask_for(struct http_client *c, str scope, const struct auth_challenge *ch,
		   const struct docker_credential *cred, struct buf *ret, struct err *e)
{
	OWNED_BUF url = BUF_INIT, form = BUF_INIT, basic = BUF_INIT;
	const char *headers[3] = { "Accept: application/json" };
	struct http_request q = { .headers = headers, .max_body = TOKEN_ANSWER_MAX };
	int r;

	buf_add(&url, ch->realm);
	if (cred->identity_token.n) {
		add_pair(&form, "grant_type", S("refresh_token"));
		add_pair(&form, "client_id", S("skep"));
		add_pair(&form, "refresh_token", cred->identity_token);
		add_scope(&form, ch, scope);
		headers[1] = "Content-Type: application/x-www-form-urlencoded";
		q.method = "POST";
		q.body = str_take(buf_str(&form), form.n - 1);
	} else {
		buf_byte(&url, str_find(ch->realm, '?') < ch->realm.n ? '&' : '?');
		if (cred->user.n) {
			add_pair(&url, "account", cred->user);
			add_basic(&basic, cred);
			headers[1] = buf_cstr(&basic);
		}
		add_scope(&url, ch, scope);
		url.n--;
	}
	q.url = buf_cstr(&url);
	r = buf_error(&url) || buf_error(&form) || buf_error(&basic)
		    ? err_set(e, ENOMEM, "no memory for a token request")
		    : ask(c, &q, ret, e);
	if (form.p)
		explicit_bzero(form.p, form.n);
	if (basic.p)
		explicit_bzero(basic.p, basic.n);
	return r;
}

/*
 * Quay's service knows no scope for the catalogue, and others refuse it to good credentials that may not list all, though the registry lets them. So who
 * they are is asked first, as "docker login" does: a wrong password is refused there, and not tried by another scope. Services lock out who does that.
 */
static int catalogue(struct http_client *c, const struct auth_challenge *ch,
		     const struct docker_credential *cred, struct buf *ret, struct err *e)
{
	const bool is_known = cred->user.n || cred->identity_token.n;
	OWNED_BUF all = BUF_INIT;
	int r = is_known ? ask_for(c, S(""), ch, cred, ret, e) : -EINVAL, wide;

	if (r < 0 && r != -EINVAL)
		return r;
	wide = ask_for(c, S("registry:catalog:*"), ch, cred, &all, e);
	if (r == 0 && (wide == -EINVAL || wide == -EACCES))
		return 0;
	if (wide == 0) {
		const struct buf was = *ret;

		*ret = all;
		all = was;
	}
	if (all.p)
		explicit_bzero(all.p, all.n);
	return wide;
}

/* The scope the registry asks for, else the one that pulling or the catalogue needs. */
static int bearer(struct http_client *c, str repository, const struct auth_challenge *ch,
		  const struct docker_credential *cred, struct buf *ret, struct err *e)
{
	OWNED_BUF scope = BUF_INIT;
	int r;

	if (ch->scope.n)
		buf_add(&scope, ch->scope);
	else if (repository.n)
		buf_printf(&scope, "repository:%.*s:pull", STR_ARG(repository));
	if (buf_error(&scope))
		return err_set(e, ENOMEM, "no memory for a token request");
	r = scope.n ? ask_for(c, buf_str(&scope), ch, cred, ret, e)
		    : catalogue(c, ch, cred, ret, e);
	return r == -EINVAL ? -EACCES : r;
}

/* A registry reached over TLS must not have the secret sent in the clear. */
static int check_realm(const char *base, str realm, bool insecure, struct err *e)
{
	struct url u;

	if (!is_clean(realm) || !url_split(realm, &u))
		return err_set(e, EPROTO, "the registry names a token service that is no URL");
	if (str_eq_nocase(u.scheme, S("https")))
		return 0;
	if (!str_eq_nocase(u.scheme, S("http")))
		return err_set(e, EPROTO,
			       "the registry names a token service that is not http or https");
	if (str_starts(str_from(base), S("https://")) && !insecure)
		return err_set(e, EACCES,
			       "the registry wants the credentials sent over plain http: refused");
	return 0;
}

int registry_token(struct http_client *c, const char *base, str repository,
		   const struct auth_challenge *challenge,
		   const struct docker_credential *credential, bool insecure, struct buf *ret,
		   struct err *e)
{
	OWNED_BUF header = BUF_INIT;
	int r = 0;

	if (is_clean(credential->registry_token))
		buf_printf(&header, "Authorization: Bearer %.*s",
			   STR_ARG(credential->registry_token));
	else if (challenge->scheme == AUTH_BASIC && credential->user.n)
		add_basic(&header, credential);
	else if (challenge->scheme == AUTH_BASIC)
		r = err_set(e, EACCES, "user name and password are needed: run \"docker login\"");
	else if (challenge->scheme == AUTH_BEARER)
		r = check_realm(base, challenge->realm, insecure, e);
	else
		r = err_set(e, EACCES, "it wants an authentication other than Basic and Bearer");
	if (r == 0 && header.n == 0)
		r = bearer(c, repository, challenge, credential, &header, e);
	if (r == 0 && buf_error(&header))
		r = err_set(e, ENOMEM, "no memory for credentials");
	if (r == 0) {
		buf_reset(ret);
		buf_add(ret, buf_str(&header));
		r = buf_error(ret) ? err_set(e, ENOMEM, "no memory for credentials") : 0;
	}
	if (header.p)
		explicit_bzero(header.p, header.n);
	return r;
}
