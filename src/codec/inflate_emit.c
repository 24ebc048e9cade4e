#include "codec/inflate_priv.h"

#define RATIO_FREE_BYTES ((uint64_t)64 << 20)

static int check_limits(struct inflate *z, size_t n, struct err *e)
{
	z->out_bytes += n;
	if (z->out_bytes > z->o.max_bytes)
		return err_set(e, E2BIG, "decompresses to more than %llu bytes",
			       (unsigned long long)z->o.max_bytes);
	if (z->out_bytes > RATIO_FREE_BYTES && z->out_bytes / z->o.expansion > z->in_bytes)
		return err_set(e, E2BIG, "decompresses to more than %llu times its size",
			       (unsigned long long)z->o.expansion);
	return 0;
}

int inflate_emit(struct inflate *z, str bytes, struct err *e)
{
	int r = check_limits(z, bytes.n, e);

	return r < 0 || bytes.n == 0 ? r : z->o.sink(z->o.ctx, bytes, e);
}
