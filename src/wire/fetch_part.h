/** @file
 * A file that is still arriving: PATH.part, and beside it PATH.part.tag, which says of what (the SHA-256 of the URL, because
 * a URL may hold a secret, a newline, and the ETag).
 */
#ifndef SKEP_WIRE_FETCH_PART_H
#define SKEP_WIRE_FETCH_PART_H

#include "base/buf.h"
#include "base/err.h"

struct fetch_part {
	const char *path;     /**< destination, borrowed */
	const char *url;      /**< borrowed */
	struct buf part, tag; /**< paths */
	struct buf etag;      /**< strong, with its quotes; empty: cannot be resumed */
	int fd;
	uint64_t bytes;
};

/**
 * Opens the part of @p path, with what an earlier call left when that was of the same @p url and is resumable; else empty.
 *
 * @param ret to be closed with fetch_part_close() also after an error of a later call
 * @return 0, -EBUSY (another process has it open), -ENOMEM, or the file system's errno
 */
MUST_CHECK int fetch_part_open(const char *path, const char *url, struct fetch_part *ret,
			       struct err *e);
void fetch_part_close(struct fetch_part *p);

/** Empties the part and notes of what it is going to be; a weak or empty @p etag makes it not resumable. */
MUST_CHECK int fetch_part_restart(struct fetch_part *p, str etag, struct err *e);
MUST_CHECK int fetch_part_write(struct fetch_part *p, str bytes, struct err *e);
/** Makes the part the file. */
MUST_CHECK int fetch_part_finish(struct fetch_part *p, struct err *e);

#endif
