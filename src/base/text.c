#include "base/text.h"

struct range {
	uint32_t first, last;
};

static const struct range wide[] = {
#define TEXT_WIDE(first, last) { first, last },
#include "base/text_width.def"
#undef TEXT_WIDE
};

static const struct range zero[] = {
#define TEXT_ZERO(first, last) { first, last },
#include "base/text_width.def"
#undef TEXT_ZERO
};

static bool in_ranges(uint32_t c, const struct range *r, size_t n)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c > r[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && c >= r[low].first;
}

uint32_t text_next(str *rest)
{
	const unsigned char *b = (const unsigned char *)rest->p;
	unsigned char low = 0x80, high = 0xbf;
	uint32_t c = b[0];
	size_t n = 1;

	if (c >= 0xc2 && c <= 0xdf)
		n = 2;
	else if ((c & 0xf0) == 0xe0)
		n = 3;
	else if (c >= 0xf0 && c <= 0xf4)
		n = 4;
	else if (c >= 0x80)
		goto ill;
	if (n > rest->n)
		goto ill;

	low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	if (n > 1)
		c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if (b[i] < low || b[i] > high)
			goto ill;
		c = c << 6 | (b[i] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	*rest = str_skip(*rest, n);
	return c;
ill:
	*rest = str_skip(*rest, 1);
	return TEXT_ILL_FORMED;
}

size_t text_ill_formed(str s)
{
	str rest = s;

	while (rest.n) {
		uint64_t eight;
		str at = rest;

		/* Most text is ASCII, which no byte of a longer sequence looks like. */
		if (rest.n >= sizeof(eight)) {
			memcpy(&eight, rest.p, sizeof(eight));
			if (!(eight & 0x8080808080808080u)) {
				rest = str_skip(rest, sizeof(eight));
				continue;
			}
		}
		if (text_next(&rest) == TEXT_ILL_FORMED)
			return s.n - at.n;
	}
	return s.n;
}

/* Columns of one code point: 0, 1 or 2. */
static unsigned int char_width(uint32_t c)
{
	if (c < 0x300 || c == TEXT_ILL_FORMED)
		return 1;
	if (in_ranges(c, zero, ARRAY_LEN(zero)))
		return 0;
	return in_ranges(c, wide, ARRAY_LEN(wide)) ? 2 : 1;
}

unsigned int text_width(str s)
{
	unsigned int n = 0;

	while (s.n)
		n += char_width(text_next(&s));
	return n;
}

static bool is_deceptive(uint32_t c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0x61c || c == 0xfeff || c == 0xad ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

void text_escape(str s, struct buf *out)
{
	while (s.n) {
		str at = s;
		uint32_t c = text_next(&s);

		if (c == TEXT_ILL_FORMED || c < 0x20 || (c >= 0x7f && c < 0xa0))
			buf_printf(out, "\\x%02x",
				   c == TEXT_ILL_FORMED ? (unsigned char)at.p[0] : c);
		else if (is_deceptive(c))
			buf_printf(out, "\\u{%x}", c);
		else
			buf_add(out, str_take(at, at.n - s.n));
	}
}

static bool ends_line(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

void text_put_line(str s, size_t max, const struct text_line *how, struct buf *out)
{
	static const struct text_line plain;
	const size_t from = out->n;
	char behind[2] = { '\\' };

	if (!how)
		how = &plain;
	while (s.n && !buf_error(out)) {
		str rest = s, piece;
		uint32_t c = text_next(&rest);

		piece = str_take(s, s.n - rest.n);
		s = rest;
		if (c == TEXT_ILL_FORMED) {
			piece = S("?");
		} else if (c == '\n' && how->line_break) {
			piece = str_from(how->line_break);
		} else if (ends_line(c) && !(c == '\t' && how->tabs)) {
			piece = S(" ");
		} else if (c < 0x7f && how->escaped && strchr(how->escaped, (int)c)) {
			behind[1] = (char)c;
			piece = (str){ behind, sizeof(behind) };
		}
		if (out->n - from + piece.n > max)
			return;
		buf_add(out, piece);
	}
}

/* Chinese and Japanese punctuation that begins no line, and that ends none (JLREQ, CLREQ line breaking). */
static bool begins_no_line(uint32_t c)
{
	static const uint32_t closing[] = { 0x2026, 0x3001, 0x3002, 0x3009, 0x300b, 0x300d,
					    0x300f, 0x3011, 0xff01, 0xff05, 0xff09, 0xff0c,
					    0xff0e, 0xff1a, 0xff1b, 0xff1f };

	for (size_t i = 0; i < ARRAY_LEN(closing); i++)
		if (c == closing[i])
			return true;
	return false;
}

static bool ends_no_line(uint32_t c)
{
	return c == 0x3008 || c == 0x300a || c == 0x300c || c == 0x300e || c == 0x3010 ||
	       c == 0xff08;
}

static const char breakers[] = "-/,;:_+~";

static bool is_breaker(uint32_t c)
{
	return c < 0x80 && memchr(breakers, (int)c, sizeof(breakers) - 1);
}

/* Whether a line may end between these two characters, neither being a blank. */
static bool may_break(uint32_t before, uint32_t after)
{
	if (char_width(after) == 0 || begins_no_line(after) || ends_no_line(before))
		return false;
	/* Not within "://", nor before what goes with the word it follows. */
	if (is_breaker(before) && is_breaker(after))
		return false;
	if (before < 0x80)
		return is_breaker(before) || char_width(after) == 2;
	return char_width(before) == 2;
}

str text_wrap(str *rest, unsigned int width)
{
	str all = *rest, s = all;
	size_t end = 0,
	       next = 0; /* the best break so far: the line's end, and where the next begins */
	unsigned int used = 0;
	uint32_t before = 0;
	bool in_word = false; /* behind more than the dashes of an option, the slash of a path */

	while (s.n) {
		size_t at = all.n - s.n;
		uint32_t c = text_next(&s);

		if (c == ' ') {
			end = before == ' ' ? end : at;
			next = all.n - s.n;
		} else if (before && before != ' ' && (in_word || !is_breaker(before)) &&
			   may_break(before, c)) {
			end = next = at;
		}
		/* Blanks may stand over the edge: they go when something follows. */
		used += char_width(c);
		if (width && used > width && c != ' ' && at > 0) {
			if (next == 0)
				end = next = at;
			*rest = str_skip(all, next);
			while (rest->n && rest->p[0] == ' ')
				*rest = str_skip(*rest, 1);
			return str_take(all, end);
		}
		in_word = c != ' ' && char_width(c) != 2 && (in_word || !is_breaker(c));
		before = c;
	}
	*rest = (str){ 0 };
	return all;
}

void text_ellipsis(str s, unsigned int width, struct buf *out)
{
	str rest = s;
	unsigned int used = 0;
	size_t keep = 0;

	if (width == 0 || text_width(s) <= width) {
		buf_add(out, s);
		return;
	}
	while (rest.n) {
		used += char_width(text_next(&rest));
		if (used > width - 1)
			break;
		keep = s.n - rest.n;
	}
	buf_add(out, str_take(s, keep));
	buf_add(out, S("…"));
}

void text_pad(struct buf *out, unsigned int used, unsigned int width)
{
	for (; used < width; used++)
		buf_byte(out, ' ');
}
