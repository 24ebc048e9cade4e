/** @file
 * Reads the package list that Mariner's and Azure Linux's images without a package manager carry,
 * var/lib/rpmmanifest/container-manifest-2: a package a line, fields separated by tabs, as
 * "rpm -qa --qf '%{NAME}\t%{VERSION}-%{RELEASE}\t%{INSTALLTIME}\t%{BUILDTIME}\t%{VENDOR}\t%{EPOCH}\t%{SIZE}\t%{ARCH}
 * \t%{EPOCHNUM}\t%{SOURCERPM}\n'" prints them. Input is hostile.
 */
#ifndef SKEP_SCAN_PACKAGE_RPM_MANIFEST_H
#define SKEP_SCAN_PACKAGE_RPM_MANIFEST_H

#include "base/limits.h"
#include "model/package.h"

struct rpm_manifest {
	struct package_list packages; /**< db_path is the caller's */
	size_t skipped;               /**< lines without a name or version */
	uint32_t first_skip;          /**< line of the first of them; 0 when there is none */
	size_t over;                  /**< lines beyond the limit on packages, not read */
};

/**
 * Parses the whole file.
 *
 * @param db_path copied by reference into every package; must live as long as @p a
 * @param a       owns every string of the packages; @p text may go
 * @return 0, -ENOBUFS
 */
MUST_CHECK int rpm_manifest_parse(str text, str db_path, const struct limits *l, struct arena *a,
				  struct rpm_manifest *ret, struct err *e);

/**
 * Cuts "name-version-release.arch.rpm", a source rpm's file name, into its name and version-release.
 * @return whether it has that form; the spans lie in @p file
 */
bool rpm_manifest_source(str file, str *ret_name, str *ret_version);

#endif
