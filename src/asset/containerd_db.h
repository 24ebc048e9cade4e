/** @file
 * What containerd's metadata database says of a container: image, its digest, labels. It is written before the container
 * starts, so nothing has to be asked of containerd.
 */
#ifndef SKEP_ASSET_CONTAINERD_DB_H
#define SKEP_ASSET_CONTAINERD_DB_H

#include "base/err.h"
#include "model/container.h"

/**
 * Completes @p c, known from its bundle.
 *
 * @param fd meta.db
 * @return 0, -ENOENT (no such container), -EAGAIN (the database changed faster than it could be read), -EBADMSG, -ENOBUFS, -errno
 */
MUST_CHECK int containerd_db_read(int fd, str name_space, str id, struct arena *a,
				  struct container *c, struct err *e);

#endif
