#include "codec/inflate_priv.h"

#include <zstd.h>

/* The largest window decoders accept without being told to; zstd --long=27 writes it. */
enum { WINDOW_LOG_MAX = 27 };

struct zstd {
	ZSTD_DStream *stream;
	bool frame_done;
};

static void zstd_close(void *state)
{
	struct zstd *s = state;

	ZSTD_freeDStream(s->stream);
	free(s);
}

static int zstd_open(struct inflate *z, struct err *e)
{
	struct zstd *s = calloc(1, sizeof(*s));

	if (s)
		s->stream = ZSTD_createDStream();
	if (!s || !s->stream) {
		free(s);
		return err_set(e, ENOMEM, "no memory to decompress zstd");
	}
	z->state = s;
	if (ZSTD_isError(ZSTD_DCtx_setParameter(s->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return err_set(e, EINVAL, "zstd: cannot bound the window");
	return 0;
}

static int zstd_push(struct inflate *z, str bytes, struct err *e)
{
	struct zstd *s = z->state;
	ZSTD_inBuffer in = { bytes.p, bytes.n, 0 };
	ZSTD_outBuffer out;
	int r;

	do {
		out = (ZSTD_outBuffer){ z->out, INFLATE_OUT_BYTES, 0 };
		size_t hint = ZSTD_decompressStream(s->stream, &out, &in);

		s->frame_done = hint == 0;
		r = inflate_emit(z, out.pos, e);
		if (r < 0)
			return r;
		if (ZSTD_isError(hint))
			return err_set(e, EBADMSG, "zstd: %s", ZSTD_getErrorName(hint));
	} while (in.pos < in.size || (out.pos == out.size && !s->frame_done));
	return 0;
}

static int zstd_end(struct inflate *z, struct err *e)
{
	const struct zstd *s = z->state;

	if (!s->frame_done)
		return err_set(e, EBADMSG, "zstd: cut off");
	return 0;
}

const struct inflate_codec inflate_zstd = { zstd_open, zstd_push, zstd_end, zstd_close };
