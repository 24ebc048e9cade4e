/** @file
 * Reads what tar-split (github.com/vbatts/tar-split) keeps of a layer's archive once it was unpacked, as containers/storage has it
 * beside each layer: a JSON object a line, one for each entry with its name ("type":1) and one for each piece of the archive
 * between files ("type":2). Only names are told.
 *
 * Input is hostile: names are those of the layer's archive. Lines of pieces are passed over without being kept, all others
 * are bounded by TAR_SPLIT_MAX_LINE.
 */
#ifndef SKEP_CODEC_TAR_SPLIT_H
#define SKEP_CODEC_TAR_SPLIT_H

#include "base/err.h"
#include "base/str.h"

#define TAR_SPLIT_MAX_LINE ((size_t)64 << 10)

struct tar_split;

/** Takes an entry's name as written, which lives until it returns; a negative errno ends the reading and is returned. */
typedef int (*tar_split_sink)(void *ctx, str name, struct err *e);

/** @return 0, -ENOMEM */
MUST_CHECK int tar_split_new(tar_split_sink sink, void *ctx, struct tar_split **ret, struct err *e);
void tar_split_free(struct tar_split *t);

/**
 * Feeds the next bytes, decompressed.
 *
 * @return 0, -EBADMSG (a line is no object, of another type, or its name is no text), -E2BIG (a line over its bound), -ENOMEM, -ENOBUFS, or what the
 *         sink returned. After an error the stream is over.
 */
MUST_CHECK int tar_split_push(struct tar_split *t, str bytes, struct err *e);

/** Ends the stream; a last line may lack its end. @return as tar_split_push() */
MUST_CHECK int tar_split_end(struct tar_split *t, struct err *e);

#endif
