/** @file
 * Reads Alpine's package database, lib/apk/db/installed: blank-line separated records of "X:value" lines
 * (apk-tools 2.14, src/database.c and src/package.c).
 *
 * Input comes out of an image and is hostile. A record without name or version is counted, never dropped in silence.
 */
#ifndef SKEP_SCAN_PACKAGE_APK_INSTALLED_H
#define SKEP_SCAN_PACKAGE_APK_INSTALLED_H

#include "base/limits.h"
#include "model/package.h"

enum { APK_INSTALLED_MAX_FIELD = 4096 };

struct apk_installed {
	struct package_list packages;
	size_t skipped;      /**< records without name or version, or with a field too long */
	uint32_t first_skip; /**< line of the first of them; 0 when there is none */
	size_t over;         /**< records beyond the limit on packages, not read */
	size_t unowned;      /**< files beyond the limit on files of a package */
};

/**
 * Parses a whole database: P name, V version, A arch, o origin (the source package), L licence, F and R the files.
 *
 * The version of the source package is the package's own: Alpine builds all binaries of a source with one version.
 *
 * @param db_path copied by reference into every package; must live as long as @p a
 * @param a       owns every string of the packages; @p text may go
 * @return 0, -ENOBUFS
 */
MUST_CHECK int apk_installed_parse(str text, str db_path, const struct limits *l, struct arena *a,
				   struct apk_installed *ret, struct err *e);

/**
 * The branch that etc/apk/repositories points to: "v3.19", "edge", "latest-stable", or empty. Only lines without a
 * tag and of the components main and community count; of several branches the newest wins, edge being newer than all.
 */
str apk_repositories_branch(str text);

#endif
