/** @file
 * Package databases and release files: which paths matter and what each says.
 *
 * Bytes come out of an image and are hostile; callers run this in a worker without privileges. Nothing here opens a
 * file: bytes in, evidence out.
 */
#ifndef SKEP_SCAN_PACKAGE_PACKAGE_DB_H
#define SKEP_SCAN_PACKAGE_PACKAGE_DB_H

#include "base/limits.h"
#include "model/layer.h"

/** Whether @p path (normalised, no leading '/') is a file that package_db_read() understands. */
bool package_db_wants(str path, enum evidence_kind *ret_kind);

/** Whether @p path is a folder above, or a link or file that could stand at, some wanted path or part of one. */
bool package_db_is_on_the_way(str path);

/**
 * Parses one wanted file. What cannot be understood becomes a gap in @p gaps; the rest is kept.
 *
 * Packages have no namespace and no purl yet: those depend on the operating system, which the merge knows. A list of
 * files (DPKG_LIST) yields one package without version, named as the file is: "libc6" and "amd64" for
 * info/libc6:amd64.list; for status.d/NAME.md5sums NAME is also the last part of the fragment's path.
 *
 * @param companion the contents of the file package_db_companion() names, or empty
 * @param a         owns every string of @p ret; @p path, @p bytes and @p companion may go
 * @return 0, -ENOBUFS (memory), -E2BIG (over DPKG_STATUS_MAX_PACKAGES). Malformed input is a gap, not an error.
 */
MUST_CHECK int package_db_read(enum evidence_kind kind, str path, str bytes, str companion,
			       const struct limits *l, struct arena *a, struct evidence *ret,
			       struct gap_list *gaps, struct err *e);

/** The path whose bytes are @p path's companion ("x/rpmdb.sqlite-wal" for "x/rpmdb.sqlite"), or empty. */
str package_db_companion(str path, struct arena *a);

#endif
