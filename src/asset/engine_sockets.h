/** @file
 * Where the container engines of this host answer: the usual Unix sockets, and those that engines which run were told.
 */
#ifndef SKEP_ASSET_ENGINE_SOCKETS_H
#define SKEP_ASSET_ENGINE_SOCKETS_H

#include "asset/place.h"
#include "wire/engine.h"

#define ENGINE_SOCKETS_MAX 8
#define ENGINE_SOCKET_PATH_MAX 320

struct engine_socket {
	enum engine_kind kind;
	char path[ENGINE_SOCKET_PATH_MAX]; /**< absolute, as this process sees it */
};

struct engine_sockets {
	struct engine_socket list[ENGINE_SOCKETS_MAX];
	size_t count;
};

/**
 * The usual sockets, there or not, or the one that is configured.
 *
 * @param root the host's root folder, below which sockets are; NULL or "": "/"
 * @param host as asset_config.docker_host; one that is no Unix socket gives none
 */
void engine_sockets_usual(const char *root, const char *host, struct engine_sockets *ret);

/** Adds those of Docker engines that run. */
void engine_sockets_add_places(struct engine_sockets *s, const char *root, const struct places *p);

#endif
