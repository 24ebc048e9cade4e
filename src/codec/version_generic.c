/*
 * For packages whose scheme nobody states: numbers and words apart by anything else.
 *
 * Words that announce a release sort below it, other words above; numbers by value, a trailing .0 means nothing; a
 * leading v and what stands behind '+' are left out.
 */
#include "base/word.h"
#include "codec/version_priv.h"

enum { PRE_WORD = 0x01, END = 0x02, WORD = 0x03, NUMBER = 0x04 };

static const char *const pre_words[] = { "dev",  "snapshot", "a",         "alpha", "b",
					 "beta", "m",        "milestone", "pre",   "preview",
					 "c",    "cr",       "rc" };

static void put_word(str word, struct buf *out)
{
	int pre = WORD_FIND_NOCASE(pre_words, word);

	if (pre >= 0) {
		buf_byte(out, PRE_WORD);
		buf_byte(out, (char)pre);
		return;
	}
	buf_byte(out, WORD);
	for (size_t i = 0; i < word.n; i++)
		buf_byte(out, version_lower(word.p[i]));
	buf_byte(out, '\0');
}

static str word_of(str s)
{
	size_t n = 0;

	while (n < s.n && version_is_alpha(s.p[n]))
		n++;
	return str_take(s, n);
}

static bool is_zero(str digits)
{
	while (digits.n && digits.p[0] == '0')
		digits = str_skip(digits, 1);
	return !digits.n;
}

int version_generic_key(str text, struct buf *out, struct err *e)
{
	str rest = str_trim(text);
	bool numbered = false;
	unsigned int zeros = 0;

	rest = str_take(rest, str_find(rest, '+'));
	if (rest.n > 1 && version_lower(rest.p[0]) == 'v' && version_is_digit(rest.p[1]))
		rest = str_skip(rest, 1);
	while (rest.n) {
		str part = version_digits(rest);

		if (part.n && is_zero(part)) {
			zeros++;
		} else if (part.n) {
			for (; zeros; zeros--) {
				buf_byte(out, NUMBER);
				version_put_number(out, S("0"));
			}
			buf_byte(out, NUMBER);
			version_put_number(out, part);
		} else {
			part = word_of(rest);
			if (part.n) {
				zeros = 0;
				put_word(part, out);
			} else {
				part.n = 1;
			}
		}
		numbered |= version_is_digit(rest.p[0]);
		rest = str_skip(rest, part.n);
	}
	if (!numbered)
		return version_refuse(e, VERSION_GENERIC, text, "it holds no number");
	buf_byte(out, END);
	return 0;
}
