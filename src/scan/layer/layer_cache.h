/** @file
 * Results by content: a write-once store of texts that any number of processes share without locks.
 *
 * A text lies at DIR/xx/yyyy..., named by the SHA-256 of its key, behind a first line with its own SHA-256: a file that
 * was cut off by a crash or damaged on disk is no hit. Writers make a temporary file and rename it into place; when two
 * do the same work both succeed with the same bytes. Nothing is ever changed, so readers never wait; that a text was used is
 * kept in its file's time. See
 * doc/formats/layer-cache.md.
 */
#ifndef SKEP_SCAN_LAYER_LAYER_CACHE_H
#define SKEP_SCAN_LAYER_LAYER_CACHE_H

#include "scan/layer/layer_read.h"

/** Most bytes of one text. */
#define LAYER_CACHE_MAX (512 * MIB)

/** Appends the text stored under @p key. @return 0, -ENOENT (also when damaged), -ENOMEM, or the errno of reading */
MUST_CHECK int layer_cache_get(const char *dir, str key, struct buf *ret, struct err *e);
/** Stores a text. @return 0, or the errno of writing */
MUST_CHECK int layer_cache_put(const char *dir, str key, str text, struct err *e);

/** What a program that runs on and on keeps. */
#define LAYER_CACHE_KEEP_BYTES ((uint64_t)1024 * MIB)
#define LAYER_CACHE_KEEP_NS ((int64_t)90 * 86400 * 1000000000)

/**
 * Removes what was not used since @p before_ns (nanoseconds since 1970), and of the rest what was used longest ago until it takes
 * no more than @p bytes of the disk. What others read or write meanwhile they read to its end, or write again.
 *
 * @return how many files were removed, -ENOMEM, or the errno of reading the folder; one that is not there is empty
 */
MUST_CHECK int layer_cache_prune(const char *dir, uint64_t bytes, int64_t before_ns, struct err *e);

/**
 * Appends the key of a layer: digest, format and everything of @p o that changes the result.
 *
 * @param digest of the stored bytes or of the tar stream: the same layer is found by both
 */
void layer_cache_key(str digest, const struct layer_options *o, struct buf *ret);

/** @return 0, -ENOENT, or as layer_cache_get() */
MUST_CHECK int layer_cache_load(const char *dir, str digest, const struct layer_options *o,
				struct arena *a, struct layer *ret, struct err *e);
/** Stores @p l under its digest and its diff_id, those it has. */
MUST_CHECK int layer_cache_store(const char *dir, const struct layer *l,
				 const struct layer_options *o, struct err *e);

#endif
