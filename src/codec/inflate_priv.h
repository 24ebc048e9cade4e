/** @file
 * What the decompressors share with codec/inflate.c.
 */
#ifndef SKEP_CODEC_INFLATE_PRIV_H
#define SKEP_CODEC_INFLATE_PRIV_H

#include "codec/inflate.h"

/** Large, so that a call's set-up is paid rarely; small enough that hash and tar walk find it in the second-level cache. */
#define INFLATE_OUT_BYTES (256 * 1024)

struct inflate {
	struct inflate_options o;
	enum inflate_format format;
	bool recognised;
	uint8_t head[6];
	size_t head_bytes;
	uint64_t in_bytes, out_bytes;
	void *state;  /**< of the format's decompressor */
	uint8_t *out; /**< INFLATE_OUT_BYTES */
};

/** The first @p n bytes of z->out. */
static inline str inflate_out(const struct inflate *z, size_t n)
{
	return (str){ (const char *)z->out, n };
}

/** Hands bytes on after checking the limits. @return 0, -E2BIG, or the sink's error */
MUST_CHECK int inflate_emit(struct inflate *z, str bytes, struct err *e);

/** A decompressor: `open` sets z->state. push and end as in inflate.h. */
struct inflate_codec {
	int (*open)(struct inflate *z, struct err *e);
	int (*push)(struct inflate *z, str bytes, struct err *e);
	int (*end)(struct inflate *z, struct err *e);
	void (*close)(void *state);
};

extern const struct inflate_codec inflate_gzip, inflate_zstd, inflate_xz, inflate_bzip2;

#endif
