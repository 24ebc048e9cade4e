/** @file
 * JSON Web Tokens (RFC 7519) as identity providers sign them: compact form, RS256 or ES256 (RFC 7515, RFC 7518), keys
 * from a JWK Set (RFC 7517).
 *
 * Tokens are hostile until jwt_verify() said otherwise. "none" and MACs are refused: the key would be the public one.
 */
#ifndef SKEP_CONSOLE_ACCESS_JWT_H
#define SKEP_CONSOLE_ACCESS_JWT_H

#include "base/err.h"
#include "codec/value.h"

#define JWT_MAX_BYTES 65536

enum jwt_algorithm { JWT_RS256, JWT_ES256 };

struct jwt {
	enum jwt_algorithm algorithm;
	str kid;             /**< which key; empty: not said */
	str covered;         /**< what the signature is over; points into the text */
	str signature;       /**< bytes */
	struct value claims; /**< an object; nothing of it is true before jwt_verify() */
};

/** @param text must outlive @p ret @return 0, -EBADMSG, -E2BIG, -EOPNOTSUPP (another algorithm), -ENOBUFS */
MUST_CHECK int jwt_parse(str text, struct arena *a, struct jwt *ret, struct err *e);

/**
 * Whether a key of @p jwks (an object with "keys") signed it: the one called so, or any where the token names none.
 *
 * @return 0, -EACCES
 */
MUST_CHECK int jwt_verify(const struct jwt *t, const struct value *jwks, struct arena *a,
			  struct err *e);

struct jwt_wanted {
	str issuer, audience, nonce;
	int64_t now_s;
};

/** A clock may be this many seconds off. */
#define JWT_LEEWAY_S 60

/**
 * Holds the claims to OpenID Connect Core 1.0, 3.1.3.7: iss, aud (and azp), exp, iat, nbf, nonce, and that there is a sub.
 *
 * @return 0, -EACCES (the message says which)
 */
MUST_CHECK int jwt_check(const struct jwt *t, const struct jwt_wanted *w, struct err *e);

#endif
