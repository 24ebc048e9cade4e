/** @file
 * Credentials in Docker's client configuration (~/.docker/config.json) and what credential helpers answer.
 *
 * The file is the user's own but may be anything; helpers are named by letters, digits, '-', '_' and '.' only, because
 * the name becomes a program's. Secrets are never put in a message.
 */
#ifndef SKEP_CODEC_DOCKER_CONFIG_H
#define SKEP_CODEC_DOCKER_CONFIG_H

#include "base/arena.h"
#include "base/err.h"

#define DOCKER_CONFIG_MAX_BYTES (4u << 20)

struct docker_credential {
	str user; /**< empty: no user and password */
	str password;
	str identity_token; /**< OAuth2 refresh token for the registry's token service */
	str registry_token; /**< to be sent as it is: Authorization: Bearer */
	str helper; /**< X of the program docker-credential-X that is to be asked first; may be empty */
	str helper_key; /**< what to ask it for */
};

/**
 * Finds what a configuration says about a registry.
 *
 * @param registry host[:port], "docker.io" for Docker Hub
 * @param ret      all empty when it says nothing; owned by @p a
 * @return 0, -EBADMSG, -ENOBUFS
 */
MUST_CHECK int docker_config_find(str json, str registry, struct arena *a,
				  struct docker_credential *ret, struct err *e);

/** Reads a helper's answer to "get" into user and password, or the identity token. Errors as above. */
MUST_CHECK int docker_helper_parse(str json, struct arena *a, struct docker_credential *ret,
				   struct err *e);

#endif
