#include "unit.h"

#include "base/buf.h"
#include "codec/tar_split.h"

static int keep(void *ctx, str name, struct err *e UNUSED)
{
	buf_add(ctx, name);
	buf_byte(ctx, '|');
	return 0;
}

static int read_all(str text, size_t piece, struct buf *names, struct err *e)
{
	struct tar_split *t;
	int r = tar_split_new(keep, names, &t, e);

	assert_int_equal(r, 0);
	for (; r == 0 && text.n; text = str_skip(text, piece))
		r = tar_split_push(t, str_take(text, piece), e);
	if (r == 0)
		r = tar_split_end(t, e);
	tar_split_free(t);
	return r;
}

static void tells_names(void **state UNUSED)
{
	const str text = S("{\"type\":2,\"payload\":\"AAAA\",\"position\":0}\n"
			   "{\"type\":1,\"name\":\"etc/\",\"payload\":null,\"position\":1}\n"
			   "{\"type\":1,\"name\":\"a\\u003cb/.wh..wh..opq\",\"payload\":null}\n"
			   "{\"type\":1,\"name_raw\":\"/w==\",\"payload\":null}\n"
			   "{\"type\":1,\"name\":\"last\",\"size\":3}");

	for (size_t piece = 1; piece < 100; piece += 33) {
		OWNED_BUF names = BUF_INIT;

		assert_int_equal(read_all(text, piece, &names, NULL), 0);
		assert_str(buf_str(&names), "etc/|a<b/.wh..wh..opq|\xff|last|");
	}
}

static void passes_over_long_pieces_and_refuses_long_names(void **state UNUSED)
{
	OWNED_BUF text = BUF_INIT;
	OWNED_BUF names = BUF_INIT;

	buf_add(&text, S("{\"type\":2,\"payload\":\""));
	for (size_t i = 0; i < 2 * TAR_SPLIT_MAX_LINE; i++)
		buf_byte(&text, 'A');
	buf_add(&text, S("\"}\n{\"type\":1,\"name\":\"x\"}\n"));
	assert_int_equal(read_all(buf_str(&text), 1000, &names, NULL), 0);
	assert_str(buf_str(&names), "x|");
	text.p[8] = '1';
	assert_int_equal(read_all(buf_str(&text), 1000, &names, NULL), -E2BIG);
}

static void refuses_what_is_none(void **state UNUSED)
{
	static const char *const bad[] = {
		"x",
		"[]",
		"{}",
		"{\"type\":3}",
		"{\"type\":1,\"name\":\"x\"",
		"{\"type\":1} {}",
		"{\"type\":1,\"name\":[\"x\"]}",
		"{\"type\":1,\"name_raw\":5}",
		"{\"type\":1,\"name_raw\":\"*\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		OWNED_BUF names = BUF_INIT;
		struct err e = { 0 };

		assert_int_equal(read_all(str_from(bad[i]), 100, &names, &e), -EBADMSG);
		assert_int_equal(names.n, 0);
		assert_true(strstr(e.text, "line 1") != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_names),
		cmocka_unit_test(passes_over_long_pieces_and_refuses_long_names),
		cmocka_unit_test(refuses_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
