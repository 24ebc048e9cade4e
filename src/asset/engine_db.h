/** @file
 * What engines' own databases say of a container, both bbolt files: containerd's metadata (image, its digest, labels) and
 * Podman's state up to version 4 (image, labels, privileged). They are written before the container starts, so that
 * nothing has to be asked of the engines.
 */
#ifndef SKEP_ASSET_ENGINE_DB_H
#define SKEP_ASSET_ENGINE_DB_H

#include "base/err.h"
#include "model/container.h"

/**
 * Completes @p c, known from its bundle.
 *
 * @param fd meta.db
 * @return 0, -ENOENT (no such container), -EAGAIN (the database changed faster than it could be read), -EBADMSG, -ENOBUFS, -errno
 */
MUST_CHECK int engine_db_containerd(int fd, str name_space, str id, struct arena *a,
				    struct container *c, struct err *e);

/** A name that containerd has for an image: digest is the manifest's or an index's. */
struct engine_db_image {
	str name_space, name, digest;
};
#define ENGINE_DB_IMAGES_MAX 10000

/**
 * All images of all namespaces.
 *
 * @param fd meta.db
 * @param a  owns what is returned
 * @return 0 (also with none), -EAGAIN, -EBADMSG, -E2BIG more than ENGINE_DB_IMAGES_MAX, -ENOBUFS, -errno
 */
MUST_CHECK int engine_db_containerd_images(int fd, struct arena *a, struct engine_db_image **ret,
					   size_t *ret_count, struct err *e);

/** As engine_db_containerd(). @param fd libpod/bolt_state.db */
MUST_CHECK int engine_db_podman(int fd, str id, struct arena *a, struct container *c,
				struct err *e);

#endif
