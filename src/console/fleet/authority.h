/** @file
 * The console's own certificate authority: it vouches for agents, and for the console itself where no other certificate was given.
 * It lies in the store, so that every replica has the same; made once, good for ten years. Its key leaves the process by the store alone.
 */
#ifndef SKEP_CONSOLE_FLEET_AUTHORITY_H
#define SKEP_CONSOLE_FLEET_AUTHORITY_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/join_token.h"

struct store;

struct authority {
	str certificate; /**< PEM; what agents trust, and clients' certificates are checked by */
	str key;         /**< PEM: a secret */
	uint8_t digest[SHA256_BYTES]; /**< of the certificate in DER: part of every token */
};

/**
 * Reads the authority, or makes it when the store has none.
 * @param a owns what @p ret points at
 * @return 0, -EBADMSG (what the store holds is none), -ENOMEM, -ENOBUFS, else as sql_query()
 */
MUST_CHECK int authority_get(struct store *s, struct arena *a, struct authority *ret,
			     struct err *e);

/** Makes this pair the authority when the store has none. @return 0, else as sql_do() */
MUST_CHECK int authority_offer(struct store *s, str certificate, str key, struct err *e);

/**
 * Answers an agent's request: a certificate for its key that says who it is, appended in PEM.
 * @return as certificate_request_sign()
 */
MUST_CHECK int authority_sign_agent(const struct authority *w, const char *agent, str request,
				    int64_t from_s, int64_t to_s, struct buf *certificate,
				    struct err *e);

#endif
