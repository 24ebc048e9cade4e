/** @file
 * Reads rpm's own package database, "Packages.db" (NDB; rpm 4.15 and later, lib/backend/ndb/rpmpkg.c): slots of
 * 16 bytes in the first pages tell where each header's blob lies. See rpm_sink.h for how damage is treated.
 */
#ifndef SKEP_CODEC_RPM_NDB_H
#define SKEP_CODEC_RPM_NDB_H

#include "codec/rpm_sink.h"

bool rpm_ndb_is(str file);

/**
 * Gives every header of @p file to @p sink. A blob whose checksum is wrong is told as damage and still given: its
 * name and version may well be sound.
 * @return 0 (damage was told), -EBADMSG not such a file at all, or what the sink returned
 */
MUST_CHECK int rpm_ndb_read(str file, const struct rpm_sink *sink, struct err *e);

#endif
