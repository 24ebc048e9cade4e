/** @file
 * Which images have which packages: each package once, whoever has it, and pairs of numbers. What else an inventory says stays
 * in it (findings.h).
 *
 * Functions that change things run inside the caller's transaction.
 */
#ifndef SKEP_CONSOLE_STORE_PACKAGES_H
#define SKEP_CONSOLE_STORE_PACKAGES_H

#include "console/store/findings.h"
#include "model/package.h"

/** Makes exactly these the packages of an image. */
MUST_CHECK int packages_put(struct store *s, str digest, const struct package *list, size_t count,
			    struct err *e);
/** Whether packages_put() was called for the image. @return 1, 0 */
MUST_CHECK int packages_has(struct store *s, str digest, struct err *e);

struct stored_package {
	str name, version, type;
};

/** The packages of an image by name and version; none when it is not known. */
MUST_CHECK int packages_of(struct store *s, str digest, struct arena *a,
			   struct stored_package **ret, size_t *ret_count, struct err *e);
/** Digests of images with a package of this name and, unless @p version is empty, of this version. */
MUST_CHECK int packages_images(struct store *s, str name, str version, struct arena *a, str **ret,
			       size_t *ret_count, struct err *e);

struct package_filter {
	const struct scope *scope; /**< of images; NULL shows nothing */
	str text;                  /**< words of name or version */
	str name, version, type;   /**< exactly; empty: any */
};

struct package_use {
	struct stored_package package;
	int64_t images, containers; /**< that are shown; containers that run */
};

struct package_page {
	struct package_use *items; /**< by name and version */
	size_t count;
	str next; /**< cursor; empty: this is the last */
};

/** A page may be short and still have a `next`: a bounded number of rows is looked at. */
MUST_CHECK int packages_page(struct store *s, const struct package_filter *f, str cursor,
			     size_t limit, struct arena *a, struct package_page *ret,
			     struct err *e);

#endif
