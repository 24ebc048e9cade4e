/** @file
 * Layers of images, and by them which image another is built on.
 *
 * A base image is one that a registry's tag of the stage `base` (registry_tags.h) points to or pointed to: what was built on
 * last month's base image is built on a base image still when its tag has moved on. An image's base is the base image with the
 * most layers that are, from the lowest, the image's own: they are compared by their ChainIDs (OCI image-spec, config.md,
 * "Layer ChainID"). Findings in these layers belong to the base's owner (OWNER_BASE), of a base image all. Where no base image
 * is known, what the scan took for a base's layers counts.
 *
 * Functions that change things run inside the caller's transaction.
 */
#ifndef SKEP_CONSOLE_STORE_IMAGE_LAYERS_H
#define SKEP_CONSOLE_STORE_IMAGE_LAYERS_H

#include "console/store/findings.h"
#include "model/inventory.h"

/** By what findings name a layer: the digest of its tar or, where the source knows none, as it is stored. */
str image_layer_name(const struct inventory_layer *l);

/**
 * Makes exactly these the layers of an image, and finds its base; when it is a base image itself, also those of all that are
 * built on it.
 *
 * @param scan_base how many of the lowest the scan took for a base image's; 0: not known
 */
MUST_CHECK int image_layers_put(struct store *s, str image, const struct inventory *v,
				int64_t scan_base, struct err *e);
/** Whether image_layers_put() was called for the image. @return 1, 0 */
MUST_CHECK int image_layers_has(struct store *s, str image, struct err *e);
/** Says of each finding of an image whose layer it is in. */
MUST_CHECK int image_layers_own(struct store *s, str image, struct err *e);

/** Finds the bases of all images anew, after tags, their stages or what they point to changed. */
MUST_CHECK int image_bases_settle(struct store *s, struct err *e);

/** A name under which a registry has, or had, a base image. */
struct base_name {
	str reference; /**< "registry/repository:tag" */
	bool current;  /**< the tag points to it still */
};

/** The names of a base image a scope shows, those that are current first; @p max at most. @param a owns @p ret */
MUST_CHECK int image_base_names(struct store *s, const struct scope *scope, str image, size_t max,
				struct arena *a, struct base_name **ret, size_t *ret_count,
				struct err *e);

#endif
