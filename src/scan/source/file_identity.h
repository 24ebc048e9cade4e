/** @file
 * Recognises a file that was read before without reading it again, as git's index does: by device, inode, size and the
 * times of its last change.
 */
#ifndef SKEP_SCAN_SOURCE_FILE_IDENTITY_H
#define SKEP_SCAN_SOURCE_FILE_IDENTITY_H

#include "base/buf.h"

struct file_identity {
	uint64_t device, inode, bytes;
	int64_t changed_ns, modified_ns;
	bool is_file; /**< a regular file; nothing else keeps its identity */
};

struct file_identity file_identity_of(int fd);

/**
 * Whether what was read under @p before may be remembered: the file is the same still, and its last change lies so far
 * back that another one would have got another time.
 */
bool file_identity_is_settled(const struct file_identity *before, int fd);

/** Appends the identity as a line of text. */
void file_identity_render(const struct file_identity *f, struct buf *ret);

#endif
