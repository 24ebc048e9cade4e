/** @file
 * Archives as a stream of entries: tar (ustar, pax, GNU, sparse), zip (streamed), and single compressed files.
 * The only module that knows libarchive.
 *
 * Input is hostile. Only the formats asked for are enabled, nothing is written to disk, names are handed over as they
 * stand ("..", absolute and empty ones included): the caller judges them. Bounds on entries, sizes and expansion are
 * the caller's, who sees every entry and block pass by.
 */
#ifndef SKEP_CODEC_ARCHIVE_H
#define SKEP_CODEC_ARCHIVE_H

#include "base/err.h"
#include "base/str.h"

enum archive_accept {
	ARCHIVE_ACCEPT_TAR = 1,
	ARCHIVE_ACCEPT_ZIP = 2,
	ARCHIVE_ACCEPT_ANY = 4, /**< bytes of no archive format become one entry named "data" */
	ARCHIVE_ACCEPT_COMPRESSED = 8, /**< gzip, zstd, xz and bzip2 around it */
};

/** Where the bytes come from. */
struct archive_source {
	void *ctx;
	/** Hands over the next bytes, valid until the next call. @return their number, 0 at the end, or -errno */
	ssize_t (*pull)(void *ctx, const void **ret, struct err *e);
};

enum archive_item_type {
	ARCHIVE_ITEM_FILE,
	ARCHIVE_ITEM_FOLDER,
	ARCHIVE_ITEM_SYMLINK,
	ARCHIVE_ITEM_HARDLINK, /**< may still carry data */
	ARCHIVE_ITEM_OTHER,    /**< devices, pipes, sockets */
};

struct archive_item {
	enum archive_item_type type;
	str path;        /**< as written; may be empty */
	str link;        /**< target of a symbolic or hard link */
	uint64_t size;   /**< meaningful when size_known */
	bool size_known; /**< false for streamed zip entries and compressed files */
	bool raw;        /**< the one entry of a file that is no archive */
	uint32_t mode;   /**< permission bits */
	int64_t mtime;   /**< seconds since 1970 */
	str warning;     /**< what was odd about the header; empty when nothing was */
};

struct archive_stream;

/**
 * Begins reading; the first bytes are pulled at once.
 *
 * @param accept enum archive_accept, or-ed
 * @return 0, -EBADMSG not an accepted format, -ENOMEM, or the source's error
 */
MUST_CHECK int archive_stream_open(struct archive_source source, unsigned int accept,
				   struct archive_stream **ret, struct err *e);
void archive_stream_close(struct archive_stream *s);

/**
 * The next entry; what was not read of the one before is skipped.
 *
 * @param ret valid until the next call
 * @return 1, 0 at the end, -EBADMSG damaged, -ENOMEM, or the source's error
 */
MUST_CHECK int archive_stream_next(struct archive_stream *s, struct archive_item *ret,
				   struct err *e);

/**
 * The next block of the entry's data, without copying; holes of sparse files show as gaps between offsets.
 *
 * @return 1, 0 at the end of the entry, -EBADMSG damaged, -ENOMEM, or the source's error
 */
MUST_CHECK int archive_stream_block(struct archive_stream *s, str *ret, uint64_t *ret_offset,
				    struct err *e);

#endif
