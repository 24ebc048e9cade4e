/** @file
 * Walks a tar archive as its bytes arrive: POSIX ustar and pax (pax(1)), GNU (long names, old sparse, base-256
 * numbers), GNU sparse in pax 0.0, 0.1 and 1.0, and V7.
 *
 * Input is hostile. Nothing is written anywhere, no path is interpreted: names are handed over as they stand. File data
 * is passed on in place, in pieces that live until the callback returns; holes of sparse files come as zero bytes.
 * Memory does not grow with the number of entries: extended headers are bounded by TAR_MAX_EXTENDED.
 *
 * The archive ends with two zero blocks or with the stream, between entries; what follows the zero blocks is ignored
 * as by every extractor. Why no library: doc/decisions/0007-own-tar-walker.md.
 */
#ifndef SKEP_CODEC_TAR_H
#define SKEP_CODEC_TAR_H

#include "base/buf.h"
#include "base/err.h"

#define TAR_BLOCK 512
/** Bytes of one extended header (pax or GNU long name). */
#define TAR_MAX_EXTENDED ((size_t)1 << 20)
/** Data segments of one sparse file. */
#define TAR_MAX_SEGMENTS 65536

enum tar_kind {
	TAR_FILE,
	TAR_HARDLINK,
	TAR_SYMLINK,
	TAR_FOLDER,
	TAR_DEVICE, /**< character or block */
	TAR_FIFO,
	TAR_OTHER, /**< a type nobody defined, or a volume header */
};

struct tar_entry {
	enum tar_kind kind;
	str path;              /**< as written; may be absolute, hold "..", or be empty */
	str link;              /**< target of a hard or symbolic link, as written */
	uint64_t bytes;        /**< of the file, holes included; 0 for everything else */
	uint64_t data_offset;  /**< of the data in the archive */
	uint64_t stored_bytes; /**< of the data in the archive, without padding */
	bool is_sparse;
};

struct tar_handler {
	void *ctx;
	/** An entry begins. @return 1 to be given its data, 0 to have it skipped, or a negative errno to stop */
	int (*entry)(void *ctx, const struct tar_entry *t, struct err *e);
	/** The next bytes of a file whose data was asked for. @return 0, 1 to be spared the rest and `done`, or a
	 * negative errno to stop */
	int (*data)(void *ctx, str bytes, struct err *e);
	/** All bytes of a file whose data was asked for have come. @return 0, or a negative errno to stop */
	int (*done)(void *ctx, struct err *e);
};

struct tar;

MUST_CHECK int tar_new(const struct tar_handler *h, struct tar **ret, struct err *e);
void tar_free(struct tar *t);

/**
 * Feeds the next bytes.
 *
 * @return 0, -EBADMSG (header checksum, number, extended header, sparse map: the walk cannot go on), -E2BIG (an
 *         extended header or sparse map over its bound), -ENOMEM, or what a callback returned
 */
MUST_CHECK int tar_push(struct tar *t, str bytes, struct err *e);

/** Ends the stream. @return 0, or -EBADMSG when it ends inside an entry */
MUST_CHECK int tar_end(struct tar *t, struct err *e);

/** Bytes from here on that a caller who can seek need not feed; tell tar_skipped() when they were left out. */
uint64_t tar_skippable(const struct tar *t);
void tar_skipped(struct tar *t, uint64_t bytes);

/** Bytes of the archive that were understood so far: where the walk stands, or stopped. */
uint64_t tar_offset(const struct tar *t);

/** The two zero blocks were met: nothing more will be reported. */
bool tar_is_over(const struct tar *t);

/** Whether a block looks like a tar header: its checksum holds. */
bool tar_is_header(str block);

/**
 * Appends a header, with a pax header before it where the path or size needs one.
 *
 * @param kind TAR_FILE, TAR_FOLDER or TAR_SYMLINK
 */
void tar_render_header(enum tar_kind kind, str path, str link, uint64_t bytes, struct buf *out);

#endif
