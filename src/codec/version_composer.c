/*
 * Composer: its VersionParser's normalisation, then PHP's version_compare() over the result.
 *
 * Numeric versions of up to four numbers, versions that are dates, one stability word with numbers, "dev". Numeric
 * branches ("1.2.x-dev") stand for the highest version in them. Named branches ("dev-main") have no order.
 */
#include "codec/version_priv.h"

enum { DEV = 0x01, ALPHA = 0x02, BETA = 0x03, RC = 0x04, END = 0x05, NUMBER = 0x06, PATCH = 0x07 };

#define CLASSIC_NUMBERS 4
/* A longer first number is a date. */
#define CLASSIC_DIGITS 5
#define BRANCH_NUMBER S("9999999")

static const struct {
	const char *text;
	char tag; /* 0: no word in the normal form */
} stabilities[] = { { "stable", 0 },    { "beta", BETA },   { "b", BETA },
		    { "rc", RC },       { "alpha", ALPHA }, { "a", ALPHA },
		    { "patch", PATCH }, { "pl", PATCH },    { "p", PATCH } };

static bool starts_nocase(str s, const char *word)
{
	return str_eq_nocase(str_take(s, strlen(word)), str_from(word));
}

static bool is_in(char c, const char *set)
{
	return c && strchr(set, c);
}

static void put_number(struct buf *out, str digits)
{
	buf_byte(out, NUMBER);
	version_put_number(out, digits);
}

/* "[._-]WORD[.-]1.2" and "[.-]dev", nothing behind them. */
static bool put_modifiers(str rest, struct buf *out)
{
	str s = rest.n && is_in(rest.p[0], "._-") ? str_skip(rest, 1) : rest;
	bool stable = false;

	rest = s;
	for (size_t i = 0; i < ARRAY_LEN(stabilities); i++) {
		if (!starts_nocase(s, stabilities[i].text))
			continue;
		stable = !stabilities[i].tag;
		if (!stable)
			buf_byte(out, stabilities[i].tag);
		rest = str_skip(s, strlen(stabilities[i].text));
		for (;;) {
			str digits;

			s = rest.n && is_in(rest.p[0], ".-") ? str_skip(rest, 1) : rest;
			digits = version_digits(s);
			if (!digits.n)
				break;
			if (!stable)
				put_number(out, digits);
			rest = str_skip(s, digits.n);
		}
		break;
	}
	s = rest.n && is_in(rest.p[0], ".-") ? str_skip(rest, 1) : rest;
	if (starts_nocase(s, "dev")) {
		/* Behind "stable" it is dropped with it. */
		if (!stable)
			buf_byte(out, DEV);
		rest = str_skip(s, 3);
	}
	return !rest.n;
}

static bool put_classic(str rest, struct buf *out)
{
	unsigned int count = 0;
	str digits = version_digits(rest);

	if (!digits.n || digits.n > CLASSIC_DIGITS)
		return false;
	for (;;) {
		put_number(out, digits);
		rest = str_skip(rest, digits.n);
		if (++count == CLASSIC_NUMBERS || !rest.n || rest.p[0] != '.')
			break;
		digits = version_digits(str_skip(rest, 1));
		if (!digits.n)
			break;
		rest = str_skip(rest, 1);
	}
	for (; count < CLASSIC_NUMBERS; count++)
		put_number(out, S("0"));
	return put_modifiers(rest, out);
}

/* Takes @p count digits off @p rest, behind one of ".:-" or nothing. */
static bool skip_digits(str *rest, size_t count)
{
	str s = rest->n && is_in(rest->p[0], ".:-") ? str_skip(*rest, 1) : *rest;

	if (version_digits(s).n < count)
		return false;
	*rest = str_skip(s, count);
	return true;
}

/* Year, one to six groups of two digits, and up to two groups of one to three. */
static bool is_date(str text)
{
	str head = str_skip(text, 4);

	if (version_digits(text).n < 4)
		return false;
	for (int pairs = 0; pairs < 6 && skip_digits(&head, 2); pairs++) {
		if (!head.n)
			return true;
		for (size_t first = 1; first <= 3; first++) {
			str tail = head;

			if (!skip_digits(&tail, first))
				break;
			if (!tail.n)
				return true;
			for (size_t second = 1; second <= 3; second++) {
				str end = tail;

				if (skip_digits(&end, second) && !end.n)
					return true;
			}
		}
	}
	return false;
}

static bool put_date(str text, struct buf *out)
{
	str rest = text, digits = version_digits(text);

	for (;;) {
		put_number(out, digits);
		rest = str_skip(rest, digits.n);
		digits = rest.n && is_in(rest.p[0], ".:-") ? version_digits(str_skip(rest, 1))
							   : (str){ 0 };
		if (!digits.n)
			break;
		rest = str_skip(rest, 1);
	}
	return is_date(str_take(text, text.n - rest.n)) && put_modifiers(rest, out);
}

/* "1.2.x-dev". */
static bool put_branch(str rest, struct buf *out)
{
	if (rest.n < 3 || !version_is_digit(rest.p[0]) ||
	    !starts_nocase(str_skip(rest, rest.n - 3), "dev"))
		return false;
	rest.n -= 3;
	if (is_in(rest.p[rest.n - 1], ".-"))
		rest.n--;
	for (unsigned int count = 0; count < CLASSIC_NUMBERS; count++) {
		str number = str_cut(&rest, '.');

		if (!number.n || (count && (str_eq_nocase(number, S("x")) || str_is(number, "*"))))
			put_number(out, BRANCH_NUMBER);
		else if (version_digits(number).n == number.n)
			put_number(out, number);
		else
			return false;
	}
	buf_byte(out, DEV);
	return !rest.n;
}

int version_composer_key(str text, struct buf *out, struct err *e)
{
	str rest = str_trim(text);
	size_t start = out->n, at;

	at = str_search(rest, S(" as "));
	rest = str_trim(str_take(rest, at));
	rest = str_take(rest, str_find(rest, '@'));
	if (starts_nocase(rest, "dev-"))
		return version_refuse(e, VERSION_COMPOSER, text, "a named branch has no order");
	rest = str_take(rest, str_find(rest, '+'));
	if (rest.n && version_lower(rest.p[0]) == 'v')
		rest = str_skip(rest, 1);

	if (put_classic(rest, out))
		goto done;
	out->n = start;
	if (put_date(rest, out))
		goto done;
	out->n = start;
	if (!put_branch(rest, out))
		return version_refuse(e, VERSION_COMPOSER, text,
				      "not of the form 1.2.3.4[-beta1][-dev]");
done:
	buf_byte(out, END);
	return 0;
}
