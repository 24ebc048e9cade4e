/** @file
 * Files of a feed that are only understood together, kept until all of them have been offered.
 */
#ifndef SKEP_SCAN_FEED_FEED_SET_H
#define SKEP_SCAN_FEED_FEED_SET_H

#include "scan/feed/feed.h"

/** Most bytes of one set that are kept at once. */
#define FEED_SET_MAX_BYTES (1ull << 30)

struct feed_set {
	struct arena arena;
	const struct feed_format *format; /**< NULL: nothing is kept */
	str key;
	struct feed_file *files;
	size_t count, cap;
	uint64_t bytes;
	int64_t mtime; /**< the latest of the files' */
};

/** Whether @p bytes more of @p key may join what is kept; if not, that is to be imported first. */
bool feed_set_takes(const struct feed_set *s, const struct feed_format *f, str key, size_t bytes);
/** Keeps a copy. @return 0 or -ENOMEM */
MUST_CHECK int feed_set_add(struct feed_set *s, const struct feed_format *f, str key,
			    const struct feed_file *file, int64_t mtime, struct err *e);
/** Lets go of everything. */
void feed_set_reset(struct feed_set *s);

#endif
