#include "unit.h"

#include "base/buf.h"
#include "console/server/web_pages.h"

static void add_u32(struct buf *b, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		buf_byte(b, (char)(n >> 8 * i & 255));
}

/** Packs pages of one byte a form, as tool/pack-web does: path, gzip?, brotli?, immutable? */
static void pack(struct buf *b, const char *const *paths, size_t count)
{
	uint32_t at = (uint32_t)(16 + 64 * count);
	OWNED_BUF texts = BUF_INIT;

	buf_add(b, S("SKEPWEB1"));
	add_u32(b, (uint32_t)count);
	add_u32(b, 0);
	for (size_t i = 0; i < count; i++) {
		const str spans[] = { str_from(paths[i]), S("text/plain"), S("W/\"1\""),
				      S("plain"),         S("gz"),         S("b") };

		for (size_t k = 0; k < ARRAY_LEN(spans); k++) {
			add_u32(b, at + (uint32_t)texts.n);
			add_u32(b, (uint32_t)spans[k].n);
			buf_add(&texts, spans[k]);
		}
		add_u32(b, str_starts(spans[0], S("/static/")));
		add_u32(b, 0), add_u32(b, 0), add_u32(b, 0);
	}
	buf_add(b, buf_str(&texts));
}

static const char *const paths[] = { "/favicon.svg", "/index.html", "/static/a.js" };

static void test_finds_files_and_the_page(void **state)
{
	OWNED_BUF blob = BUF_INIT;
	struct web_pages w;
	struct web_page p;

	(void)state;
	pack(&blob, paths, 3);
	assert_int_equal(web_pages_open(buf_str(&blob), &w, NULL), 0);
	assert_true(web_pages_find(&w, S("/static/a.js"), (str){ 0 }, &p));
	assert_true(p.immutable);
	assert_str(p.body, "plain");
	assert_null(p.encoding);
	assert_true(web_pages_find(&w, S("/"), S("gzip, deflate, br"), &p));
	assert_string_equal(p.encoding, "br");
	assert_false(p.immutable);
	assert_true(web_pages_find(&w, S("/alerts/12"), S("GZIP;q=0.5"), &p));
	assert_string_equal(p.encoding, "gzip");
	/* Pages are told from files by their folder alone. */
	assert_true(web_pages_find(&w, S("/assets/host%3Aa.js"), (str){ 0 }, &p));
	assert_true(web_pages_find(&w, S("/"), S("br;q=0, gzip;q=0"), &p));
	assert_null(p.encoding);
	assert_false(web_pages_find(&w, S("/static/b.js"), (str){ 0 }, &p));
	assert_false(web_pages_find(&w, S("/api/v1/x"), (str){ 0 }, &p));
	assert_false(web_pages_find(&w, S("/agent/v1/x"), (str){ 0 }, &p));
}

static void test_refuses_what_is_not_packed_so(void **state)
{
	static const char *const unsorted[] = { "/static/a.js", "/index.html" };
	static const char *const odd[] = { "/a\r\nb" };
	OWNED_BUF blob = BUF_INIT;
	struct web_pages w;

	(void)state;
	assert_int_equal(web_pages_open(S("SKEPWEB"), &w, NULL), -EBADMSG);
	pack(&blob, unsorted, 2);
	assert_int_equal(web_pages_open(buf_str(&blob), &w, NULL), -EBADMSG);
	buf_reset(&blob);
	pack(&blob, odd, 1);
	assert_int_equal(web_pages_open(buf_str(&blob), &w, NULL), -EBADMSG);
	buf_reset(&blob);
	pack(&blob, paths, 3);
	assert_int_equal(web_pages_open(str_take(buf_str(&blob), 100), &w, NULL), -EBADMSG);
}

static void test_the_program_carries_pages(void **state)
{
	struct web_pages w;
	struct web_page p;

	(void)state;
	assert_int_equal(web_pages_open(web_pages_carried(), &w, NULL), 0);
	assert_true(web_pages_find(&w, S("/"), (str){ 0 }, &p));
	assert_str(p.type, "text/html; charset=utf-8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_files_and_the_page),
		cmocka_unit_test(test_refuses_what_is_not_packed_so),
		cmocka_unit_test(test_the_program_carries_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
