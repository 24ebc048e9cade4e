#include "console/access/oidc.h"

#include <stdio.h>

#include "base/clock.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/mac.h"
#include "console/access/directory_priv.h"
#include "console/access/jwt.h"
#include "wire/http.h"
#include "wire/url.h"

#define DEFAULT_TIMEOUT_S 10
#define MAX_DOCUMENT (1u << 20)
#define MAX_GROUPS 1000

/* What the provider says of itself. */
struct provider {
	str authorization, token, keys;
	bool by_post; /**< wants the client's secret in the body */
};

/* One thing derived from the browser's secret, different for each use. */
static int derive(str secret, const char *use, struct buf *out)
{
	uint8_t sum[SHA256_BYTES];

	hmac_sha256(secret, str_from(use), sum);
	base64url_encode(out, (str){ (const char *)sum, sizeof(sum) });
	return buf_error(out);
}

static int check_url(str url, struct err *e)
{
	struct url u;

	if (url_split(url, &u) && (str_eq_nocase(u.scheme, S("https")) ||
				   (str_eq_nocase(u.scheme, S("http")) && url_is_loopback(u.host))))
		return 0;
	return err_set(e, EPROTO, "the identity provider has an address without TLS: '%.*s'",
		       STR_ARG(str_take(url, 200)));
}

static int new_client(const struct oidc_options *o, struct http_client **ret, struct err *e)
{
	return http_client_new(
		&(struct http_options){ .ca_file = o->ca_file,
					.stall_s = o->timeout_s ? o->timeout_s : DEFAULT_TIMEOUT_S,
					.user_agent = "skep-console" },
		ret, e);
}

/* One exchange whose answer is a JSON object. */
static int ask(struct http_client *c, const struct http_request *q, struct arena *a,
	       struct value *ret, struct err *e)
{
	struct http_response r;
	int n = check_url(str_from(q->url), e);

	if (n == 0)
		n = http_exchange(c, q, &r, e);
	if (n < 0)
		return err_wrap(e, n, "identity provider");
	if (r.status != 200)
		n = err_set(e, EPROTO, "the identity provider answers %d", r.status);
	else if (json_parse(buf_str(&r.body), a, ret, e) < 0 || ret->kind != VALUE_OBJECT)
		n = err_set(e, EPROTO, "the identity provider's answer is no JSON object");
	http_response_done(&r);
	return n;
}

static int get(struct http_client *c, str url, struct arena *a, struct value *ret, struct err *e)
{
	str terminated = arena_str(a, url);

	if (!terminated.p)
		return err_set(e, ENOBUFS, "identity provider: memory budget spent");
	return ask(c, &(struct http_request){ .url = terminated.p, .max_body = MAX_DOCUMENT }, a,
		   ret, e);
}

static int discover(const struct oidc_options *o, struct http_client *c, struct arena *a,
		    struct provider *ret, struct err *e)
{
	str issuer = str_from(o->issuer), url;
	struct value v;
	bool basic = false, post = false;
	int r;

	while (str_ends(issuer, S("/")))
		issuer.n--;
	url = arena_printf(a, "%.*s/.well-known/openid-configuration", STR_ARG(issuer));
	if (!url.p)
		return err_set(e, ENOBUFS, "identity provider: memory budget spent");
	r = get(c, url, a, &v, e);
	if (r < 0)
		return r;
	/* OpenID Connect Discovery 1.0, 4.3: else one provider could speak for another. */
	if (!str_is(value_get_str(&v, "issuer"), o->issuer))
		return err_set(e, EPROTO, "the identity provider calls itself '%.*s'",
			       STR_ARG(str_take(value_get_str(&v, "issuer"), 200)));
	VALUE_EACH (m, value_get(&v, "token_endpoint_auth_methods_supported")) {
		basic |= str_is(value_str(m), "client_secret_basic");
		post |= str_is(value_str(m), "client_secret_post");
	}
	*ret = (struct provider){ .authorization = value_get_str(&v, "authorization_endpoint"),
				  .token = value_get_str(&v, "token_endpoint"),
				  .keys = value_get_str(&v, "jwks_uri"),
				  .by_post = post && !basic };
	if (!ret->authorization.n || !ret->token.n || !ret->keys.n)
		return err_set(e, EPROTO, "the identity provider names no endpoints");
	return check_url(ret->authorization, e);
}

