/*
 * The first byte names a scheme, two lines are versions. A key is the same each time, at most VERSION_KEY_MAX bytes,
 * and no key is the beginning of another: what follows a key in a record never decides an order. A refused version
 * leaves no bytes behind and a sentence.
 */
#include "fuzz.h"

#include "codec/version.h"

static bool make_key(enum version_scheme scheme, str text, struct buf *out)
{
	OWNED_BUF again = BUF_INIT;
	struct err e = { 0 };
	int r = version_key(scheme, text, out, &e);

	assert(r == version_key(scheme, text, &again, NULL));
	assert(str_eq(buf_str(out), buf_str(&again)));
	assert(out->n <= VERSION_KEY_MAX);
	if (r == 0)
		return out->n > 0;
	assert((r == -EBADMSG || r == -E2BIG) && out->n == 0 && e.code == -r && e.text[0]);
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWNED_BUF a = BUF_INIT;
	OWNED_BUF b = BUF_INIT;
	enum version_scheme scheme;
	str rest, line;

	if (!size)
		return 0;
	scheme = data[0] % VERSION_SCHEME_COUNT;
	rest = (str){ (const char *)data + 1, size - 1 };
	line = str_cut(&rest, '\n');
	if (make_key(scheme, line, &a) && make_key(scheme, str_cut(&rest, '\n'), &b)) {
		size_t n = MIN(a.n, b.n);

		assert(a.n == b.n || memcmp(a.p, b.p, n) != 0);
		assert(version_key_without_epoch(scheme, buf_str(&a)).n <= a.n);
	}
	return 0;
}
