/* However an archive is cut into pieces, and whether data is passed on or skipped over, the walk meets the same entries
 * and ends the same; a file asked for gets exactly the bytes its entry announced. */
#include "fuzz.h"

#include "base/buf.h"
#include "codec/tar.h"

#define FILE_MAX_BYTES (1u << 20)

struct seen {
	struct buf entries;
	uint64_t left;
	bool wants;
};

static int on_entry(void *ctx, const struct tar_entry *t, struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	buf_printf(&s->entries, "%d %llu %llu %zu ", t->kind, (unsigned long long)t->bytes,
		   (unsigned long long)t->data_offset, t->link.n);
	buf_add(&s->entries, t->path);
	buf_byte(&s->entries, '\n');
	s->left = t->bytes;
	return s->wants && t->bytes <= FILE_MAX_BYTES;
}

static int on_data(void *ctx, str bytes, struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	assert(bytes.n && bytes.n <= s->left);
	s->left -= bytes.n;
	return 0;
}

static int on_done(void *ctx, struct err *e)
{
	struct seen *s = ctx;

	(void)e;
	assert(s->left == 0);
	return 0;
}

static int walk(str in, size_t piece, bool skips, struct seen *s)
{
	struct tar_handler h = { s, on_entry, on_data, on_done };
	struct tar *t;
	int r = tar_new(&h, &t, NULL);

	assert(r == 0);
	while (in.n && r == 0) {
		size_t n = MIN(piece, in.n);

		r = tar_push(t, str_take(in, n), NULL);
		in = str_skip(in, n);
		if (skips && r == 0 && !tar_is_over(t)) {
			uint64_t skip = MIN(tar_skippable(t), (uint64_t)in.n);

			tar_skipped(t, skip);
			in = str_skip(in, (size_t)skip);
		}
	}
	if (r == 0)
		r = tar_end(t, NULL);
	tar_free(t);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { .wants = true }, pieces = { .wants = true },
		    skipped = { .wants = false }, passed = { .wants = false };
	str in = { (const char *)data, size };
	int r = walk(in, SIZE_MAX, false, &whole);

	assert(walk(in, 61, false, &pieces) == r);
	assert(str_eq(buf_str(&whole.entries), buf_str(&pieces.entries)));
	r = walk(in, 512, true, &skipped);
	assert(walk(in, SIZE_MAX, false, &passed) == r);
	assert(str_eq(buf_str(&skipped.entries), buf_str(&passed.entries)));
	buf_done(&whole.entries);
	buf_done(&pieces.entries);
	buf_done(&skipped.entries);
	buf_done(&passed.entries);
	return 0;
}
