/** @file
 * Zstandard (RFC 8878): whole buffers, dictionaries, and frames decompressed piece by piece. The only module that knows
 * libzstd.
 *
 * Compressed input is hostile: the caller states how many bytes may come out, and nothing beyond is written.
 */
#ifndef SKEP_CODEC_ZSTD_H
#define SKEP_CODEC_ZSTD_H

#include "base/buf.h"
#include "base/err.h"

#define ZSTD_MAX_LEVEL 19

/**
 * Appends one frame holding @p raw, with its size and checksum in it. The same input gives the same bytes with the
 * same library version.
 *
 * @return 0, -ENOMEM
 */
MUST_CHECK int zstd_compress(str raw, int level, struct buf *out, struct err *e);

/**
 * Appends what the frames in @p stored hold.
 *
 * @param max most bytes that may come out
 * @return 0, -EBADMSG damaged or cut, -E2BIG beyond @p max, -ENOMEM
 */
MUST_CHECK int zstd_decompress(str stored, uint64_t max, struct buf *out, struct err *e);

/** Decompresses frames piece by piece, in a window of at most 128 MiB (`zstd --long=27`). */
struct zstd_stream;

MUST_CHECK int zstd_stream_new(struct zstd_stream **ret, struct err *e);
void zstd_stream_free(struct zstd_stream *s);
/**
 * Takes bytes off the front of @p in and writes at most @p room to @p out. Call again while @p in has bytes, or while
 * @p out came back full and the frame has not ended.
 *
 * @return 0, -EBADMSG damaged
 */
MUST_CHECK int zstd_stream_next(struct zstd_stream *s, str *in, void *out, size_t room,
				size_t *ret_written, struct err *e);
/** Whether the bytes so far end with a frame. */
bool zstd_stream_frame_done(const struct zstd_stream *s);

/** Makes many small frames that share a dictionary. */
struct zstd_packer;

/** @param dict may be empty; copied */
MUST_CHECK int zstd_packer_new(str dict, int level, struct zstd_packer **ret, struct err *e);
void zstd_packer_free(struct zstd_packer *p);
/** Appends one frame without checksum. @return 0, -ENOMEM */
MUST_CHECK int zstd_pack(struct zstd_packer *p, str raw, struct buf *out, struct err *e);

/** Reads what a packer with the same dictionary made. */
struct zstd_unpacker;

/** @param dict may be empty; copied */
MUST_CHECK int zstd_unpacker_new(str dict, struct zstd_unpacker **ret, struct err *e);
void zstd_unpacker_free(struct zstd_unpacker *u);
/** Fills @p ret with exactly @p n bytes. @return 0, -EBADMSG damaged or of another size */
MUST_CHECK int zstd_unpack(struct zstd_unpacker *u, str stored, char *ret, size_t n, struct err *e);

/**
 * Trains a dictionary of at most @p max bytes on samples that lie one behind the other. Too few samples give an empty
 * one.
 *
 * @return 0, -ENOMEM
 */
MUST_CHECK int zstd_train(str samples, const size_t *sizes, uint32_t count, size_t max,
			  struct buf *out, struct err *e);

#endif
