/** @file
 * Sizes and durations as people write and read them.
 */
#ifndef SKEP_BASE_QUANTITY_H
#define SKEP_BASE_QUANTITY_H

#include "base/buf.h"
#include "base/lang.h"

/**
 * A count of bytes: digits and an optional unit, B, K/KiB, M/MiB, G/GiB, T/TiB (1024) or KB, MB, GB, TB (1000),
 * without regard to case.
 * @return 0, -EBADMSG, -ERANGE
 */
MUST_CHECK int quantity_bytes(str s, uint64_t *ret);

/**
 * A duration in seconds: digits and a unit s, m, h, d or w, several in a row ("1d12h"); bare digits are seconds.
 * @return 0, -EBADMSG, -ERANGE
 */
MUST_CHECK int quantity_seconds(str s, uint64_t *ret);

/** Appends a duration in words, by its two largest units: "2 days 3 hours", "1 minute", "0 seconds". What is smaller is left out. */
void quantity_tell_seconds(uint64_t seconds, enum lang lang, struct buf *out);

#endif
