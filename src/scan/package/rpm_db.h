/** @file
 * Reads an rpm database of any of its three formats into packages: Berkeley DB ("Packages"), NDB ("Packages.db") and
 * SQLite ("rpmdb.sqlite"). The format is told by the bytes, not by the name.
 *
 * Input comes out of an image and is hostile. Headers are read one by one; what is damaged is counted as a gap and the
 * packages read before and after it are kept.
 */
#ifndef SKEP_SCAN_PACKAGE_RPM_DB_H
#define SKEP_SCAN_PACKAGE_RPM_DB_H

#include "base/limits.h"
#include "model/gap.h"
#include "model/package.h"

/**
 * Appends the packages of a database.
 *
 * version is [epoch:]version-release, the epoch left out when it is 0; source_version has no epoch, for the name of
 * the source rpm has none. Public keys that rpm stores as packages ("gpg-pubkey") are left out.
 *
 * @param path  for gaps and evidence; must live as long as @p a
 * @param wal   the write-ahead log of an SQLite database, or empty: its committed pages count
 * @param a     owns every string of the packages; @p bytes may go
 * @return 0, -ENOBUFS. Malformed input is a gap, not an error.
 */
MUST_CHECK int rpm_db_read(str path, str bytes, str wal, const struct limits *l, struct arena *a,
			   struct package_list *ret, struct gap_list *gaps, struct err *e);

#endif
