#include "codec/inflate_priv.h"

#include <lzma.h>

#define XZ_MEMORY_BYTES ((uint64_t)128 << 20)

static void xz_close(void *state)
{
	lzma_end(state);
	free(state);
}

static int xz_open(struct inflate *z, struct err *e)
{
	lzma_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, ENOMEM, "no memory to decompress xz");
	*s = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(s, XZ_MEMORY_BYTES, LZMA_CONCATENATED) != LZMA_OK) {
		free(s);
		return err_set(e, ENOMEM, "no memory to decompress xz");
	}
	z->state = s;
	return 0;
}

static int xz_error(lzma_ret code, struct err *e)
{
	switch (code) {
	case LZMA_MEM_ERROR:
		return err_set(e, ENOMEM, "no memory to decompress xz");
	case LZMA_MEMLIMIT_ERROR:
		return err_set(e, E2BIG, "xz: needs more than %llu MiB of memory to decompress",
			       (unsigned long long)(XZ_MEMORY_BYTES >> 20));
	case LZMA_OPTIONS_ERROR:
		return err_set(e, EBADMSG, "xz: uses a feature this decoder does not have");
	default:
		return err_set(e, EBADMSG, "xz: damaged");
	}
}

static int run(struct inflate *z, str bytes, lzma_action action, struct err *e)
{
	lzma_stream *s = z->state;
	lzma_ret code;
	int r;

	s->next_in = (const uint8_t *)bytes.p;
	s->avail_in = bytes.n;
	do {
		s->next_out = z->out;
		s->avail_out = INFLATE_OUT_BYTES;
		code = lzma_code(s, action);
		r = inflate_emit(z, inflate_out(z, INFLATE_OUT_BYTES - s->avail_out), e);
		if (r < 0)
			return r;
		if (code == LZMA_STREAM_END)
			return 0;
		if (code == LZMA_BUF_ERROR && action == LZMA_RUN)
			return 0;
		if (code == LZMA_BUF_ERROR)
			return err_set(e, EBADMSG, "xz: cut off");
		if (code != LZMA_OK)
			return xz_error(code, e);
	} while (s->avail_in || s->avail_out == 0 || action == LZMA_FINISH);
	return 0;
}

static int xz_push(struct inflate *z, str bytes, struct err *e)
{
	return run(z, bytes, LZMA_RUN, e);
}

static int xz_end(struct inflate *z, struct err *e)
{
	return run(z, (str){ NULL, 0 }, LZMA_FINISH, e);
}

const struct inflate_codec inflate_xz = { xz_open, xz_push, xz_end, xz_close };
