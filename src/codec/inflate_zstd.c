#include "codec/inflate_priv.h"
#include "codec/zstd.h"

static void close_stream(void *state)
{
	zstd_stream_free(state);
}

static int open_stream(struct inflate *z, struct err *e)
{
	struct zstd_stream *s;
	int r = zstd_stream_new(&s, e);

	if (r == 0)
		z->state = s;
	return r;
}

static int push(struct inflate *z, str bytes, struct err *e)
{
	size_t n;
	int r;

	do {
		r = zstd_stream_next(z->state, &bytes, z->out, INFLATE_OUT_BYTES, &n, e);
		if (r == 0)
			r = inflate_emit(z, inflate_out(z, n), e);
		if (r < 0)
			return r;
	} while (bytes.n || (n == INFLATE_OUT_BYTES && !zstd_stream_frame_done(z->state)));
	return 0;
}

static int end(struct inflate *z, struct err *e)
{
	return zstd_stream_frame_done(z->state) ? 0 : err_set(e, EBADMSG, "zstd: cut off");
}

const struct inflate_codec inflate_zstd = { open_stream, push, end, close_stream };
