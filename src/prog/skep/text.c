#include "prog/skep/text.h"

/** Length of the well-formed UTF-8 character at the front, and the character; 0 when it is ill-formed. */
static size_t decode(str s, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n;
	uint32_t c;

	if (!s.n)
		return 0;
	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	n = p[0] >= 0xf0 && p[0] < 0xf5   ? 4
	    : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
	    : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
					  : 0;
	if (!n || n > s.n)
		return 0;
	c = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return n;
}

static bool is_control(uint32_t c)
{
	/* C1 controls and the marks that reorder text can fake what a terminal shows. */
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void text_escape(struct buf *out, str s)
{
	while (s.n) {
		uint32_t c = 0;
		size_t n = decode(s, &c), step = MAX(n, 1);

		if (n && (!is_control(c) || c == '\n' || c == '\t'))
			buf_add(out, str_take(s, n));
		else
			for (size_t i = 0; i < step; i++)
				buf_printf(out, "\\x%02x", (unsigned char)s.p[i]);
		s = str_skip(s, step);
	}
}

static bool is_wide(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
	       (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
	       (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	       (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
	       (c >= 0x20000 && c <= 0x3fffd);
}

size_t text_columns(str s)
{
	size_t columns = 0;

	while (s.n) {
		uint32_t c = 0;
		size_t n = decode(s, &c);

		columns += n && is_wide(c) ? 2 : 1;
		s = str_skip(s, MAX(n, 1));
	}
	return columns;
}

/** Cuts the next piece that must stay on one line: a word with the blanks behind it, or one wide character. */
static str next_piece(str *rest)
{
	uint32_t c = 0;
	size_t n = 0, step = decode(*rest, &c);

	if (step && is_wide(c)) {
		n = step;
	} else {
		while (n < rest->n && rest->p[n] != ' ') {
			step = decode(str_skip(*rest, n), &c);
			if (n && step && is_wide(c))
				break;
			n += MAX(step, 1);
		}
	}
	while (n < rest->n && rest->p[n] == ' ')
		n++;

	str piece = str_take(*rest, n);

	*rest = str_skip(*rest, n);
	return piece;
}

static bool no_line_begins_with(str piece)
{
	static const char *const marks[] = { "，", "。", "；", "：", "）", "、", "！", "？" };

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (str_starts(piece, str_from(marks[i])))
			return true;
	return false;
}

void text_wrap(struct buf *out, str s, size_t at, size_t indent, size_t width)
{
	while (s.n) {
		str piece = next_piece(&s);
		str word = str_trim(piece);
		size_t columns = text_columns(word);

		if (at + columns > width && at > indent && !no_line_begins_with(piece)) {
			while (out->n && out->p[out->n - 1] == ' ')
				out->n--;
			buf_printf(out, "\n%*s", (int)indent, "");
			at = indent;
		}
		buf_add(out, s.n ? piece : word);
		at += text_columns(piece);
	}
}
