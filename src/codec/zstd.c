#include "codec/zstd.h"

#include <zdict.h>
#include <zstd.h>

/* The largest window decoders accept without being told to; zstd --long=27 writes it. */
enum { WINDOW_LOG_MAX = 27 };

struct zstd_stream {
	ZSTD_DStream *stream;
	bool frame_done;
};

struct zstd_packer {
	ZSTD_CCtx *ctx;
	ZSTD_CDict *dict;
};

struct zstd_unpacker {
	ZSTD_DCtx *ctx;
	ZSTD_DDict *dict;
};

int zstd_compress(str raw, int level, struct buf *out, struct err *e)
{
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	size_t bound = ZSTD_compressBound(raw.n);
	char *at = ctx ? buf_reserve(out, bound) : NULL;
	size_t n = 0;

	if (at) {
		ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
		ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
		n = ZSTD_compress2(ctx, at, bound, raw.n ? raw.p : "", raw.n);
	}
	ZSTD_freeCCtx(ctx);
	if (!at || ZSTD_isError(n))
		return err_set(e, ENOMEM, "cannot compress %zu bytes: %s", raw.n,
			       at ? ZSTD_getErrorName(n) : "no memory");
	out->n += n;
	return 0;
}

static int decompress_stream(ZSTD_DCtx *ctx, str stored, uint64_t max, struct buf *out,
			     struct err *e)
{
	ZSTD_inBuffer in = { .src = stored.p, .size = stored.n };
	size_t start = out->n, left = 1;

	/* A full output chunk may hide more output behind an exhausted input. */
	for (bool full = false; in.pos < in.size || full;) {
		size_t room = ZSTD_DStreamOutSize();
		char *at = buf_reserve(out, room);
		ZSTD_outBuffer o = { .dst = at, .size = room };

		if (!at)
			return err_sys(e, -buf_error(out), "cannot hold the decompressed bytes");
		left = ZSTD_decompressStream(ctx, &o, &in);
		if (ZSTD_isError(left))
			return err_set(e, EBADMSG, "damaged zstd data: %s",
				       ZSTD_getErrorName(left));
		out->n += o.pos;
		full = o.pos == o.size;
		if (out->n - start > max)
			return err_set(e, E2BIG, "zstd data unpacks to more than %llu bytes",
				       (unsigned long long)max);
	}
	return left == 0 ? 0 : err_set(e, EBADMSG, "zstd data is cut short");
}

int zstd_decompress(str stored, uint64_t max, struct buf *out, struct err *e)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	size_t start = out->n;
	int r;

	if (!ctx)
		return err_set(e, ENOMEM, "no memory for the zstd decoder");
	r = decompress_stream(ctx, stored, max, out, e);
	ZSTD_freeDCtx(ctx);
	if (r < 0)
		out->n = start;
	return r;
}

int zstd_stream_new(struct zstd_stream **ret, struct err *e)
{
	struct zstd_stream *s = calloc(1, sizeof(*s));

	if (s)
		s->stream = ZSTD_createDStream();
	if (!s || !s->stream) {
		zstd_stream_free(s);
		return err_set(e, ENOMEM, "no memory to decompress zstd");
	}
	if (ZSTD_isError(ZSTD_DCtx_setParameter(s->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		zstd_stream_free(s);
		return err_set(e, EINVAL, "zstd: cannot bound the window");
	}
	*ret = s;
	return 0;
}

void zstd_stream_free(struct zstd_stream *s)
{
	if (!s)
		return;
	ZSTD_freeDStream(s->stream);
	free(s);
}

int zstd_stream_next(struct zstd_stream *s, str *in, void *out, size_t room, size_t *ret_written,
		     struct err *e)
{
	ZSTD_inBuffer i = { in->p, in->n, 0 };
	ZSTD_outBuffer o = { out, room, 0 };
	size_t hint = ZSTD_decompressStream(s->stream, &o, &i);

	s->frame_done = hint == 0;
	if (ZSTD_isError(hint))
		return err_set(e, EBADMSG, "zstd: %s", ZSTD_getErrorName(hint));
	*in = str_skip(*in, i.pos);
	*ret_written = o.pos;
	return 0;
}

bool zstd_stream_frame_done(const struct zstd_stream *s)
{
	return s->frame_done;
}

int zstd_packer_new(str dict, int level, struct zstd_packer **ret, struct err *e)
{
	struct zstd_packer *p = calloc(1, sizeof(*p));

	if (p) {
		p->ctx = ZSTD_createCCtx();
		p->dict = ZSTD_createCDict(dict.n ? dict.p : "", dict.n, level);
	}
	if (!p || !p->ctx || !p->dict) {
		zstd_packer_free(p);
		return err_set(e, ENOMEM, "no memory for the zstd encoder");
	}
	*ret = p;
	return 0;
}

void zstd_packer_free(struct zstd_packer *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->ctx);
	ZSTD_freeCDict(p->dict);
	free(p);
}

int zstd_pack(struct zstd_packer *p, str raw, struct buf *out, struct err *e)
{
	size_t bound = ZSTD_compressBound(raw.n);
	char *at = buf_reserve(out, bound);
	size_t n;

	if (!at)
		return err_sys(e, -buf_error(out), "cannot hold the compressed bytes");
	n = ZSTD_compress_usingCDict(p->ctx, at, bound, raw.n ? raw.p : "", raw.n, p->dict);
	if (ZSTD_isError(n))
		return err_set(e, ENOMEM, "cannot compress: %s", ZSTD_getErrorName(n));
	out->n += n;
	return 0;
}

int zstd_unpacker_new(str dict, struct zstd_unpacker **ret, struct err *e)
{
	struct zstd_unpacker *u = calloc(1, sizeof(*u));

	if (u) {
		u->ctx = ZSTD_createDCtx();
		u->dict = ZSTD_createDDict(dict.n ? dict.p : "", dict.n);
	}
	if (!u || !u->ctx || !u->dict) {
		zstd_unpacker_free(u);
		return err_set(e, ENOMEM, "no memory for the zstd decoder");
	}
	*ret = u;
	return 0;
}

void zstd_unpacker_free(struct zstd_unpacker *u)
{
	if (!u)
		return;
	ZSTD_freeDCtx(u->ctx);
	ZSTD_freeDDict(u->dict);
	free(u);
}

int zstd_unpack(struct zstd_unpacker *u, str stored, char *ret, size_t n, struct err *e)
{
	size_t got = ZSTD_decompress_usingDDict(u->ctx, ret, n, stored.p, stored.n, u->dict);

	if (ZSTD_isError(got))
		return err_set(e, EBADMSG, "damaged zstd data: %s", ZSTD_getErrorName(got));
	return got == n ? 0
			: err_set(e, EBADMSG, "zstd data holds %zu bytes where %zu were promised",
				  got, n);
}

int zstd_train(str samples, const size_t *sizes, uint32_t count, size_t max, struct buf *out,
	       struct err *e)
{
	char *at = buf_reserve(out, max);
	size_t n;

	if (!at)
		return err_sys(e, -buf_error(out), "cannot hold a dictionary");
	n = ZDICT_trainFromBuffer(at, max, samples.p, sizes, count);
	/* It refuses when there is too little to learn from: no dictionary is then the right one. */
	if (!ZDICT_isError(n))
		out->n += n;
	return 0;
}
