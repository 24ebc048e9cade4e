/** @file
 * Reads one layer in one pass: stored bytes -> SHA-256 -> inflate -> SHA-256 -> tar -> wanted files -> evidence.
 *
 * Input is hostile. Nothing is written to disk; memory does not grow with the number of files, only with what tells
 * something about packages (OCI image-spec, layer.md for whiteouts). Nothing that went wrong is an error here: it is
 * a gap in the result, and what was read before it stays.
 */
#ifndef SKEP_SCAN_LAYER_LAYER_READ_H
#define SKEP_SCAN_LAYER_LAYER_READ_H

#include "base/limits.h"
#include "model/layer.h"

/** The path by which a feeder hands over codec/tar_split.h of an unpacked layer, compressed as it is kept. */
#define LAYER_TAR_SPLIT ".wh..wh.tar-split"

struct layer_options {
	struct limits limits;
	const char *const *skip_dirs;  /**< NULL-terminated globs; may be NULL */
	const char *const *skip_files; /**< NULL-terminated globs; may be NULL */
	bool plain_tree; /**< ".wh." names mean nothing: a root file system, not a layer */
	bool unpacked; /**< a layer from where an engine unpacked it: LAYER_TAR_SPLIT is what the engine kept of its archive */
};

struct layer_reader;

/** @param a owns the result */
MUST_CHECK int layer_reader_new(const struct layer_options *o, struct arena *a,
				struct layer_reader **ret, struct err *e);
void layer_reader_free(struct layer_reader *r);

/** Feeds the next bytes as stored. After damage they are only counted and hashed. */
void layer_reader_push(struct layer_reader *r, str bytes);

/**
 * Ends the stream.
 *
 * @param ret_damaged the stream could not be read to its end, diff_id is empty then
 */
void layer_reader_finish(struct layer_reader *r, struct layer *ret, bool *ret_damaged);

#endif
