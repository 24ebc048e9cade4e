#include "unit.h"

#include "base/err.h"
#include "base/text.h"
#include "prog/skep/progress.h"
#include "prog/skep/translate.h"

static const struct {
	const char *en, *zh;
} pairs[] = {
#define X(en, zh) { en, zh },
#include "prog/skep/messages_zh.def"
#undef X
};

/* The next conversion of a printf format, without flags and widths written in digits; NULL at the end. */
static const char *next_conversion(const char *format, char ret[16])
{
	size_t n = 0;

	for (format = strchr(format, '%'); format && format[1] == '%';
	     format = strchr(format + 2, '%'))
		;
	if (!format)
		return NULL;
	for (format++; *format && n < 15; format++) {
		if (strchr("-+ #0123456789", *format))
			continue;
		ret[n++] = *format;
		if (strchr("diouxXeEfFgGaAcsp", *format))
			break;
	}
	ret[n] = '\0';
	return *format ? format + 1 : format;
}

static void pairs_take_the_same_arguments(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		const char *en = pairs[i].en, *zh = pairs[i].zh;

		while (en && zh) {
			char a[16] = "", b[16] = "";

			en = next_conversion(en, a);
			zh = next_conversion(zh, b);
			if (strcmp(a, b) != 0 || !en != !zh)
				fail_msg("'%s' and '%s'", pairs[i].en, pairs[i].zh);
		}
	}
}

static void every_pair_is_found(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (translate_zh(pairs[i].en) != pairs[i].zh &&
		    strcmp(translate_zh(pairs[i].en), pairs[i].zh) != 0)
			fail_msg("'%s' is out of order: tool/check-messages --sort", pairs[i].en);
	assert_string_equal(translate_zh("no such message"), "no such message");
	assert_null(translate_to(LANG_EN));
}

static void errors_speak_chinese(void **state UNUSED)
{
	struct err e = { .translate = translate_to(LANG_ZH) };

	err_sys(&e, ENOENT, "cannot open '%s'", "x");
	assert_string_equal(e.text, "无法打开“x”: 没有那个文件或目录");
}

/* @p format with something in the place of each conversion: "7" of numbers, "x/1.0" of texts. */
static void fill(const char *format, struct buf *out)
{
	char kind[16];

	while (*format) {
		const char *next = next_conversion(format, kind);
		const char *end = format;

		while (*end && (*end != '%' || end[1] == '%')) {
			buf_byte(out, *end);
			end += *end == '%' ? 2 : 1;
		}
		if (!next)
			return;
		buf_add(out, kind[strlen(kind) - 1] == 's' ? S("x/1.0") : S("7"));
		format = next;
	}
}

static size_t words(const char *format)
{
	size_t n = 0;

	for (; *format; format++)
		n += (*format >= 'a' && *format <= 'z') || (*format >= 'A' && *format <= 'Z');
	return n;
}

/* Of every message that says something: what was made from the English format becomes what the Chinese one makes. */
static void sentences_are_told_again(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		OWNED_BUF en = BUF_INIT;
		OWNED_BUF zh = BUF_INIT;
		OWNED_BUF told = BUF_INIT;

		if (words(pairs[i].en) < 12)
			continue;
		fill(pairs[i].en, &en);
		fill(pairs[i].zh, &zh);
		retell_zh(buf_str(&en), &told);
		if (!str_eq(buf_str(&told), buf_str(&zh)))
			fail_msg("'%.*s' became '%.*s'", STR_ARG(buf_str(&en)),
				 STR_ARG(buf_str(&told)));
	}
}

static void assert_told(const char *english, const char *chinese)
{
	OWNED_BUF told = BUF_INIT;

	retell_zh(str_from(english), &told);
	assert_str(buf_str(&told), chinese);
}

static void what_was_filled_in_is_told_too(void **state UNUSED)
{
	assert_told("3 stanzas could not be used, the first at line 12",
		    "3 个段落无法使用，第一个在第 12 行");
	assert_told("the layer is missing: cannot open 'x': No such file or directory",
		    "缺少该层：无法打开“x”：没有那个文件或目录");
	assert_told("symbolic link to '../lib/it', where nothing was read",
		    "符号链接指向“../lib/it”，该处没有读取到内容");
	assert_told("sensor: watching by 3 rules with the object back-end; 2 containers run",
		    "sensor: 正按 3 条规则监视，后端为 object；2 个容器运行中");
	assert_told("sensor: this kernel does not tell of bpf, mount: sys: No such file or "
		    "directory; see `skep agent doctor`",
		    "sensor: 此内核无法给出 bpf, mount：sys: 没有那个文件或目录；见 `skep agent "
		    "doctor`");
	assert_told("sensor: cannot wait for events: No such file or directory",
		    "感知：无法等待事件：没有那个文件或目录");
	assert_told("uplink: what a newer agent says", "uplink: what a newer agent says");
	assert_told("", "");
	assert_told("what a newer agent says", "what a newer agent says");
	assert_told("%s%n%n", "%s%n%n");
	assert_told(": : : : :", ": : : : :");
}

/* Each link of a chain is looked for, and they are as many as who wrote the text liked. */
static void only_so_much_is_told(void **state UNUSED)
{
	const char *link = "the layer is missing: ", *end = "cannot open 'x'";
	OWNED_BUF chain = BUF_INIT;
	OWNED_BUF colons = BUF_INIT;
	OWNED_BUF told = BUF_INIT;

	for (int i = 0; i < 100; i++)
		buf_add(&chain, str_from(link));
	buf_add(&chain, str_from(end));
	retell_zh(buf_str(&chain), &told);
	assert_true(str_starts(buf_str(&told), S("缺少该层：缺少该层：")));
	assert_true(str_ends(buf_str(&told), str_from(end)));

	while (colons.n < 4000)
		buf_add(&colons, S(": "));
	buf_reset(&told);
	retell_zh(buf_str(&colons), &told);
	assert_true(str_eq(buf_str(&told), buf_str(&colons)));
}

static void progress_fits_any_terminal(void **state UNUSED)
{
	for (unsigned int width = 2; width < 120; width++)
		for (int lang = 0; lang < LANG_COUNT; lang++) {
			OWNED_BUF b = BUF_INIT;

			progress_line(&b, (enum lang)lang, "layers", 31 << 20, 64 << 20, width);
			assert_true(text_width(buf_str(&b)) < width);
			buf_reset(&b);
			progress_line(&b, (enum lang)lang, "a\nb", 31 << 20, 0, width);
			assert_true(text_width(buf_str(&b)) < width);
			assert_int_equal(str_find(buf_str(&b), '\n'), b.n);
		}
}

static void progress_tells_how_far(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;

	progress_line(&b, LANG_EN, "layers", 25000000, 100000000, 60);
	assert_str(buf_str(&b), "reading layers [######                    ]  25% / 100.0 MB");
	buf_reset(&b);
	progress_line(&b, LANG_ZH, "layers", 200, 100, 30);
	assert_str(buf_str(&b), "读取镜像层 100% / 0.0 MB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_take_the_same_arguments),
		cmocka_unit_test(every_pair_is_found),
		cmocka_unit_test(errors_speak_chinese),
		cmocka_unit_test(sentences_are_told_again),
		cmocka_unit_test(what_was_filled_in_is_told_too),
		cmocka_unit_test(only_so_much_is_told),
		cmocka_unit_test(progress_fits_any_terminal),
		cmocka_unit_test(progress_tells_how_far),
	};

	return cmocka_run_group_tests_name("translate", tests, NULL, NULL);
}
