/* However a stream is cut into pieces, the outcome is the same: the same bytes out, the same verdict, and never more
 * bytes than the limit. */
#include "fuzz.h"

#include "base/buf.h"
#include "codec/inflate.h"
#include "pieces.h"

#define MAX_BYTES (4u << 20)

static int keep(void *ctx, str bytes, struct err *e)
{
	(void)e;
	buf_add(ctx, bytes);
	return 0;
}

static int run(str in, size_t piece, struct buf *out)
{
	struct inflate_options o = { MAX_BYTES, 1000, keep, out };
	struct inflate *z;
	int r = inflate_new(&o, &z, NULL);

	assert(r == 0);
	r = PUSH_PIECES(z, inflate_push, inflate_end, in, piece);
	inflate_free(z);
	assert(out->n <= MAX_BYTES);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWNED_BUF whole = BUF_INIT;
	OWNED_BUF pieces = BUF_INIT;
	str in = { (const char *)data, size };
	int r = run(in, SIZE_MAX, &whole);
	int p = run(in, size > 4096 ? 509 : 7, &pieces);

	assert((r == 0) == (p == 0));
	if (r == 0)
		assert(str_eq(buf_str(&whole), buf_str(&pieces)));
	return 0;
}
