/** @file
 * The walker's insides, shared by tar.c (the walk), tar_header.c (fields) and tar_sparse.c (maps of sparse files).
 */
#ifndef SKEP_CODEC_TAR_PRIV_H
#define SKEP_CODEC_TAR_PRIV_H

#include "codec/tar.h"

struct tar_segment {
	uint64_t offset, bytes;
};

/** What extended headers say of the next entry. */
struct tar_extended {
	struct buf path, link;
	bool has_path, has_link, has_size;
	uint64_t size;
	/* GNU sparse */
	bool is_sparse;
	bool map_in_data; /**< format 1.0 */
	bool has_real_size;
	uint64_t real_size;
	uint64_t pending_offset;      /**< GNU.sparse.offset waiting for its numbytes */
	struct tar_segment *segments; /**< owned */
	size_t segment_count, segment_cap;
};

/** The fields of a header block. */
struct tar_header {
	char type;
	bool is_ustar, is_gnu;
	uint64_t size;
	str name, prefix, link;
};

void tar_extended_reset(struct tar_extended *x);
void tar_extended_done(struct tar_extended *x);

/** @return 0, -EBADMSG (checksum or number) */
MUST_CHECK int tar_header_parse(const uint8_t block[TAR_BLOCK], struct tar_header *ret,
				struct err *e);
/** Reads "length key=value\n" records into @p x. @return 0, -EBADMSG, -E2BIG, -ENOMEM */
MUST_CHECK int tar_pax_parse(str text, struct tar_extended *x, struct err *e);
/** A decimal, octal-with-blanks or base-256 header field. @return 0, or -EBADMSG */
MUST_CHECK int tar_number(const uint8_t *field, size_t n, uint64_t *ret, struct err *e);

/** Appends a segment. @return 0, -E2BIG, -ENOMEM, -EBADMSG (not ascending, or beyond 2^63) */
MUST_CHECK int tar_sparse_add(struct tar_extended *x, uint64_t offset, uint64_t bytes,
			      struct err *e);
/** The segments in an old GNU header (4) or in a block that continues it (21). @p ret_more: another block follows */
MUST_CHECK int tar_sparse_old(const uint8_t *block, bool is_first, struct tar_extended *x,
			      bool *ret_more, struct err *e);
/** "offset,bytes,offset,bytes" of format 0.1. */
MUST_CHECK int tar_sparse_list(str text, struct tar_extended *x, struct err *e);
/**
 * The map of format 1.0, decimal lines at the head of the data.
 *
 * @return bytes used (a multiple of 512), 0 when @p text does not hold all of it yet, or -EBADMSG, -E2BIG, -ENOMEM
 */
MUST_CHECK int64_t tar_sparse_lines(str text, struct tar_extended *x, struct err *e);
/** Checks that the segments hold exactly @p stored bytes and end within the real size. */
MUST_CHECK int tar_sparse_check(const struct tar_extended *x, uint64_t stored, struct err *e);

#endif
