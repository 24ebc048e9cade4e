/*
 * Alpine's order as apk-tools 2.14 compares (src/version.c there): digit{.digit}...{letter}{_suffix{#}}...{-r#}.
 *
 * apk reads both versions token by token; the kind of the next token decides where the values before it are equal. A
 * kind's rank below is its place in that decision: a pre-release suffix, then the end, then the kinds from the last
 * to the first of the grammar. The leniencies are apk's too: a number may be missing where one is due (".1", "1-r").
 * The commit hash "~hex" is read as apk-tools 3 does; 2.14 knows no such token.
 */
#include "codec/version_priv.h"

/* In grammar order; a token may only be followed by one of its own or a later kind, but see may_follow(). */
enum token { PART, DIGIT, LETTER, SUFFIX, SUFFIX_NUMBER, COMMIT, REVISION, END, INVALID };

enum { RANK_PRE_SUFFIX = 0x01, RANK_END = 0x02, RANK_FIRST = 0x09 };
enum { ZEROS_LEAD = 0x00, NO_ZEROS_LEAD = 0x01 };

/* apk refuses a number of 18 digits or more, because its own would overflow. */
#define DIGITS_MAX 17

static const char *const suffixes[] = {
	"alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"
};
#define PRE_SUFFIXES 4

static bool may_follow(enum token before, enum token next)
{
	return next >= before || (before == DIGIT && next == PART) ||
	       (before == LETTER && next == DIGIT) || (before == SUFFIX_NUMBER && next == SUFFIX);
}

static enum token next_token(enum token before, str *rest)
{
	enum token next = INVALID;
	char c;

	if (!rest->n)
		return END;
	c = rest->p[0];
	if ((before == PART || before == DIGIT) && version_is_lower(c))
		return LETTER;
	if (before == LETTER && version_is_digit(c))
		return DIGIT;
	if (before == SUFFIX && version_is_digit(c))
		return SUFFIX_NUMBER;

	if (c == '.')
		next = PART;
	else if (c == '_')
		next = SUFFIX;
	else if (c == '~')
		next = COMMIT;
	else if (str_starts(*rest, S("-r")))
		next = REVISION;
	*rest = str_skip(*rest, next == REVISION ? 2 : 1);
	return may_follow(before, next) ? next : INVALID;
}

static int put_number(str *rest, struct buf *out)
{
	str digits = version_digits(*rest);

	if (digits.n > DIGITS_MAX)
		return -EBADMSG;
	version_put_number(out, digits);
	*rest = str_skip(*rest, digits.n);
	return 0;
}

/* A part "00012" is the token of its zeros but one, where fewer are more, and then the number behind them. */
static int put_part(str *rest, struct buf *out, enum token *ret_next)
{
	size_t zeros = 0;

	while (zeros < rest->n && rest->p[zeros] == '0')
		zeros++;
	if (zeros < 2) {
		buf_byte(out, NO_ZEROS_LEAD);
	} else {
		buf_byte(out, ZEROS_LEAD);
		buf_byte(out, (char)~((zeros - 1) >> 8));
		buf_byte(out, (char)~((zeros - 1) & 0xff));
	}
	if (!zeros)
		return put_number(rest, out);
	if (zeros == 1)
		version_put_number(out, S("0"));
	*rest = str_skip(*rest, zeros - 1);
	*ret_next = DIGIT;
	return 0;
}

static int put_suffix(str *rest, struct buf *out)
{
	/* apk reads a "_" with nothing behind it as its first suffix of a later version. */
	size_t found = PRE_SUFFIXES;

	if (rest->n) {
		for (found = 0; found < ARRAY_LEN(suffixes); found++)
			if (str_starts(*rest, str_from(suffixes[found])))
				break;
		if (found == ARRAY_LEN(suffixes))
			return -EBADMSG;
		*rest = str_skip(*rest, strlen(suffixes[found]));
	}
	if (found < PRE_SUFFIXES)
		buf_byte(out, RANK_PRE_SUFFIX);
	else
		buf_byte(out, RANK_FIRST - SUFFIX);
	buf_byte(out, (char)found);
	return 0;
}

static int put_commit(str *rest, struct buf *out)
{
	size_t n = 0;

	while (n < rest->n &&
	       (version_is_digit(rest->p[n]) || (rest->p[n] >= 'a' && rest->p[n] <= 'f')))
		n++;
	if (!n)
		return -EBADMSG;
	buf_add(out, str_take(*rest, n));
	buf_byte(out, '\0');
	*rest = str_skip(*rest, n);
	return 0;
}

/* Appends the token's rank and value and leaves what follows it; *token becomes the next one. */
static int put_token(enum token *token, str *rest, struct buf *out)
{
	enum token next = INVALID;
	int r = 0;

	if (*token != SUFFIX)
		buf_byte(out, (char)(RANK_FIRST - *token));
	switch (*token) {
	case PART:
		r = put_part(rest, out, &next);
		break;
	case DIGIT:
	case SUFFIX_NUMBER:
	case REVISION:
		r = put_number(rest, out);
		break;
	case LETTER:
		buf_byte(out, rest->p[0]);
		*rest = str_skip(*rest, 1);
		break;
	case SUFFIX:
		r = put_suffix(rest, out);
		break;
	case COMMIT:
		r = put_commit(rest, out);
		break;
	case END:
	case INVALID:
		r = -EBADMSG;
	}
	if (next == INVALID)
		next = next_token(*token, rest);
	*token = next;
	return r;
}

int version_apk_key(str text, struct buf *out, struct err *e)
{
	enum token token = DIGIT;
	str rest = text;

	while (token != END)
		if (put_token(&token, &rest, out) < 0)
			return version_refuse(
				e, VERSION_APK, text,
				"not of the form digit{.digit}{letter}{_suffix{#}}{-r#}");
	buf_byte(out, RANK_END);
	return 0;
}
