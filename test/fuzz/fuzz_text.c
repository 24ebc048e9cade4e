/*
 * Whatever a name from outside holds, escaped it is UTF-8 that moves no cursor, hides and reorders nothing, and stays as it is when
 * escaped again; put on a line, it is part of one within the bound; wrapped, nothing but blanks is lost and no line is wider than
 * asked; cut, it is as wide as asked at most.
 *
 * The first byte is the width.
 */
#include "fuzz.h"

#include "base/text.h"
#include "input.h"

static void check_escaped(str text)
{
	OWNED_BUF out = BUF_INIT;
	OWNED_BUF again = BUF_INIT;
	str rest;

	text_escape(text, &out);
	assert(!buf_error(&out) && text_ill_formed(buf_str(&out)) == out.n);
	rest = buf_str(&out);
	while (rest.n) {
		uint32_t c = text_next(&rest);

		assert(c >= 0x20 && (c < 0x7f || c >= 0xa0));
		assert(!(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
		       !(c >= 0x2066 && c <= 0x2069) && c != 0xfeff);
	}
	text_escape(buf_str(&out), &again);
	assert(str_eq(buf_str(&out), buf_str(&again)));
}

static void check_put(str text, size_t max)
{
	static const struct text_line how = { .escaped = "=\\", .line_break = "\\n" };
	OWNED_BUF out = BUF_INIT;

	text_put_line(text, max, &how, &out);
	assert(!buf_error(&out) && out.n <= max && text_ill_formed(buf_str(&out)) == out.n);
	for (size_t i = 0; i < out.n; i++) {
		assert((unsigned char)out.p[i] >= 0x20 && out.p[i] != '=');
		if (out.p[i] == '\\')
			assert(++i < out.n && strchr("=\\n", out.p[i]));
	}
}

static size_t count_full(str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] != ' ';
	return n;
}

static void check_wrapped(str text, unsigned int width)
{
	size_t full = 0, most = text.n + 1;
	str rest = text;

	while (rest.n && most--) {
		str all = rest, line = text_wrap(&rest, width);

		full += count_full(line);
		assert(line.p == all.p && rest.n < all.n);
		while (line.n && line.p[line.n - 1] == ' ')
			line.n--;
		str after = line;
		/* One character may be wider than the line. */
		(void)(after.n ? text_next(&after) : 0);
		assert(!width || text_width(line) <= width || text_width(after) == 0);
	}
	assert(rest.n == 0 && full == count_full(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	unsigned int width = input_byte(&in) % 90;
	str text = in.rest, rest = text;
	OWNED_BUF cut = BUF_INIT;
	size_t taken = 0;

	while (rest.n) {
		size_t before = rest.n;
		uint32_t c = text_next(&rest);

		assert(before > rest.n && before - rest.n <= 4);
		assert(c == TEXT_ILL_FORMED ? before - rest.n == 1 : c <= 0x10ffff);
		assert(c != TEXT_ILL_FORMED || text_ill_formed(text) <= taken);
		taken += before - rest.n;
	}
	check_escaped(text);
	check_put(text, width);
	check_wrapped(text, width);
	text_ellipsis(text, width, &cut);
	assert(!width || text_width(buf_str(&cut)) <= width);
	return 0;
}
