/** @file
 * Client of the Docker Engine API (also spoken by Podman): what an image is, and its archive. Reads only.
 *
 * The engine is trusted to be the user's own, its answers are not: documents are bounded, digests are checked to be some.
 */
#ifndef SKEP_WIRE_ENGINE_H
#define SKEP_WIRE_ENGINE_H

#include "base/arena.h"
#include "base/err.h"

struct engine;

enum engine_kind { ENGINE_DOCKER, ENGINE_PODMAN };

/**
 * Prepares to speak to an engine; nothing is sent yet.
 *
 * @param host    "unix:///path", "tcp://host:port" or "http(s)://host:port". NULL: for Docker $DOCKER_HOST, else
 *                /run/docker.sock or /var/run/docker.sock; for Podman $CONTAINER_HOST, else
 *                $XDG_RUNTIME_DIR/podman/podman.sock, else /run/podman/podman.sock. With $DOCKER_TLS_VERIFY,
 *                tcp: means TLS with ca.pem, cert.pem and key.pem of $DOCKER_CERT_PATH or ~/.docker.
 * @param stall_s 0: 30
 * @return 0, -EINVAL (a host it cannot speak to: ssh, npipe), -ENOMEM
 */
MUST_CHECK int engine_new(enum engine_kind kind, const char *host, unsigned int stall_s,
			  struct engine **ret, struct err *e);
void engine_free(struct engine *g);

/** As registry_disconnect(): before fork(2). */
void engine_disconnect(struct engine *g);

/** What the engine knows of an image; owned by the arena. */
struct engine_image {
	str id;        /**< "sha256:..." of the configuration */
	str *diff_ids; /**< lowest first; each "sha256:..." */
	size_t count;
	str *repo_tags;
	size_t repo_tag_count;
	str manifest_digest; /**< of the first repository digest; may be empty */
	str architecture;    /**< with "/variant" when there is one */
	str os;
	str created;
};

/**
 * Looks an image up by name or id.
 *
 * @return 0, -ENOENT (no such image, or no engine there), -EACCES (its socket is not ours to use), -EHOSTUNREACH,
 *         -ETIMEDOUT, -EPROTO, -EBADMSG, -ENOBUFS
 */
MUST_CHECK int engine_inspect(struct engine *g, str name, struct arena *a, struct engine_image *ret,
			      struct err *e);

/**
 * The commands that made the layers of @p m, lowest first, as many as it has; all empty when the engine's history cannot
 * be mapped to the layers. Errors as engine_inspect().
 */
MUST_CHECK int engine_history(struct engine *g, const struct engine_image *m, struct arena *a,
			      str **ret, struct err *e);

/** Streams the image as `docker save` writes it. Errors as above, and what @p on_body returned. */
MUST_CHECK int engine_export(struct engine *g, str name,
			     int (*on_body)(void *ctx, str bytes, struct err *e), void *ctx,
			     struct err *e);

#endif
