/*
 * Lists are taken from their end: each element is cut once, in the same way however much stands before it, and whatever quotes
 * are open there. A PROXY header is judged by its bytes alone: what follows changes nothing, and half of one names nobody.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "codec/forwarded.h"

static void check_list(str in, bool is_rfc7239)
{
	OWNED_BUF longer = BUF_INIT;
	size_t elements = 0;
	str list = in, more;

	buf_printf(&longer, "for=\"203.0.113.9, ");
	buf_add(&longer, in);
	more = buf_str(&longer);
	for (;;) {
		uint8_t a[FORWARDED_ADDRESS_BYTES] = { 0 }, b[FORWARDED_ADDRESS_BYTES] = { 0 };
		size_t before = list.n;
		int r = forwarded_cut_last(&list, is_rfc7239, a), q;

		assert(r == 0 || r == -ENOENT || r == -EBADMSG);
		assert(list.n < before || r == -ENOENT);
		/* The first of them may touch what was put before it. */
		if (r == -ENOENT || !list.n)
			break;
		q = forwarded_cut_last(&more, is_rfc7239, b);
		assert(r == q && memcmp(a, b, sizeof(a)) == 0);
		assert(++elements <= in.n);
	}
}

static void check_header(str in)
{
	struct proxy_header h, again;
	OWNED_BUF longer = BUF_INIT;
	int r = proxy_header_parse(in, &h, NULL);

	assert(r == 0 || r == -EBADMSG || r == -E2BIG);
	if (r < 0)
		return;
	assert(h.bytes >= PROXY_HEADER_MIN_BYTES && h.bytes <= PROXY_HEADER_MAX_BYTES);
	assert(h.whole == (in.n >= h.bytes) && (h.whole || !h.is_told));
	buf_add(&longer, in);
	buf_printf(&longer, "GET / HTTP/1.1\r\n");
	assert(proxy_header_parse(buf_str(&longer), &again, NULL) == 0 && again.bytes == h.bytes);
	if (h.whole)
		assert(again.is_told == h.is_told && memcmp(again.client, h.client, 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str in = { (const char *)data, size };

	check_list(in, false);
	check_list(in, true);
	check_header(in);
	return 0;
}
