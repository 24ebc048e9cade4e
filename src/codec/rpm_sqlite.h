/** @file
 * Reads the table Packages of rpm's SQLite databases (https://www.sqlite.org/fileformat2.html): a read-only walk of one
 * b-tree, with overflow pages, any page size, reserved bytes, and the pages that the write-ahead log has committed.
 * An image made from a running system may hold packages in the log only. See rpm_sink.h for how damage is treated.
 */
#ifndef SKEP_CODEC_RPM_SQLITE_H
#define SKEP_CODEC_RPM_SQLITE_H

#include "codec/rpm_sink.h"

/** Whether @p file, or the log when the file is still empty, is an SQLite database. */
bool rpm_sqlite_is(str file, str wal);

/**
 * Gives every header of the table to @p sink, in order of their numbers.
 *
 * @param wal the file NAME-wal, or empty. Frames count up to the last commit whose chain of checksums and salts is
 *            whole; what follows was never committed and is no damage.
 * @return 0 (damage was told), -EBADMSG not such a file, or without a table Packages, -ENOMEM, or what the sink returned
 */
MUST_CHECK int rpm_sqlite_read(str file, str wal, const struct rpm_sink *sink, struct err *e);

#endif
