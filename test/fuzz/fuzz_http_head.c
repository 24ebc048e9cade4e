/*
 * A head that is taken holds tokens and clean values within its bytes, its framing is told once, and what is written down from it
 * reads the same again. A chunked body gives the same bytes in one piece and byte by byte.
 */
#include "fuzz.h"

#include "base/buf.h"
#include "codec/http_head.h"

static void check_inside(str all, str part)
{
	assert(part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n));
	for (size_t i = 0; i < part.n; i++)
		assert((unsigned char)part.p[i] >= 32 || part.p[i] == '\t');
}

static void check_again(const struct http_head *h)
{
	OWNED_BUF text = BUF_INIT;
	struct http_head again;

	buf_printf(&text, "%.*s %.*s%s%.*s HTTP/1.%d\r\n", STR_ARG(h->method), STR_ARG(h->path),
		   h->query.n ? "?" : "", STR_ARG(h->query), h->is_1_0 ? 0 : 1);
	for (size_t i = 0; i < h->field_count; i++)
		buf_printf(&text, "%.*s: %.*s\r\n", STR_ARG(h->fields[i].name),
			   STR_ARG(h->fields[i].value));
	buf_add(&text, S("\r\n"));
	assert(http_head_length(buf_str(&text)) == text.n);
	assert(http_head_parse(buf_str(&text), &again, NULL) == 0);
	assert(str_eq(again.method, h->method) && str_eq(again.path, h->path) &&
	       str_eq(again.query, h->query) && again.field_count == h->field_count &&
	       again.body_bytes == h->body_bytes && again.is_chunked == h->is_chunked &&
	       again.keep_alive == h->keep_alive);
}

static void check_head(str in)
{
	size_t n = http_head_length(in);
	struct http_head h;

	if (!n || http_head_parse(str_take(in, n), &h, NULL) < 0)
		return;
	assert(h.method.n && h.path.n && h.path.p[0] == '/' && !(h.is_chunked && h.body_bytes));
	check_inside(in, h.path);
	check_inside(in, h.query);
	for (size_t i = 0; i < h.field_count; i++) {
		check_inside(in, h.fields[i].name);
		check_inside(in, h.fields[i].value);
	}
	check_again(&h);
}

static int unchunk(str in, size_t piece, struct buf *out, size_t *ret_left)
{
	struct http_chunks c = { 0 };
	str part = { 0 };
	int r = 0;

	while (r == 0 && (part.n || in.n) && c.at != HTTP_CHUNK_END) {
		str data;

		if (!part.n) {
			part = str_take(in, piece);
			in = str_skip(in, piece);
		}
		r = http_chunks_next(&c, &part, &data, NULL);
		buf_add(out, r == 0 ? data : (str){ 0 });
	}
	*ret_left = part.n + in.n;
	return r == 0 ? c.at == HTTP_CHUNK_END : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str in = { (const char *)data, size };
	OWNED_BUF whole = BUF_INIT;
	OWNED_BUF bytes = BUF_INIT;
	size_t left, left_bytes;
	int r, q;

	check_head(in);
	r = unchunk(in, SIZE_MAX, &whole, &left);
	q = unchunk(in, 1, &bytes, &left_bytes);
	assert(r == q && str_eq(buf_str(&whole), buf_str(&bytes)));
	assert(r != 1 || left == left_bytes);
	return 0;
}
