/** @file
 * One function a kind of source; source.c chooses among them. Each fills a whole inventory.
 *
 * Contract of all: as source_read_image() in scan/source/source.h, with the target stripped of its scheme.
 */
#ifndef SKEP_SCAN_SOURCE_SOURCE_KINDS_H
#define SKEP_SCAN_SOURCE_SOURCE_KINDS_H

#include "scan/source/layer_jobs.h"
#include "scan/source/source.h"

/** docker save (old and new layout) or an OCI layout in a tar, plain or compressed; @p scheme AUTO accepts both. */
MUST_CHECK int archive_source_read(const char *path, enum source_scheme scheme,
				   const struct scan_options *o, struct arena *a,
				   struct inventory *ret, struct err *e);

/**
 * The same from a stream that cannot be rewound, as an engine's GET /images/NAME/get sends it.
 *
 * @param feed writes the archive; runs in its own process
 */
MUST_CHECK int archive_source_read_feed(layer_feed feed, void *feed_ctx, const char *name,
					const struct scan_options *o, struct arena *a,
					struct inventory *ret, struct err *e);

/** An OCI layout folder, @p target may end in ":tag". */
MUST_CHECK int oci_dir_source_read(const char *target, const struct scan_options *o,
				   struct arena *a, struct inventory *ret, struct err *e);

/** A root file system: a folder, or a tar of one. */
MUST_CHECK int rootfs_source_read(const char *path, enum target_kind kind,
				  const struct scan_options *o, struct arena *a,
				  struct inventory *ret, struct err *e);

/** An image in containerd's root folder: "FOLDER@DIGEST", the digest of its manifest or of an index. */
MUST_CHECK int containerd_source_read(const char *target, const struct scan_options *o,
				      struct arena *a, struct inventory *ret, struct err *e);

/** An image in a folder of containers/storage (Podman, CRI-O): "FOLDER@DIGEST", the digest of its configuration. */
MUST_CHECK int storage_source_read(const char *target, const struct scan_options *o,
				   struct arena *a, struct inventory *ret, struct err *e);

/** An image of a registry: "[registry/]repository[:tag][@sha256:...]". */
MUST_CHECK int registry_source_read(const char *reference, const struct scan_options *o,
				    struct arena *a, struct inventory *ret, struct err *e);

/** An image of a running engine; @p scheme DOCKER or PODMAN. -ENOENT also when no engine answers. */
MUST_CHECK int engine_source_read(const char *reference, enum source_scheme scheme,
				  const struct scan_options *o, struct arena *a,
				  struct inventory *ret, struct err *e);

#endif
