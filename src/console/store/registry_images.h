/** @file
 * Images of registries: which image a digest stands for on which platform, which wait for being scanned, and what images are
 * called in registries.
 *
 * A digest a tag points to may be an index of several images. An image is the same one as an agent's when both have the
 * digest of its configuration: it is scanned once, and its findings are where all findings are (findings.h).
 */
#ifndef SKEP_CONSOLE_STORE_REGISTRY_IMAGES_H
#define SKEP_CONSOLE_STORE_REGISTRY_IMAGES_H

#include "console/store/store.h"
#include "model/vulnerability.h"

struct registry_image {
	int64_t registry;
	str repository;
	str digest;   /**< a tag's */
	str platform; /**< "linux/amd64" */
	str manifest; /**< of the image itself, or of what says for good that it is none; empty: it could not be told */
	str image; /**< of its configuration, by which findings know it; empty: there is none, @p why says why */
	str why;
	/* Set by registry_images_of() alone. */
	int64_t scanned_ns; /**< 0: not yet */
	str scan_error;
	int64_t counts[SEVERITY_COUNT]; /**< of findings that are not accepted */
};

/** What a digest stands for; in the caller's transaction. What was known of it is replaced. */
MUST_CHECK int registry_image_put(struct store *s, const struct registry_image *i, struct err *e);

/**
 * The digests of a registry of which all is known, as "repository@digest": what they stand for on each of these platforms, or
 * that they are no index.
 *
 * @param a owns @p ret
 */
MUST_CHECK int registry_images_known(struct store *s, int64_t registry, const str *platforms,
				     size_t platform_count, struct arena *a, str **ret,
				     size_t *ret_count, struct err *e);

/**
 * The next image a tag points to that was neither scanned nor tried in this run.
 *
 * @param a owns @p ret
 * @return 1, 0 there is none, -errno
 */
MUST_CHECK int registry_image_waiting(struct store *s, int64_t registry, int64_t run,
				      struct arena *a, struct registry_image *ret, struct err *e);
/** It was tried in this run, whatever came of it, in each repository that has it. */
MUST_CHECK int registry_image_tried(struct store *s, int64_t registry, str image, int64_t run,
				    struct err *e);

/** Images tags of a registry point to. */
struct registry_figures {
	int64_t images, scanned, failed, waiting;
};
MUST_CHECK int registry_figures(struct store *s, int64_t registry, struct registry_figures *ret,
				struct err *e);

/** The images a digest stands for, and what scans said of them. @param a owns @p ret */
MUST_CHECK int registry_images_of(struct store *s, int64_t registry, str repository, str digest,
				  struct arena *a, struct registry_image **ret, size_t *ret_count,
				  struct err *e);

/** Brings what images are called in registries, their stages and bases up to date; in the caller's transaction. */
MUST_CHECK int registry_images_settle(struct store *s, struct err *e);

#endif
