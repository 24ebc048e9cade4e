/** @file
 * Images that engines keep on this host's disk, found without asking anybody: containerd's (its database and its content store) and
 * those of containers/storage (Podman, CRI-O).
 *
 * A user's own engine (rootless Podman) keeps images in folders of that user's, who may change what lies unpacked there: what root's engines
 * keep goes before it.
 *
 * What engines inside containers keep is not looked at. Folders and documents are read with bounds; what cannot be
 * understood of one image or one folder leaves the others.
 */
#ifndef SKEP_PROG_AGENT_DISK_IMAGES_H
#define SKEP_PROG_AGENT_DISK_IMAGES_H

#include "base/arena.h"
#include "base/err.h"

#define DISK_IMAGES_MAX 10000
#define DISK_IMAGE_REFERENCES_MAX 32

struct disk_image {
	str id;     /**< "sha256:...", of the configuration */
	str digest; /**< of what its name leads to: a manifest or an index; may be empty */
	str references[DISK_IMAGE_REFERENCES_MAX];
	size_t reference_count;
	uint64_t bytes;     /**< of its layers as stored; 0: not known */
	const char *engine; /**< "containerd", "containers-storage" */
	str target;         /**< for source_read_image() */
	bool of_user; /**< its folder is not root's; only CAP_DAC_READ_SEARCH may read all of it */
};

struct disk_images {
	struct disk_image *items;
	size_t count, cap;
};

/**
 * @param root       the host's root folder: "" for "/"
 * @param data_roots as asset_config.data_roots
 * @param a          owns what is returned
 * @return 0 (also with none), -ENOBUFS, -errno of @p root
 */
MUST_CHECK int disk_images_find(const char *root, const char *const *data_roots, struct arena *a,
				struct disk_images *ret, struct err *e);

/** The image with this id, root's before users', or NULL. */
const struct disk_image *disk_images_by_id(const struct disk_images *l, str id);
/** The image that a name leads to by this digest, or NULL. */
const struct disk_image *disk_images_by_digest(const struct disk_images *l, str digest);

#endif
