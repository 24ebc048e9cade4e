/** @file
 * What an image archive holds, found in one pass by a worker: its JSON documents, and of everything else either where it
 * lies (an uncompressed archive in a file, which is then only skipped through) or, when the archive cannot be read a
 * second time, each layer already analysed as it went by.
 *
 * The worker's answer is a string of records: a type byte, a little-endian u32 length and the body. 'm' begins a member
 * (a kind byte; u64 offset and size; u32 length of the path; path; link target), 't' is its text, 'l' its layer as
 * layer_worker_parse() reads it, 'd' a sentence about damage that ended the walk. It is kept in the cache as it is.
 */
#ifndef SKEP_SCAN_SOURCE_ARCHIVE_INDEX_H
#define SKEP_SCAN_SOURCE_ARCHIVE_INDEX_H

#include "base/map.h"
#include "scan/layer/layer_worker.h"

#define ARCHIVE_MAX_MEMBERS 65536
/** Bytes of all JSON documents together. */
#define ARCHIVE_MAX_TEXT (64 * MIB)

enum archive_member_kind { ARCHIVE_MEMBER_FILE, ARCHIVE_MEMBER_SYMLINK, ARCHIVE_MEMBER_HARDLINK };

struct archive_member {
	enum archive_member_kind kind;
	str path;               /**< in normal form */
	str link;               /**< target as written */
	uint64_t offset, bytes; /**< where its data stands in the archive */
	bool has_text;
	str text;
	const struct layer *layer; /**< analysed already; NULL: not */
	bool layer_damaged;
};

struct archive_index {
	struct archive_member *members;
	size_t count, cap;
	struct map at; /**< path -> struct archive_member; the last of equal paths */
	str damage;    /**< why the walk ended early; empty when it did not */
};

/** The task for a worker; in->is_seekable asks for places instead of layers where the archive allows. */
void archive_index_task(const struct layer_task *t, const struct layer_input *in, struct buf *ret);

/** Takes the answer apart; it may come from a compromised worker. @return 0, -EBADMSG, -ENOBUFS */
MUST_CHECK int archive_index_parse(str answer, struct arena *a, struct archive_index *ret,
				   struct err *e);

/** The file at @p path, links followed; NULL when there is none. */
const struct archive_member *archive_index_find(const struct archive_index *x, str path,
						struct arena *a);

#endif
