/** @file
 * Answers a registry's challenge: the Authorization header for a repository (RFC 7617 Basic; distribution's token
 * specification, both the GET and the OAuth2 form).
 */
#ifndef SKEP_WIRE_REGISTRY_TOKEN_H
#define SKEP_WIRE_REGISTRY_TOKEN_H

#include "codec/auth_challenge.h"
#include "codec/docker_config.h"
#include "wire/http.h"

/**
 * Makes the header for @p challenge.
 *
 * @param c          speaks to the token service
 * @param base       "https://host" of the registry
 * @param repository the one to pull from; empty: the catalogue of all
 * @param ret        "Authorization: ..."; not touched when there is nothing to answer with
 * @return 0, -EACCES (nothing to answer with, or refused; secrets would go over plain http), -EPROTO, -ENOBUFS, or what
 *         http_exchange() returned
 */
MUST_CHECK int registry_token(struct http_client *c, const char *base, str repository,
			      const struct auth_challenge *challenge,
			      const struct docker_credential *credential, bool insecure,
			      struct buf *ret, struct err *e);

#endif
