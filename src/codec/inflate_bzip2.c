#include "codec/inflate_priv.h"

#include <bzlib.h>

struct bzip2 {
	bz_stream stream;
	bool open;
	bool any; /**< a stream was completed */
};

static void bzip2_close(void *state)
{
	struct bzip2 *b = state;

	if (b->open)
		BZ2_bzDecompressEnd(&b->stream);
	free(b);
}

static int start(struct bzip2 *b, struct err *e)
{
	b->stream = (bz_stream){ 0 };
	if (BZ2_bzDecompressInit(&b->stream, 0, 0) != BZ_OK)
		return err_set(e, ENOMEM, "no memory to decompress bzip2");
	b->open = true;
	return 0;
}

static int bzip2_open(struct inflate *z, struct err *e)
{
	z->state = calloc(1, sizeof(struct bzip2));
	return z->state ? 0 : err_set(e, ENOMEM, "no memory to decompress bzip2");
}

static int bzip2_push(struct inflate *z, str bytes, struct err *e)
{
	struct bzip2 *b = z->state;
	bz_stream *s = &b->stream;
	bool full = false;
	int r, code;

	while (bytes.n || full) {
		size_t piece = MIN(bytes.n, (size_t)1 << 30);

		if (!b->open) {
			r = start(b, e);
			if (r < 0)
				return r;
		}
		/* libbz2 takes a non-const pointer but only reads. */
		s->next_in = (char *)(uintptr_t)bytes.p;
		s->avail_in = (unsigned int)piece;
		s->next_out = (char *)z->out;
		s->avail_out = INFLATE_OUT_BYTES;
		code = BZ2_bzDecompress(s);
		bytes = str_skip(bytes, piece - s->avail_in);
		full = code == BZ_OK && s->avail_out == 0;
		r = inflate_emit(z, inflate_out(z, INFLATE_OUT_BYTES - s->avail_out), e);
		if (r < 0)
			return r;
		if (code == BZ_STREAM_END) {
			BZ2_bzDecompressEnd(s);
			b->open = false;
			b->any = true;
		} else if (code != BZ_OK) {
			return err_set(e, code == BZ_MEM_ERROR ? ENOMEM : EBADMSG,
				       "bzip2: damaged");
		}
	}
	return 0;
}

static int bzip2_end(struct inflate *z, struct err *e)
{
	const struct bzip2 *b = z->state;

	if (b->open || !b->any)
		return err_set(e, EBADMSG, "bzip2: cut off");
	return 0;
}

const struct inflate_codec inflate_bzip2 = { bzip2_open, bzip2_push, bzip2_end, bzip2_close };
