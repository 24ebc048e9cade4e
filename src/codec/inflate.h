/** @file
 * Decompression as a stream: gzip (RFC 1952, many members), zstd (RFC 8878), xz (with concatenation) and bzip2, or
 * plain bytes passed through. The only module that knows ISA-L, libzstd, liblzma and libbz2.
 *
 * Input is hostile. Checksums are verified; output is bounded in total and, beyond its first 64 MiB, in proportion to
 * the input. Memory is bounded by the format's window, at most 128 MiB (zstd --long=27, xz -9).
 *
 * Behind the last member of a gzip stream zero bytes are padding; anything else is -EBADMSG, as container engines
 * have it.
 */
#ifndef SKEP_CODEC_INFLATE_H
#define SKEP_CODEC_INFLATE_H

#include "base/err.h"
#include "base/str.h"

/** X(id, suffix) */
#define INFLATE_FORMATS(X) \
	X(PLAIN, "") \
	X(GZIP, "+gzip") \
	X(ZSTD, "+zstd") \
	X(XZ, "+xz") \
	X(BZIP2, "+bzip2")

enum inflate_format {
#define INFLATE_ENUM(id, suffix) INFLATE_##id,
	INFLATE_FORMATS(INFLATE_ENUM)
#undef INFLATE_ENUM
};

struct inflate_options {
	uint64_t max_bytes; /**< of output */
	/** output bytes per input byte, checked after the first 64 MiB of output */
	uint64_t expansion;
	/** Takes the output; a negative errno ends the stream and is returned. @p bytes live until it returns. */
	int (*sink)(void *ctx, str bytes, struct err *e);
	void *ctx;
};

struct inflate;

MUST_CHECK int inflate_new(const struct inflate_options *o, struct inflate **ret, struct err *e);
void inflate_free(struct inflate *z);

/**
 * Feeds the next bytes. The format is recognised from the first six bytes of the stream.
 *
 * @return 0, -EBADMSG damaged, -E2BIG over max_bytes or expansion, -ENOMEM, or what the sink returned. After an error
 *         the stream is over.
 */
MUST_CHECK int inflate_push(struct inflate *z, str bytes, struct err *e);

/** Ends the stream. @return 0, or -EBADMSG when it ends in the middle, or as inflate_push() */
MUST_CHECK int inflate_end(struct inflate *z, struct err *e);

/** The format, once recognised; PLAIN before. */
enum inflate_format inflate_format(const struct inflate *z);
/** The part of a media name: "", "+gzip", ... */
const char *inflate_suffix(enum inflate_format f);
/** What the first bytes of a stream say; PLAIN for anything unknown. */
enum inflate_format inflate_recognise(str head);

#endif
