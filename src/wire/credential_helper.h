/** @file
 * Runs Docker's credential helpers (the docker-credential-helpers protocol, "get": the registry on stdin, JSON on
 * stdout). The helper is a program of the user's, named by the user's configuration.
 */
#ifndef SKEP_WIRE_CREDENTIAL_HELPER_H
#define SKEP_WIRE_CREDENTIAL_HELPER_H

#include "codec/docker_config.h"

/**
 * Asks docker-credential-@p name for @p key.
 *
 * @param name as docker_config_find() accepted it
 * @return 0, -ENOENT (it knows none), -EACCES (it is not installed or failed; the message says why), -ETIMEDOUT,
 *         -EBADMSG, -ENOBUFS, or the errno of pipe(2)
 */
MUST_CHECK int credential_helper_get(const char *name, str key, struct arena *a,
				     struct docker_credential *ret, struct err *e);

#endif
