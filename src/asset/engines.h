/** @file
 * The container engines of this host, asked and followed: Docker's and Podman's sockets.
 *
 * Completes what lies on disk and tells of changes the disk does not announce (names, labels). Never blocks; what engines
 * answer is bounded and not trusted to be well-formed (wire/engine_watch.h). An engine speaks for its own
 * containers only.
 */
#ifndef SKEP_ASSET_ENGINES_H
#define SKEP_ASSET_ENGINES_H

#include "asset/engine_sockets.h"
#include "base/err.h"
#include "model/container.h"

struct engines;

struct engines_calls {
	/** What an engine says of a container; lives until the call returns. */
	void (*on_container)(void *ctx, const struct container *c);
	/** It says that a container of its own stopped. */
	void (*on_stopped)(void *ctx, enum container_runtime r, str id);
	void *ctx;
};

/**
 * @param root  the host's root folder, below which sockets are; NULL: "/"
 * @param host  as asset_config.docker_host
 */
MUST_CHECK int engines_new(const char *root, const char *host, const struct engines_calls *calls,
			   struct engines **ret, struct err *e);
void engines_free(struct engines *g);
/** Follows Docker's sockets found there, too; known ones and more than a handful are passed over. */
void engines_add(struct engines *g, const struct places *p);
/** Those that are followed. */
const struct engine_sockets *engines_sockets(const struct engines *g);

int engines_fd(const struct engines *g);
void engines_work(struct engines *g, uint64_t now_ns);
/** Asks every engine that may have made it. */
void engines_ask(struct engines *g, enum container_runtime r, str id);

struct engines_stats {
	unsigned int up;
	bool settled;
	uint64_t errors;
};
void engines_stats(const struct engines *g, struct engines_stats *ret);

#endif
