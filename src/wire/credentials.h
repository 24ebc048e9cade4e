/** @file
 * Credentials for a registry: Docker's configuration and its credential helpers, then Podman's auth.json.
 */
#ifndef SKEP_WIRE_CREDENTIALS_H
#define SKEP_WIRE_CREDENTIALS_H

#include "codec/docker_config.h"

/**
 * Finds the credentials for @p registry (host[:port], "docker.io" for Docker Hub).
 *
 * Looks into config.json of @p config_dir (NULL: $DOCKER_CONFIG, else ~/.docker) and, when that says nothing and no
 * folder was given, into $REGISTRY_AUTH_FILE or $XDG_RUNTIME_DIR/containers/auth.json. A helper
 * (docker-credential-X, found on PATH) is run with a time-out of 30 seconds.
 *
 * A helper that is missing or fails is no error, because the image may be public: @p ret_note says it, for the
 * message of a refusal that may follow; it is empty otherwise. No credentials at all are no error either.
 *
 * @return 0, -EBADMSG (a configuration that is not JSON), -ENOBUFS, or what reading the file failed with
 */
MUST_CHECK int credentials_find(const char *config_dir, str registry, struct arena *a,
				struct docker_credential *ret, str *ret_note, struct err *e);

#endif
