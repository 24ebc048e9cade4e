/* However the lines are cut into pieces, the same names come in the same order with the same verdict, and none is longer than a line. */
#include "fuzz.h"

#include "base/buf.h"
#include "codec/tar_split.h"
#include "pieces.h"

static int keep(void *ctx, str name, struct err *e)
{
	(void)e;
	assert(name.n <= TAR_SPLIT_MAX_LINE);
	buf_add(ctx, name);
	buf_byte(ctx, '\n');
	return 0;
}

static int run(str in, size_t piece, struct buf *names)
{
	struct tar_split *t;
	int r = tar_split_new(keep, names, &t, NULL);

	assert(r == 0);
	r = PUSH_PIECES(t, tar_split_push, tar_split_end, in, piece);
	tar_split_free(t);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWNED_BUF whole = BUF_INIT;
	OWNED_BUF pieces = BUF_INIT;
	str in = { (const char *)data, size };
	int r = run(in, SIZE_MAX, &whole);
	int p = run(in, 7, &pieces);

	assert(r == p && str_eq(buf_str(&whole), buf_str(&pieces)));
	return 0;
}
