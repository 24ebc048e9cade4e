/** @file
 * Reads Debian's package database: /var/lib/dpkg/status and status.d/ fragments (deb-control(5), dpkg(1)).
 *
 * Input comes out of an image and is hostile. The parser never reads past its span, never recurses, allocates only
 * from the caller's arena, and counts every stanza it could not use: a package a scanner drops in silence is a
 * vulnerability it hides.
 */
#ifndef SKEP_SCAN_PACKAGE_DPKG_STATUS_H
#define SKEP_SCAN_PACKAGE_DPKG_STATUS_H

#include "base/arena.h"
#include "base/err.h"

enum { DPKG_STATUS_MAX_PACKAGES = 1000000, DPKG_STATUS_MAX_FIELD = 4096 };

struct dpkg_package {
	str name;           /**< never empty */
	str version;        /**< [epoch:]upstream[-revision] as written; never empty */
	str arch;           /**< empty when the stanza has none */
	str source;         /**< source package; equals name when the stanza has none */
	str source_version; /**< equals version unless "Source: pkg (version)" says otherwise */
	str vendor;         /**< Origin, else Maintainer; empty when the stanza has neither */
	uint32_t line;      /**< 1-based line where the stanza begins, for evidence */
};

struct dpkg_status {
	struct dpkg_package *packages; /**< in file order; owned by the arena */
	size_t count;
	size_t skipped; /**< stanzas in a usable state, or in none we know, that are malformed */
	uint32_t first_skip; /**< line of the first of them; 0 when there is none */
};

/**
 * Parses a whole status file.
 *
 * Packages in the states not-installed and config-files are not on the disk and are left out; all other states, half
 * installed ones included, have files there. A stanza without Status is a fragment's and counts as installed.
 *
 * A version ends at its first blank and a name at ":arch", as tools other than dpkg write them: dpkg would refuse the
 * rest, which is no reason to lose the package. A stanza is
 * malformed without Package or Version, with a blank or control character in a name, with a name, version,
 * architecture or source longer than DPKG_STATUS_MAX_FIELD, with a Status of other than three words, or with a state
 * that dpkg does not know.
 *
 * @param text  must outlive @p ret, whose strings point into it
 * @param a     owns ret->packages
 * @return 0, -E2BIG (more stanzas than DPKG_STATUS_MAX_PACKAGES), -ENOBUFS (arena budget spent).
 *         Malformed stanzas are no error: they are counted in @p ret.
 */
MUST_CHECK int dpkg_status_parse(str text, struct arena *a, struct dpkg_status *ret, struct err *e);

#endif
