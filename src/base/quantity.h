/** @file
 * Sizes and durations as people write them.
 */
#ifndef SKEP_BASE_QUANTITY_H
#define SKEP_BASE_QUANTITY_H

#include "base/str.h"

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

#endif
