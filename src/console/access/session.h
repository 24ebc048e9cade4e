/** @file
 * Sessions of browsers and tokens of programs: from the secret a request carries to the caller it stands for.
 *
 * The store holds hashes; whoever reads it can sign in as nobody. A session is a row, so it outlives restarts and is
 * known to every replica. What a caller may do is read anew for each request: a role taken away is gone at once.
 */
#ifndef SKEP_CONSOLE_ACCESS_SESSION_H
#define SKEP_CONSOLE_ACCESS_SESSION_H

#include "codec/digest.h"
#include "console/access/access.h"
#include "console/access/caller.h"

/** 32 random bytes in base64url, with a NUL. */
#define SECRET_TEXT_BYTES 44
#define API_TOKEN_PREFIX "skep_"
#define API_TOKEN_TEXT_BYTES (sizeof(API_TOKEN_PREFIX) - 1 + SECRET_TEXT_BYTES)

struct session_new {
	char secret[SECRET_TEXT_BYTES]; /**< the cookie's value; kept nowhere else */
	int64_t expires_ns;
};

/** Begins a session of @p user, who has proven to be that one. */
MUST_CHECK int session_begin(struct access *a, struct sql *s, int64_t user, str address, str agent,
			     int64_t now_ns, struct session_new *ret, struct err *e);

/**
 * Whom the cookie @p secret stands for. An unknown, expired or idle one, or one of a user who was disabled, stands for
 * nobody: ret->how is CALLER_NONE then and the result 0.
 *
 * @param arena owns @p ret; @p address must outlive it
 * @return 0, -ENOBUFS, or the store's
 */
MUST_CHECK int session_caller(struct access *a, struct sql *s, str secret, str address,
			      int64_t now_ns, struct arena *arena, struct caller *ret,
			      struct err *e);

/** Whether @p header is the value bound to the caller's session; true for callers without a session. */
bool session_csrf_holds(const struct caller *c, str header);

MUST_CHECK int session_end(struct sql *s, const struct caller *c, struct err *e);
/** Ends all sessions of @p user but the caller's own (when it is @p user's). @return how many, -errno */
MUST_CHECK int session_end_all(struct sql *s, int64_t user, const struct caller *except,
			       struct err *e);

struct api_token_new {
	char text[API_TOKEN_TEXT_BYTES]; /**< shown once; kept nowhere */
	int64_t id;
};

/**
 * Makes a token that may do what its user may, and of that only @p permissions.
 *
 * @param expires_ns 0: never
 * @return 0, -EINVAL (name or expiry), -EACCES (permissions @p c has not got; a token cannot make tokens), -EEXIST
 */
MUST_CHECK int api_token_begin(struct access *a, struct sql *s, const struct caller *c, str name,
			       uint64_t permissions, int64_t expires_ns, int64_t now_ns,
			       struct api_token_new *ret, struct err *e);
/** As session_caller() for "Authorization: Bearer @p text". */
MUST_CHECK int api_token_caller(struct access *a, struct sql *s, str text, str address,
				int64_t now_ns, struct arena *arena, struct caller *ret,
				struct err *e);

/** "NAME: " and its hash in hex, as the store names what a secret opens. */
void secret_hash(const char *what, str secret, char ret[SHA256_HEX + 1]);
/** A fresh secret. @return 0, -EIO */
MUST_CHECK int secret_new(char ret[SECRET_TEXT_BYTES], struct err *e);

#endif
