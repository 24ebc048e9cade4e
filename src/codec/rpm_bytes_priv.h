/** @file
 * Numbers in either byte order at an offset of a span. The caller has checked that they lie inside.
 */
#ifndef SKEP_CODEC_RPM_BYTES_PRIV_H
#define SKEP_CODEC_RPM_BYTES_PRIV_H

#include "base/str.h"

static inline uint32_t rpm_u8(str s, size_t at)
{
	assert(at < s.n);
	return (unsigned char)s.p[at];
}

static inline uint32_t rpm_be16(str s, size_t at)
{
	return rpm_u8(s, at) << 8 | rpm_u8(s, at + 1);
}

static inline uint32_t rpm_le16(str s, size_t at)
{
	return rpm_u8(s, at + 1) << 8 | rpm_u8(s, at);
}

static inline uint32_t rpm_be32(str s, size_t at)
{
	return rpm_be16(s, at) << 16 | rpm_be16(s, at + 2);
}

static inline uint32_t rpm_le32(str s, size_t at)
{
	return rpm_le16(s, at + 2) << 16 | rpm_le16(s, at);
}

#endif
