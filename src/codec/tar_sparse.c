/* GNU tar manual, "Storing Sparse Files": the old GNU header and the pax versions 0.0, 0.1 and 1.0. */
#include "codec/tar_priv.h"

enum {
	OLD_AT = 386,
	OLD_COUNT = 4,
	OLD_MORE_AT = 482,
	OLD_REAL_SIZE_AT = 483,
	CONTINUED_COUNT = 21,
	CONTINUED_MORE_AT = 504,
	NUMBER_BYTES = 12,
};

static int grow(struct tar_extended *x, struct err *e)
{
	size_t cap = x->segment_cap ? x->segment_cap * 2 : 64;
	struct tar_segment *wider = realloc(x->segments, cap * sizeof(*wider));

	if (!wider)
		return err_set(e, ENOMEM, "tar: no memory for a sparse map");
	x->segments = wider;
	x->segment_cap = cap;
	return 0;
}

int tar_sparse_add(struct tar_extended *x, uint64_t offset, uint64_t bytes, struct err *e)
{
	const struct tar_segment *last =
		x->segment_count ? &x->segments[x->segment_count - 1] : NULL;
	uint64_t end;
	int r;

	if (x->segment_count == TAR_MAX_SEGMENTS)
		return err_set(e, E2BIG, "tar: sparse file of more than %d segments",
			       TAR_MAX_SEGMENTS);
	if (__builtin_add_overflow(offset, bytes, &end) || end > INT64_MAX ||
	    (last && offset < last->offset + last->bytes))
		return err_set(e, EBADMSG, "tar: impossible map of a sparse file");
	if (x->segment_count == x->segment_cap) {
		r = grow(x, e);
		if (r < 0)
			return r;
	}
	x->segments[x->segment_count++] = (struct tar_segment){ offset, bytes };
	return 0;
}

int tar_sparse_old(const uint8_t *block, bool is_first, struct tar_extended *x, bool *ret_more,
		   struct err *e)
{
	const uint8_t *at = block + (is_first ? OLD_AT : 0);
	int count = is_first ? OLD_COUNT : CONTINUED_COUNT;
	uint64_t offset, bytes;
	int r;

	if (is_first) {
		r = tar_number(block + OLD_REAL_SIZE_AT, NUMBER_BYTES, &x->real_size, e);
		if (r < 0)
			return r;
		x->is_sparse = x->has_real_size = true;
	}
	for (int i = 0; i < count; i++, at += 2 * NUMBER_BYTES) {
		if (at[0] == '\0')
			break;
		r = tar_number(at, NUMBER_BYTES, &offset, e);
		if (r == 0)
			r = tar_number(at + NUMBER_BYTES, NUMBER_BYTES, &bytes, e);
		if (r == 0)
			r = tar_sparse_add(x, offset, bytes, e);
		if (r < 0)
			return r;
	}
	*ret_more = block[is_first ? OLD_MORE_AT : CONTINUED_MORE_AT] != 0;
	return 0;
}

int tar_sparse_list(str text, struct tar_extended *x, struct err *e)
{
	x->segment_count = 0;
	while (text.n) {
		str first = str_cut(&text, ','), second = str_cut(&text, ',');
		uint64_t offset, bytes;
		int r;

		if (str_u64(first, &offset) < 0 || str_u64(second, &bytes) < 0)
			return err_set(e, EBADMSG, "tar: malformed map of a sparse file");
		r = tar_sparse_add(x, offset, bytes, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A decimal line. @return false when the text ends before the line does */
static bool next_number(str *text, uint64_t *ret, int *ret_error)
{
	size_t end = str_find(*text, '\n');

	*ret_error = 0;
	if (end == text->n)
		return false;
	*ret_error = str_u64(str_take(*text, end), ret);
	*text = str_skip(*text, end + 1);
	return true;
}

int64_t tar_sparse_lines(str text, struct tar_extended *x, struct err *e)
{
	const size_t all = text.n;
	uint64_t count, offset, bytes;
	int bad, r;

	if (!next_number(&text, &count, &bad))
		return all < TAR_BLOCK ? 0 : err_set(e, EBADMSG, "tar: malformed sparse map");
	if (bad || count > TAR_MAX_SEGMENTS)
		return err_set(e, bad ? EBADMSG : E2BIG, "tar: impossible count in a sparse map");
	x->segment_count = 0;
	for (uint64_t i = 0; i < count; i++) {
		if (!next_number(&text, &offset, &bad) ||
		    (bad == 0 && !next_number(&text, &bytes, &bad)))
			return 0;
		if (bad)
			return err_set(e, EBADMSG, "tar: malformed number in a sparse map");
		r = tar_sparse_add(x, offset, bytes, e);
		if (r < 0)
			return r;
	}
	bytes = (all - text.n + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	return bytes <= all ? (int64_t)bytes : 0;
}

int tar_sparse_check(const struct tar_extended *x, uint64_t stored, struct err *e)
{
	uint64_t sum = 0, end = 0;

	for (size_t i = 0; i < x->segment_count; i++) {
		end = x->segments[i].offset + x->segments[i].bytes;
		sum += x->segments[i].bytes;
	}
	if (sum != stored || end > x->real_size || x->real_size > INT64_MAX)
		return err_set(e, EBADMSG, "tar: the map of a sparse file does not fit its data");
	return 0;
}
