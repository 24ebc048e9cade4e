/** @file
 * Where the parts of one image lie: an archive or an OCI layout folder. Readers of manifests do not care which.
 */
#ifndef SKEP_SCAN_SOURCE_IMAGE_STORE_H
#define SKEP_SCAN_SOURCE_IMAGE_STORE_H

#include "scan/source/layer_jobs.h"

struct image_store {
	void *ctx;
	/** A whole document. @return 0, -ENOENT, -E2BIG over MANIFEST_MAX_BYTES, -EBADMSG cut off, -ENOBUFS */
	int (*text)(void *ctx, str path, struct arena *a, str *ret, struct err *e);
	/** Fills the source of a layer's bytes: fd, offset, bytes or given. @return 0, -ENOENT */
	int (*layer)(void *ctx, str path, struct layer_job *job, struct err *e);
};

/** What an image is made of, ready to be read. */
struct image_plan {
	struct layer_job *jobs; /**< lowest first */
	/** layers that are named but not there; their jobs are `given` empty ones */
	struct gap_list missing;
	size_t count;
};

/** The manifest of docker save: manifest.json (both layouts), its configuration, its layers. Fills v's identity. */
MUST_CHECK int docker_save_plan(const struct image_store *s, const struct scan_options *o,
				struct arena *a, struct inventory *v, struct image_plan *ret,
				struct err *e);

/**
 * An OCI layout: index.json, nested indexes by platform, manifest, configuration, layers. Digests of all documents are
 * verified. Fills v's identity.
 *
 * @param ref a ref.name or manifest digest to choose among several images; empty: the only or first one. Without an index.json (an
 *            engine's content store) the digest of an index or manifest
 */
MUST_CHECK int oci_layout_plan(const struct image_store *s, str ref, const struct scan_options *o,
			       struct arena *a, struct inventory *v, struct image_plan *ret,
			       struct err *e);

/** Reads the planned layers and merges them into @p v. */
MUST_CHECK int image_plan_run(const struct image_plan *p, const struct scan_options *o,
			      struct arena *a, struct inventory *v, struct err *e);

/** Where an engine unpacked a layer: descriptors that outlive the run. */
struct unpacked_layer {
	int folder;
	int tar_split; /**< what the engine kept of its archive (codec/tar_split.h); -1: nothing */
	bool is_above; /**< it is not the lowest */
};

/** A layer that an engine unpacked. @return 0, -ENOBUFS */
MUST_CHECK int image_plan_unpacked(const struct scan_options *o, struct arena *a,
				   const struct unpacked_layer *layer, struct layer_job *job,
				   struct err *e);

/** Takes "FOLDER@sha256:..." apart and opens the folder. @return 0, -EINVAL, -errno of open(2) */
MUST_CHECK int image_store_target(const char *target, int *ret_folder, str *ret_digest,
				  struct err *e);

/** A layer that is named but not there: a missing job and a gap. */
void image_plan_missing(struct image_plan *p, struct arena *a, struct layer_job *job, str path,
			const char *why);

#endif
