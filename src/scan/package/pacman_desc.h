/** @file
 * Reads a package of Arch Linux's database, var/lib/pacman/local/NAME-VERSION/desc: "%FIELD%" lines, each followed by
 * its values a line and an empty line (pacman's lib/libalpm/be_local.c). Input comes out of an image and is hostile.
 */
#ifndef SKEP_SCAN_PACKAGE_PACMAN_DESC_H
#define SKEP_SCAN_PACKAGE_PACMAN_DESC_H

#include "base/err.h"
#include "model/package.h"

enum { PACMAN_DESC_MAX_FIELD = 4096 };

/**
 * Parses one file: NAME, VERSION, BASE (the source package), ARCH, LICENSE, PACKAGER (the vendor).
 *
 * @param db_path copied by reference; must live as long as @p a
 * @param a       owns every string of the package; @p text may go
 * @return 0, -EBADMSG (no name or version, or a blank in one; a field too long), -ENOBUFS
 */
MUST_CHECK int pacman_desc_parse(str text, str db_path, struct arena *a, struct package *ret,
				 struct err *e);

#endif
