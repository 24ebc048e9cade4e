/** @file
 * The WWW-Authenticate header (RFC 9110 section 11.6.1) as registries use it: Basic, and Bearer with the realm that
 * hands out tokens (distribution's token specification).
 *
 * The header comes from a peer and is hostile. Schemes other than the two are skipped.
 */
#ifndef SKEP_CODEC_AUTH_CHALLENGE_H
#define SKEP_CODEC_AUTH_CHALLENGE_H

#include "base/arena.h"
#include "base/err.h"

#define AUTH_CHALLENGE_MAX_BYTES 8192

enum auth_scheme { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

struct auth_challenge {
	/** Bearer when the peer offers both; NONE when it offers neither */
	enum auth_scheme scheme;
	str realm;                 /**< Bearer: URL of the token service, never empty */
	str service, scope, error; /**< as the peer wrote them, unescaped; may be empty */
};

/**
 * Parses the value of one header. Strings are owned by @p a.
 *
 * @return 0, -EBADMSG, -ENOBUFS
 */
MUST_CHECK int auth_challenge_parse(str header, struct arena *a, struct auth_challenge *ret,
				    struct err *e);

#endif
