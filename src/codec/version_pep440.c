/*
 * PEP 440 (Version specifiers of the Python Packaging User Guide), with the spellings its normalisation accepts.
 */
#include "codec/version_priv.h"

enum { END = 0x01, RELEASE_NUMBER = 0x02 };
/* Where no pre-release is named, a development release of the final one sorts below all of them. */
enum { ONLY_DEV = 0x00, ALPHA = 0x01, BETA = 0x02, CANDIDATE = 0x03, NO_PRE = 0x04 };
enum { NO_POST = 0x00, POST = 0x01 };
enum { DEV = 0x00, NO_DEV = 0x01 };
enum { LOCAL_END = 0x00, LOCAL_WORD = 0x01, LOCAL_NUMBER = 0x02 };

static const struct word {
	const char *text;
	char tag;
} pre_words[] = { { "alpha", ALPHA },	{ "a", ALPHA },		{ "beta", BETA },      { "b", BETA },
		  { "rc", CANDIDATE },	{ "c", CANDIDATE },	{ "preview", CANDIDATE },
		  { "pre", CANDIDATE }, },
  post_words[] = { { "post", POST }, { "rev", POST }, { "r", POST } }, dev_words[] = { { "dev", DEV } };

static bool is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

static bool starts_nocase(str s, const char *word)
{
	return str_eq_nocase(str_take(s, strlen(word)), str_from(word));
}

/* "[sep]word[sep][number]": takes it off @p rest. @return the word's tag, or -1 with nothing taken */
static int take_word(str *rest, const struct word *words, size_t count, str *ret_number)
{
	str s = *rest;

	if (s.n && is_separator(s.p[0]))
		s = str_skip(s, 1);
	for (size_t i = 0; i < count; i++) {
		if (!starts_nocase(s, words[i].text))
			continue;
		s = str_skip(s, strlen(words[i].text));
		if (s.n && is_separator(s.p[0]))
			s = str_skip(s, 1);
		*ret_number = version_digits(s);
		*rest = str_skip(s, ret_number->n);
		return words[i].tag;
	}
	return -1;
}

static bool put_release(str *rest, struct buf *out)
{
	unsigned int zeros = 0;

	for (;;) {
		str digits = version_digits(*rest), significant = digits;

		if (!digits.n)
			return false;
		*rest = str_skip(*rest, digits.n);
		while (significant.n && significant.p[0] == '0')
			significant = str_skip(significant, 1);
		if (!significant.n)
			zeros++;
		for (; significant.n && zeros; zeros--) {
			buf_byte(out, RELEASE_NUMBER);
			version_put_number(out, S("0"));
		}
		if (significant.n) {
			buf_byte(out, RELEASE_NUMBER);
			version_put_number(out, significant);
		}
		if (rest->n < 2 || rest->p[0] != '.' || !version_is_digit(rest->p[1]))
			break;
		*rest = str_skip(*rest, 1);
	}
	buf_byte(out, END);
	return true;
}

static bool put_local(str rest, struct buf *out)
{
	while (rest.n) {
		size_t n = 0;

		while (n < rest.n && (version_is_digit(rest.p[n]) || version_is_alpha(rest.p[n])))
			n++;
		if (!n)
			return false;
		if (version_digits(rest).n == n) {
			buf_byte(out, LOCAL_NUMBER);
			version_put_number(out, str_take(rest, n));
		} else {
			buf_byte(out, LOCAL_WORD);
			for (size_t i = 0; i < n; i++)
				buf_byte(out, version_lower(rest.p[i]));
			buf_byte(out, '\0');
		}
		rest = str_skip(rest, n);
		if (rest.n) {
			if (!is_separator(rest.p[0]) || rest.n == 1)
				return false;
			rest = str_skip(rest, 1);
		}
	}
	buf_byte(out, LOCAL_END);
	return true;
}

static void put_tagged(struct buf *out, int tag, str number)
{
	buf_byte(out, (char)tag);
	version_put_number(out, number);
}

/* Pre-, post- and development release, in this order; what is left stands in *rest. */
static void put_qualifiers(str *rest, struct buf *out)
{
	str pre_number, post_number = { 0 }, dev_number;
	int pre = take_word(rest, pre_words, ARRAY_LEN(pre_words), &pre_number);
	int post = -1, dev;

	if (rest->n > 1 && rest->p[0] == '-' && version_is_digit(rest->p[1])) {
		post_number = version_digits(str_skip(*rest, 1));
		*rest = str_skip(*rest, 1 + post_number.n);
		post = POST;
	} else {
		post = take_word(rest, post_words, ARRAY_LEN(post_words), &post_number);
	}
	dev = take_word(rest, dev_words, ARRAY_LEN(dev_words), &dev_number);

	if (pre >= 0)
		put_tagged(out, pre, pre_number);
	else
		buf_byte(out, post < 0 && dev >= 0 ? ONLY_DEV : NO_PRE);
	if (post >= 0)
		put_tagged(out, POST, post_number);
	else
		buf_byte(out, NO_POST);
	if (dev >= 0)
		put_tagged(out, DEV, dev_number);
	else
		buf_byte(out, NO_DEV);
}

int version_pep440_key(str text, struct buf *out, struct err *e)
{
	str rest = str_trim(text), epoch = { 0 };
	bool good;

	if (rest.n && version_lower(rest.p[0]) == 'v')
		rest = str_skip(rest, 1);
	epoch = version_digits(rest);
	if (epoch.n && epoch.n < rest.n && rest.p[epoch.n] == '!')
		rest = str_skip(rest, epoch.n + 1);
	else
		epoch.n = 0;
	version_put_number(out, epoch);

	good = put_release(&rest, out);
	if (good) {
		put_qualifiers(&rest, out);
		if (!rest.n)
			buf_byte(out, LOCAL_END);
		else
			good = rest.p[0] == '+' && rest.n > 1 && put_local(str_skip(rest, 1), out);
	}
	if (!good)
		return version_refuse(e, VERSION_PEP440, text, "not of the form PEP 440 describes");
	return 0;
}
