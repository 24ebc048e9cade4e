#include "console/access/jwt.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "codec/mac.h"
#include "codec/signature.h"

static int decode(str text, struct arena *a, str *ret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	int r = base64url_decode(&out, text, NULL);

	if (r < 0)
		return err_set(e, r == -ENOMEM ? ENOBUFS : EBADMSG, "token: not base64url");
	*ret = arena_str(a, buf_str(&out));
	return ret->p ? 0 : err_set(e, ENOBUFS, "token: memory budget spent");
}

static int object_of(str part, struct arena *a, struct value *ret, struct err *e)
{
	str json;
	int r = decode(part, a, &json, e);

	if (r == 0)
		r = json_parse_unique(json, a, ret, e);
	if (r == 0 && ret->kind != VALUE_OBJECT)
		r = err_set(e, EBADMSG, "token: not an object");
	return r;
}

static int read_header(const struct value *header, struct jwt *t, struct err *e)
{
	str algorithm = value_get_str(header, "alg");

	if (str_is(algorithm, "RS256"))
		t->algorithm = JWT_RS256;
	else if (str_is(algorithm, "ES256"))
		t->algorithm = JWT_ES256;
	else
		return err_set(e, EOPNOTSUPP, "token: signed by '%.*s', not by RS256 or ES256",
			       STR_ARG(str_take(algorithm, 32)));
	/* An extension we must understand and do not (RFC 7515, 4.1.11). */
	if (value_get(header, "crit"))
		return err_set(e, EOPNOTSUPP, "token: critical extensions");
	t->kid = value_get_str(header, "kid");
	return 0;
}

int jwt_parse(str text, struct arena *a, struct jwt *ret, struct err *e)
{
	struct jwt out = { 0 };
	struct value header;
	str rest = text, head, body;
	int r;

	if (text.n > JWT_MAX_BYTES)
		return err_set(e, E2BIG, "token: longer than %d bytes", JWT_MAX_BYTES);
	head = str_cut(&rest, '.');
	body = str_cut(&rest, '.');
	if (!head.n || !body.n || !rest.n || str_find(rest, '.') != rest.n)
		return err_set(e, EBADMSG, "token: not three parts");
	out.covered = str_take(text, head.n + 1 + body.n);
	r = object_of(head, a, &header, e);
	if (r == 0)
		r = read_header(&header, &out, e);
	if (r == 0)
		r = object_of(body, a, &out.claims, e);
	if (r == 0)
		r = decode(rest, a, &out.signature, e);
	if (r < 0)
		return r;
	*ret = out;
	return 0;
}

static int check_rsa(const struct jwt *t, const struct value *key, struct arena *a)
{
	str n, x;

	if (decode(value_get_str(key, "n"), a, &n, NULL) < 0 ||
	    decode(value_get_str(key, "e"), a, &x, NULL) < 0)
		return -EBADMSG;
	return rs256_verify(n, x, t->covered, t->signature, NULL);
}

static int check_ec(const struct jwt *t, const struct value *key, struct arena *a)
{
	str x, y;

	if (!str_is(value_get_str(key, "crv"), "P-256") ||
	    decode(value_get_str(key, "x"), a, &x, NULL) < 0 ||
	    decode(value_get_str(key, "y"), a, &y, NULL) < 0)
		return -EBADMSG;
	return es256_verify(x, y, t->covered, t->signature, NULL);
}

static bool key_fits(const struct jwt *t, const struct value *key)
{
	const char *type = t->algorithm == JWT_RS256 ? "RSA" : "EC";
	str use = value_get_str(key, "use"), algorithm = value_get_str(key, "alg");

	return str_is(value_get_str(key, "kty"), type) && (!use.n || str_is(use, "sig")) &&
	       (!algorithm.n || str_is(algorithm, t->algorithm == JWT_RS256 ? "RS256" : "ES256")) &&
	       (!t->kid.n || str_eq(t->kid, value_get_str(key, "kid")));
}

int jwt_verify(const struct jwt *t, const struct value *jwks, struct arena *a, struct err *e)
{
	size_t tried = 0;

	VALUE_EACH (key, value_get(jwks, "keys")) {
		if (!key_fits(t, key))
			continue;
		if (++tried > 16)
			break;
		if ((t->algorithm == JWT_RS256 ? check_rsa(t, key, a) : check_ec(t, key, a)) == 0)
			return 0;
	}
	return err_set(e, EACCES, "token: no key of the provider signed it");
}

static bool names(const struct value *audience, str wanted)
{
	if (audience && audience->kind == VALUE_STRING)
		return str_eq(audience->string, wanted);
	VALUE_EACH (item, audience)
		if (str_eq(value_str(item), wanted))
			return true;
	return false;
}

/* Somebody else's token, of which we are but one reader, says for whom it was made. */
static bool is_ours(const struct value *claims, str client)
{
	const struct value *audience = value_get(claims, "aud");
	str party = value_get_str(claims, "azp");

	if (!names(audience, client))
		return false;
	if (audience->kind == VALUE_ARRAY && audience->count > 1 && !party.n)
		return false;
	return !party.n || str_eq(party, client);
}

int jwt_check(const struct jwt *t, const struct jwt_wanted *w, struct err *e)
{
	const struct value *c = &t->claims;
	int64_t expires = value_int(value_get(c, "exp"), 0),
		issued = value_int(value_get(c, "iat"), 0);
	int64_t from = value_int(value_get(c, "nbf"), 0);

	if (!w->issuer.n || !str_eq(value_get_str(c, "iss"), w->issuer))
		return err_set(e, EACCES, "token: of another issuer");
	if (!w->audience.n || !is_ours(c, w->audience))
		return err_set(e, EACCES, "token: for somebody else");
	if (expires <= w->now_s - JWT_LEEWAY_S)
		return err_set(e, EACCES, "token: expired");
	if (issued <= 0 || issued > w->now_s + JWT_LEEWAY_S || from > w->now_s + JWT_LEEWAY_S)
		return err_set(e, EACCES, "token: not of this time");
	if (!w->nonce.n || !secret_eq(value_get_str(c, "nonce"), w->nonce))
		return err_set(e, EACCES, "token: of another sign-in");
	if (!value_get_str(c, "sub").n)
		return err_set(e, EACCES, "token: of nobody");
	return 0;
}
