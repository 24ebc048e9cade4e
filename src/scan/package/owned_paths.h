/** @file
 * Who owns which files: collects the path hashes that package.owned holds, and reads dpkg's lists of files
 * (var/lib/dpkg/info/NAME.list: a path a line; status.d/NAME.md5sums: md5sum(1) output).
 *
 * Input comes out of an image and is hostile; a line that is no path is passed over, for it can own nothing.
 */
#ifndef SKEP_SCAN_PACKAGE_OWNED_PATHS_H
#define SKEP_SCAN_PACKAGE_OWNED_PATHS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/package.h"

/** Most files of one package. */
enum { OWNED_PATHS_MAX = 4 << 20 };

/** A growing list of hashes that is used again for one package after the other. */
struct owned_paths {
	uint64_t *hashes; /**< malloc'd */
	size_t count, cap;
	size_t dropped; /**< paths without an owner: over OWNED_PATHS_MAX, or too long; never reset */
	int error;      /**< 0 or -ENOBUFS: latched */
};

void owned_paths_done(struct owned_paths *o);
/** Adds a path; leading "/" and "./" do not count, and neither does the root itself. */
void owned_paths_add(struct owned_paths *o, str path);
/** Adds @p dir and @p name joined by '/', without building the path; either may be empty. */
void owned_paths_add_in(struct owned_paths *o, str dir, str name);
/** Hands the hashes to @p p and starts anew. @return 0, -ENOBUFS */
MUST_CHECK int owned_paths_give(struct owned_paths *o, struct arena *a, struct package *p,
				struct err *e);

/** Reads a list with a path a line; folders, which stand before what lies in them, are left out. */
void owned_paths_read_list(struct owned_paths *o, str text);
/** Reads "<digest>  <path>" lines. */
void owned_paths_read_sums(struct owned_paths *o, str text);

#endif
