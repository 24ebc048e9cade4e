#include "unit.h"

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "codec/inflate.h"

static int keep(void *ctx, str bytes, struct err *e)
{
	struct buf *b = ctx;

	(void)e;
	buf_add(b, bytes);
	return buf_error(b);
}

/* Feeds @p in in pieces of @p piece bytes. */
static int run(str in, size_t piece, uint64_t max, struct buf *out, enum inflate_format *ret)
{
	struct inflate_options o = { .max_bytes = max, .expansion = 250, .sink = keep, .ctx = out };
	struct inflate *z;
	int r = 0;

	buf_reset(out);
	assert_int_equal(inflate_new(&o, &z, NULL), 0);
	while (in.n && r == 0) {
		r = inflate_push(z, str_take(in, piece), NULL);
		in = str_skip(in, piece);
	}
	if (r == 0)
		r = inflate_end(z, NULL);
	if (ret)
		*ret = inflate_format(z);
	inflate_free(z);
	return r;
}

static void gzip_member(str text, struct buf *out)
{
	z_stream z = { 0 };
	char *at = buf_reserve(out, text.n + 1024);

	assert_non_null(at);
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	Bytef words[] = "name\0note\0extra";
	gz_header h = {
		.name = words, .comment = words + 5, .hcrc = 1, .extra = words + 10, .extra_len = 5
	};
	deflateSetHeader(&z, &h);
	z.next_in = (Bytef *)(uintptr_t)text.p;
	z.avail_in = (uInt)text.n;
	z.next_out = (Bytef *)at;
	z.avail_out = (uInt)(text.n + 1024);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n += z.total_out;
	deflateEnd(&z);
}

static void sample(struct buf *text, size_t lines)
{
	uint32_t x = 1;

	for (size_t i = 0; i < lines; i++) {
		x = x * 1664525 + 1013904223;
		buf_printf(text, "line %zu %u\n", i, x);
	}
}

static const size_t pieces[] = { 1, 2, 3, 7, 511, 4096, 1 << 30 };

static void gzip_members_in_any_pieces(void **state)
{
	OWNED_BUF text = BUF_INIT;
	OWNED_BUF packed = BUF_INIT;
	OWNED_BUF out = BUF_INIT;
	enum inflate_format f;

	(void)state;
	sample(&text, 20000);
	for (size_t n = 0; n < 40; n++)
		gzip_member(str_take(buf_str(&text), n), &packed);
	gzip_member(buf_str(&text), &packed);
	OWNED_BUF want = BUF_INIT;
	for (size_t n = 0; n < 40; n++)
		buf_add(&want, str_take(buf_str(&text), n));
	buf_add(&want, buf_str(&text));
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		assert_int_equal(run(buf_str(&packed), pieces[i], UINT64_MAX, &out, &f), 0);
		assert_int_equal(f, INFLATE_GZIP);
		assert_true(str_eq(buf_str(&out), buf_str(&want)));
	}
	for (int i = 0; i < 100; i++)
		buf_byte(&packed, '\0');
	assert_int_equal(run(buf_str(&packed), 64, UINT64_MAX, &out, NULL), 0);
	buf_byte(&packed, 'x');
	assert_int_equal(run(buf_str(&packed), 64, UINT64_MAX, &out, NULL), -EBADMSG);
}

static void every_cut_and_flip_is_noticed(void **state)
{
	OWNED_BUF text = BUF_INIT;
	OWNED_BUF packed = BUF_INIT;
	OWNED_BUF out = BUF_INIT;

	(void)state;
	sample(&text, 60);
	gzip_member(buf_str(&text), &packed);
	for (size_t n = 6; n < packed.n; n++)
		assert_int_equal(run(str_take(buf_str(&packed), n), 100, UINT64_MAX, &out, NULL),
				 -EBADMSG);
	/* Behind the header every bit is covered by the checksum or the length, but the few that fill up the last byte. */
	for (size_t i = 32; i < packed.n; i++) {
		packed.p[i] = (char)(packed.p[i] ^ 0x10);
		int r = run(buf_str(&packed), 100, UINT64_MAX, &out, NULL);
		assert_true(r == -EBADMSG || (r == 0 && str_eq(buf_str(&out), buf_str(&text))));
		packed.p[i] = (char)(packed.p[i] ^ 0x10);
	}
}

static void other_formats(void **state)
{
	OWNED_BUF text = BUF_INIT;
	OWNED_BUF out = BUF_INIT;
	static char packed[1 << 20];
	str p;
	enum inflate_format f;

	(void)state;
	sample(&text, 20000);
	for (int kind = 0; kind < 4; kind++) {
		p = buf_str(&text);
		if (kind == 1)
			p = (str){ packed,
				   ZSTD_compress(packed, sizeof(packed), text.p, text.n, 1) };
		if (kind == 2) {
			size_t n = 0;
			assert_int_equal(lzma_easy_buffer_encode(
						 1, LZMA_CHECK_CRC64, NULL, (uint8_t *)text.p,
						 text.n, (uint8_t *)packed, &n, sizeof(packed)),
					 LZMA_OK);
			p = (str){ packed, n };
		}
		if (kind == 3) {
			unsigned int n = sizeof(packed);
			assert_int_equal(BZ2_bzBuffToBuffCompress(packed, &n, text.p,
								  (unsigned int)text.n, 1, 0, 0),
					 BZ_OK);
			p = (str){ packed, n };
		}
		for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
			assert_int_equal(run(p, pieces[i], UINT64_MAX, &out, &f), 0);
			assert_true(str_eq(buf_str(&out), buf_str(&text)));
		}
		assert_int_equal(f, kind == 0   ? INFLATE_PLAIN
				    : kind == 1 ? INFLATE_ZSTD
				    : kind == 2 ? INFLATE_XZ
						: INFLATE_BZIP2);
		if (kind)
			assert_int_equal(run(str_take(p, p.n - 9), 999, UINT64_MAX, &out, NULL),
					 -EBADMSG);
		assert_int_equal(run(p, 4096, 1000, &out, NULL), -E2BIG);
	}
}

static int count(void *ctx, str bytes, struct err *e)
{
	(void)e;
	*(uint64_t *)ctx += bytes.n;
	return 0;
}

static void bombs_end_at_the_ratio(void **state)
{
	OWNED_BUF zeros = BUF_INIT;
	OWNED_BUF packed = BUF_INIT;
	uint64_t total = 0;
	struct inflate_options o = { UINT64_MAX, 250, count, &total };
	struct inflate *z;
	int r = 0;

	(void)state;
	memset(buf_reserve(&zeros, 32 << 20), 0, 32 << 20);
	zeros.n = 32 << 20;
	gzip_member(buf_str(&zeros), &packed);
	assert_int_equal(inflate_new(&o, &z, NULL), 0);
	for (int i = 0; i < 100 && r == 0; i++)
		r = inflate_push(z, buf_str(&packed), NULL);
	assert_int_equal(r, -E2BIG);
	assert_in_range(total, 64 << 20, 66 << 20);
	inflate_free(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gzip_members_in_any_pieces),
		cmocka_unit_test(every_cut_and_flip_is_noticed),
		cmocka_unit_test(other_formats),
		cmocka_unit_test(bombs_end_at_the_ratio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
