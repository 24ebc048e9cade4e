#include "unit.h"

#include "base/lang.h"
#include "base/text.h"

static void widths_are_those_of_a_terminal(void **state UNUSED)
{
	assert_int_equal(text_width(S("")), 0);
	assert_int_equal(text_width(S("abc")), 3);
	assert_int_equal(text_width(S("软件包")), 6);
	assert_int_equal(text_width(S("ｆｕｌｌ")), 8);
	assert_int_equal(text_width(S("e\xcc\x81")), 1);        /* e and a combining acute */
	assert_int_equal(text_width(S("\xf0\x9f\x90\x9d")), 2); /* bee */
	assert_int_equal(text_width(S("한국")), 4);
	assert_int_equal(text_width(S("、。（）")), 8);
	assert_int_equal(text_width(S("…·→")), 3);
	assert_int_equal(text_width(S("\xff\xfe")), 2);
}

static void decoding_refuses_what_is_not_well_formed(void **state UNUSED)
{
	static const char *const ill[] = { "\xc0\xaf",         "\xe0\x80\xaf",
					   "\xed\xa0\x80",     "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80", "\x80",
					   "\xe4\xbd",         "\xc3" };

	for (size_t i = 0; i < ARRAY_LEN(ill); i++) {
		str s = str_from(ill[i]);

		assert_int_equal(text_next(&s), TEXT_ILL_FORMED);
		assert_int_equal(s.n, strlen(ill[i]) - 1);
	}
	assert_int_equal(text_ill_formed(S("plain text of ASCII, then 好\xed\xbb\xbf")), 29);
	assert_int_equal(text_ill_formed(S("plain text of ASCII, then 好")), 29);
	assert_int_equal(text_ill_formed(S("\xff")), 0);

	str s = S("\xf0\x9f\x90\x9d\xe4\xbd\xa0\xc3\xa9z");
	assert_int_equal(text_next(&s), 0x1f41d);
	assert_int_equal(text_next(&s), 0x4f60);
	assert_int_equal(text_next(&s), 0xe9);
	assert_int_equal(text_next(&s), 'z');
	assert_int_equal(s.n, 0);
}

static void escaping_leaves_nothing_that_acts(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;

	text_escape(S("a\x1b[31m\n\x7f\xff\xe2\x80\xae\xc2\x9b好"), &b);
	assert_str(buf_str(&b), "a\\x1b[31m\\x0a\\x7f\\xff\\u{202e}\\x9b好");
}

static void line_of(const char *s, size_t max, const struct text_line *how, const char *expected)
{
	OWNED_BUF out = BUF_INIT;

	text_put_line(str_from(s), max, how, &out);
	assert_string_equal(buf_cstr(&out), expected);
}

static void a_line_stays_one(void **state UNUSED)
{
	static const struct text_line cef = { .escaped = "=\\", .line_break = "\\n" };

	line_of("a\tb\r\nc\x7f\xc2\x85\xe2\x80\xa8\xff好", 99, NULL, "a b  c   ?好");
	line_of("a\tb\n", 99, &(struct text_line){ .tabs = true }, "a\tb ");
	line_of("k=\\v\nw", 99, &cef, "k\\=\\\\v\\nw");
	/* Neither an escape nor a character is cut in two. */
	line_of("ab=", 3, &cef, "ab");
	line_of("ab=", 4, &cef, "ab\\=");
	line_of("ab好", 4, NULL, "ab");
}

static void wrapping_breaks_where_a_reader_would(void **state UNUSED)
{
	str rest = S("the quick brown  fox");

	assert_str(text_wrap(&rest, 10), "the quick");
	assert_str(text_wrap(&rest, 10), "brown  fox");
	assert_int_equal(rest.n, 0);

	rest = S("libstdc++-12-dev");
	assert_str(text_wrap(&rest, 10), "libstdc++-");
	assert_str(text_wrap(&rest, 10), "12-dev");

	rest = S("a tcp://host");
	assert_str(text_wrap(&rest, 6), "a");
	assert_str(text_wrap(&rest, 6), "tcp://");
	assert_str(text_wrap(&rest, 6), "host");

	rest = S("read it by --read-it, from /usr/lib");
	assert_str(text_wrap(&rest, 12), "read it by");
	assert_str(text_wrap(&rest, 12), "--read-it,");
	assert_str(text_wrap(&rest, 7), "from");
	assert_str(text_wrap(&rest, 6), "/usr/");
	assert_str(text_wrap(&rest, 6), "lib");

	rest = S("参见--read-it");
	assert_str(text_wrap(&rest, 6), "参见");
	assert_str(text_wrap(&rest, 8), "--read-");

	rest = S("abcdefghij");
	assert_str(text_wrap(&rest, 4), "abcd");
	assert_str(text_wrap(&rest, 4), "efgh");
	assert_str(text_wrap(&rest, 4), "ij");

	rest = S("读取（两层），完");
	assert_str(text_wrap(&rest, 11), "读取（两");
	assert_str(text_wrap(&rest, 11), "层），完");

	rest = S("镜像层已读取");
	assert_str(text_wrap(&rest, 5), "镜像");
	assert_str(text_wrap(&rest, 1), "层");
	assert_str(text_wrap(&rest, 0), "已读取");
}

static void wrapped_lines_fit_and_lose_only_blanks(void **state UNUSED)
{
	static const char text[] = "a 中文 mixed-line with-dashes e\xcc\x81"
				   "e\xcc\x81 and/slashes,、。\xff end";

	for (unsigned int width = 2; width < 60; width++) {
		str rest = str_from(text);
		OWNED_BUF joined = BUF_INIT;
		OWNED_BUF squeezed = BUF_INIT;

		while (rest.n) {
			str line = text_wrap(&rest, width);

			assert_true(text_width(line) <= width);
			for (size_t i = 0; i < line.n; i++)
				if (line.p[i] != ' ')
					buf_byte(&joined, line.p[i]);
		}
		for (const char *c = text; *c; c++)
			if (*c != ' ')
				buf_byte(&squeezed, *c);
		assert_true(str_eq(buf_str(&joined), buf_str(&squeezed)));
	}
}

static void ellipsis_stays_within(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;

	text_ellipsis(S("镜像层已读取"), 6, &b);
	assert_str(buf_str(&b), "镜像…");
	buf_reset(&b);
	text_ellipsis(S("short"), 5, &b);
	assert_str(buf_str(&b), "short");
}

static void languages_are_found_in_locale_names(void **state UNUSED)
{
	enum lang l = LANG_EN;

	assert_int_equal(lang_find(S("zh_CN.UTF-8"), &l), 0);
	assert_int_equal(l, LANG_ZH);
	assert_int_equal(lang_find(S("C.UTF-8"), &l), 0);
	assert_int_equal(l, LANG_EN);
	assert_int_equal(lang_find(S("ZH-Hans"), &l), 0);
	assert_int_equal(l, LANG_ZH);
	assert_int_equal(lang_find(S("de_DE"), &l), -ENOENT);
	assert_int_equal(lang_find(S("zhuang"), &l), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths_are_those_of_a_terminal),
		cmocka_unit_test(decoding_refuses_what_is_not_well_formed),
		cmocka_unit_test(escaping_leaves_nothing_that_acts),
		cmocka_unit_test(a_line_stays_one),
		cmocka_unit_test(wrapping_breaks_where_a_reader_would),
		cmocka_unit_test(wrapped_lines_fit_and_lose_only_blanks),
		cmocka_unit_test(ellipsis_stays_within),
		cmocka_unit_test(languages_are_found_in_locale_names),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
