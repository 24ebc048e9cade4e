/** @file
 * Reads the hash table "Packages" of rpm's Berkeley DB databases (libdb 4 and 5, src/dbinc/db_page.h), in either byte
 * order and with any page size, by walking its pages one after the other. Keys are header numbers; number 0 is no
 * header. See rpm_sink.h for how damage is treated.
 */
#ifndef SKEP_CODEC_RPM_BDB_H
#define SKEP_CODEC_RPM_BDB_H

#include "codec/rpm_sink.h"

bool rpm_bdb_is(str file);

/**
 * Gives every header of @p file to @p sink.
 * @return 0 (damage was told), -EBADMSG not such a file at all, -ENOMEM, or what the sink returned
 */
MUST_CHECK int rpm_bdb_read(str file, const struct rpm_sink *sink, struct err *e);

#endif