static void add_parameter(struct buf *out, const char *name, str value)
{
	if (out->n && out->p[out->n - 1] != '?' && out->p[out->n - 1] != '&')
		buf_byte(out, '&');
	buf_printf(out, "%s=", name);
	url_escape(out, value);
}

static int write_url(const struct oidc_options *o, const struct provider *p, str secret,
		     struct buf *out, struct err *e)
{
	OWNED_BUF state = BUF_INIT, nonce = BUF_INIT, verifier = BUF_INIT, challenge = BUF_INIT;
	uint8_t sum[SHA256_BYTES];

	if (derive(secret, "state", &state) || derive(secret, "nonce", &nonce) ||
	    derive(secret, "verifier", &verifier))
		return err_set(e, ENOBUFS, "identity provider: memory budget spent");
	sha256_of(buf_str(&verifier), sum);
	base64url_encode(&challenge, (str){ (const char *)sum, sizeof(sum) });
	buf_add(out, p->authorization);
	if (str_find(p->authorization, '?') == p->authorization.n)
		buf_byte(out, '?');
	add_parameter(out, "response_type", S("code"));
	add_parameter(out, "client_id", str_from(o->client_id));
	add_parameter(out, "redirect_uri", str_from(o->redirect));
	add_parameter(out, "scope", str_from(o->scope ? o->scope : "openid profile email groups"));
	add_parameter(out, "state", buf_str(&state));
	add_parameter(out, "nonce", buf_str(&nonce));
	add_parameter(out, "code_challenge", buf_str(&challenge));
	add_parameter(out, "code_challenge_method", S("S256"));
	if (buf_error(&challenge) || buf_error(out))
		return err_set(e, ENOBUFS, "identity provider: memory budget spent");
	return 0;
}

int oidc_begin(struct access *a, char ret_secret[SECRET_TEXT_BYTES], struct buf *ret_url,
	       struct err *e)
{
	const struct oidc_options *o = a->options.oidc;
	char secret[SECRET_TEXT_BYTES];
	struct http_client *c;
	struct provider p;
	struct arena arena;
	int r;

	if (!o)
		return err_set(e, EOPNOTSUPP, "no identity provider is set up");
	r = new_client(o, &c, e);
	if (r < 0)
		return r;
	arena_init(&arena, (size_t)16 << 20);
	r = discover(o, c, &arena, &p, e);
	if (r == 0)
		r = secret_new(secret, e);
	if (r == 0)
		r = write_url(o, &p, str_from(secret), ret_url, e);
	if (r == 0)
		memcpy(ret_secret, secret, sizeof(secret));
	arena_done(&arena);
	http_client_free(c);
	return r;
}

/* "Authorization: Basic" of both, form-encoded (RFC 6749, 2.3.1). */
static int basic_header(const struct oidc_options *o, struct buf *out)
{
	OWNED_BUF pair = BUF_INIT;

	url_escape(&pair, str_from(o->client_id));
	buf_byte(&pair, ':');
	url_escape(&pair, str_from(o->client_secret));
	buf_add(out, S("Authorization: Basic "));
	base64_encode(out, buf_str(&pair));
	return buf_error(&pair) ? buf_error(&pair) : buf_error(out);
}

static int trade(const struct oidc_options *o, const struct provider *p, struct http_client *c,
		 str secret, str code, struct arena *a, str *ret, struct err *e)
{
	OWNED_BUF verifier = BUF_INIT, body = BUF_INIT, basic = BUF_INIT;
	const char *headers[] = { "Content-Type: application/x-www-form-urlencoded",
				  "Accept: application/json", NULL, NULL };
	str url = arena_str(a, p->token);
	struct value v;
	int r;

	if (derive(secret, "verifier", &verifier) || !url.p)
		return err_set(e, ENOBUFS, "identity provider: memory budget spent");
	add_parameter(&body, "grant_type", S("authorization_code"));
	add_parameter(&body, "code", code);
	add_parameter(&body, "redirect_uri", str_from(o->redirect));
	add_parameter(&body, "code_verifier", buf_str(&verifier));
	if (!o->client_secret || p->by_post)
		add_parameter(&body, "client_id", str_from(o->client_id));
	if (o->client_secret && p->by_post)
		add_parameter(&body, "client_secret", str_from(o->client_secret));
	if (o->client_secret && !p->by_post) {
		if (basic_header(o, &basic))
			return err_set(e, ENOBUFS, "identity provider: memory budget spent");
		headers[2] = buf_cstr(&basic);
	}
	if (buf_error(&body))
		return err_set(e, ENOBUFS, "identity provider: memory budget spent");
	r = ask(c,
		&(struct http_request){ .method = "POST",
					.url = url.p,
					.headers = headers,
					.body = buf_str(&body),
					.max_body = MAX_DOCUMENT },
		a, &v, e);
	if (r < 0)
		return r;
	*ret = value_get_str(&v, "id_token");
	return ret->n ? 0 : err_set(e, EPROTO, "the identity provider gave no id_token");
}

