/** @file
 * Looks up single values in a bbolt database (go.etcd.io/bbolt, format version 2): containerd's metadata.
 *
 * The file is another process's and may change while it is read: the caller asks bolt_is_current() after its look-ups and begins
 * again where it is not. No page is trusted: every offset is checked, depth and sizes are bounded, nothing recurses. Only
 * the pages on the way to a value are read.
 */
#ifndef SKEP_CODEC_BOLT_H
#define SKEP_CODEC_BOLT_H

#include "base/arena.h"
#include "base/err.h"

#define BOLT_MAX_DEPTH 16
/** Bytes of one page with what overflows it. */
#define BOLT_MAX_PAGE (4u << 20)

struct bolt {
	/** Reads exactly @p n bytes at @p offset. @return 0 or -errno */
	int (*read)(void *ctx, uint64_t offset, void *to, size_t n);
	void *ctx;
	uint32_t page_bytes;
	uint64_t root;     /**< page of the root bucket */
	uint64_t pages;    /**< in use */
	uint64_t revision; /**< transaction that wrote what is seen */
};

/** Reads the newer of the two valid heads. @return 0, -EBADMSG: no such database, the read's errno */
MUST_CHECK int bolt_open(struct bolt *b,
			 int (*read)(void *ctx, uint64_t offset, void *to, size_t n), void *ctx,
			 struct err *e);

/** What was read since bolt_open() is of one state of the database. */
bool bolt_is_current(const struct bolt *b);

/**
 * The value under a path of buckets and a key.
 *
 * @param a owns the pages read, @p ret among them
 * @return 0, -ENOENT (also: the key is a bucket), -EBADMSG, -ENOBUFS, -E2BIG, the read's errno
 */
MUST_CHECK int bolt_find(const struct bolt *b, const str *path, size_t depth, struct arena *a,
			 str *ret, struct err *e);

/** Tells the keys of a bucket in their order; @p value is empty for buckets. Non-zero from @p fn ends it. Errors as above. */
MUST_CHECK int bolt_each(const struct bolt *b, const str *path, size_t depth, struct arena *a,
			 int (*fn)(void *ctx, str key, str value), void *ctx, struct err *e);

#endif