static int check_state(str secret, str state, struct err *e)
{
	OWNED_BUF right = BUF_INIT;

	if (secret.n != SECRET_TEXT_BYTES - 1 || derive(secret, "state", &right) ||
	    !secret_eq(buf_str(&right), state))
		return err_set(e, EACCES, "this is not the sign-in that was begun here");
	return 0;
}

static int check_token(const struct oidc_options *o, const struct provider *p,
		       struct http_client *c, str secret, str token, int64_t now_ns,
		       struct arena *a, struct jwt *ret, struct err *e)
{
	OWNED_BUF nonce = BUF_INIT;
	struct value keys;
	int r = derive(secret, "nonce", &nonce)
			? err_set(e, ENOBUFS, "identity provider: memory budget spent")
			: jwt_parse(token, a, ret, e);

	if (r == 0)
		r = get(c, p->keys, a, &keys, e);
	if (r == 0)
		r = jwt_verify(ret, &keys, a, e);
	if (r == 0)
		r = jwt_check(ret,
			      &(struct jwt_wanted){ .issuer = str_from(o->issuer),
						    .audience = str_from(o->client_id),
						    .nonce = buf_str(&nonce),
						    .now_s = now_ns / (int64_t)SECOND_NS },
			      e);
	return r;
}

static int admit(struct access *a, struct sql *s, const struct oidc_options *o,
		 const struct value *claims, int64_t now_ns, struct arena *arena, struct user *ret,
		 struct err *e)
{
	const struct value *groups =
		value_get(claims, o->groups_claim ? o->groups_claim : "groups");
	size_t count =
		groups && groups->kind == VALUE_ARRAY ? MIN(groups->count, (size_t)MAX_GROUPS) : 0;
	str *names = ARENA_ARRAY(arena, count, str);
	str subject =
		arena_printf(arena, "%s %.*s", o->issuer, STR_ARG(value_get_str(claims, "sub")));

	if (!names || !subject.p)
		return err_set(e, ENOBUFS, "identity provider: memory budget spent");
	for (size_t i = 0; i < count; i++)
		names[i] = value_str(value_at(groups, i));
	return directory_admit(
		a, s,
		&(struct vouched){ .source = S("oidc"),
				   .subject = subject,
				   .name = value_get_str(claims, o->name_claim
									 ? o->name_claim
									 : "preferred_username"),
				   .display = value_get_str(claims, "name"),
				   .groups = names,
				   .group_count = count },
		now_ns, arena, ret, e);
}

int oidc_end(struct access *a, struct sql *s, str secret, str code, str state, int64_t now_ns,
	     struct arena *arena, struct user *ret, struct err *e)
{
	const struct oidc_options *o = a->options.oidc;
	struct http_client *c = NULL;
	struct provider p;
	struct jwt token;
	str text;
	int r = o ? check_state(secret, state, e)
		  : err_set(e, EOPNOTSUPP, "no identity provider is set up");

	if (r == 0)
		r = new_client(o, &c, e);
	if (r < 0)
		return r;
	r = discover(o, c, arena, &p, e);
	if (r == 0)
		r = trade(o, &p, c, secret, code, arena, &text, e);
	if (r == 0)
		r = check_token(o, &p, c, secret, text, now_ns, arena, &token, e);
	http_client_free(c);
	if (r == -EBADMSG || r == -EOPNOTSUPP || r == -E2BIG)
		r = -EACCES;
	return r < 0 ? r : admit(a, s, o, &token.claims, now_ns, arena, ret, e);
}
