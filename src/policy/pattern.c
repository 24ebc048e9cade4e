#include "policy/pattern.h"

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(unsigned char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool in_class(str name, unsigned char c)
{
	if (str_is(name, "digit"))
		return is_digit(c);
	if (str_is(name, "alpha"))
		return is_alpha(c);
	if (str_is(name, "alnum"))
		return is_alpha(c) || is_digit(c);
	if (str_is(name, "upper"))
		return c >= 'A' && c <= 'Z';
	if (str_is(name, "lower"))
		return c >= 'a' && c <= 'z';
	if (str_is(name, "xdigit"))
		return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
	if (str_is(name, "space"))
		return c == ' ' || (c >= '\t' && c <= '\r');
	if (str_is(name, "blank"))
		return c == ' ' || c == '\t';
	if (str_is(name, "punct"))
		return c > ' ' && c < 127 && !is_alpha(c) && !is_digit(c);
	if (str_is(name, "print"))
		return c >= ' ' && c < 127;
	if (str_is(name, "graph"))
		return c > ' ' && c < 127;
	return str_is(name, "cntrl") && (c < ' ' || c == 127);
}

/* A byte inside brackets, its escape undone. */
static unsigned char set_byte(str p, size_t *i)
{
	if (p.p[*i] == '\\' && *i + 1 < p.n)
		++*i;
	return (unsigned char)p.p[(*i)++];
}

/*
 * Whether @p c is in the set that begins at p[0] == '['. @return bytes the set takes, 0 when it has no end: the bracket
 * then stands for itself.
 */
static size_t match_set(str p, unsigned char c, bool fold, bool *ret)
{
	bool negate, in = false;
	size_t i = 1;

	negate = i < p.n && (p.p[i] == '!' || p.p[i] == '^');
	i += negate;
	for (size_t first = i; i < p.n && (i == first || p.p[i] != ']');) {
		unsigned char lo, hi;
		str rest = str_skip(p, i + 2);
		size_t end = str_search(rest, S(":]"));

		if (p.p[i] == '[' && i + 1 < p.n && p.p[i + 1] == ':' && end < rest.n) {
			str name = str_take(rest, end);

			in |= in_class(name, c) ||
			      (fold && in_class(name, c ^ 0x20) && is_alpha(c));
			i += end + 4;
			continue;
		}
		lo = hi = set_byte(p, &i);
		if (i + 1 < p.n && p.p[i] == '-' && p.p[i + 1] != ']') {
			i++;
			hi = set_byte(p, &i);
		}
		in |= c >= lo && c <= hi;
		if (fold && is_alpha(c))
			in |= (c ^ 0x20) >= lo && (c ^ 0x20) <= hi;
	}
	if (i >= p.n)
		return 0;
	*ret = in != negate;
	return i + 1;
}

/* Whether the pattern's next element, no star, takes @p c. @return its length, 0 when it does not */
static size_t match_one(str p, unsigned char c, bool fold)
{
	bool in;
	size_t n;

	switch (p.p[0]) {
	case '?':
		return 1;
	case '[':
		n = match_set(p, c, fold, &in);
		if (n)
			return in ? n : 0;
		break;
	case '\\':
		if (p.n > 1) {
			unsigned char x = (unsigned char)p.p[1];

			return x == c || (fold && lower(x) == lower(c)) ? 2 : 0;
		}
		break;
	}
	return (unsigned char)p.p[0] == c || (fold && lower((unsigned char)p.p[0]) == lower(c));
}

bool pattern_match(str p, str t, bool fold)
{
	str star_p = { NULL, 0 }, star_t = { NULL, 0 };
	bool starred = false;

	for (;;) {
		size_t n = 0;

		if (p.n && p.p[0] == '*') {
			p = str_skip(p, 1);
			star_p = p;
			star_t = t;
			starred = true;
			continue;
		}
		if (!t.n && !p.n)
			return true;
		if (t.n && p.n)
			n = match_one(p, (unsigned char)t.p[0], fold);
		if (n) {
			p = str_skip(p, n);
			t = str_skip(t, 1);
			continue;
		}
		/* Only the last star need take more: an earlier one could gain nothing by it. */
		if (!starred || !star_t.n)
			return false;
		star_t = str_skip(star_t, 1);
		t = star_t;
		p = star_p;
	}
}

str pattern_beginning(str p)
{
	size_t n = 0;

	while (n < p.n && !memchr("*?[\\", p.p[n], 4))
		n++;
	return str_take(p, n);
}

/* Where a set ends is not asked: what lies behind one may be part of it. */
str pattern_run(str p)
{
	str best = { NULL, 0 };

	for (;;) {
		str run = pattern_beginning(p);

		if (run.n > best.n)
			best = run;
		p = str_skip(p, run.n);
		if (!p.n || p.p[0] == '[')
			return best;
		p = str_skip(p, p.p[0] == '\\' ? MIN(p.n, (size_t)2) : 1);
	}
}

bool pattern_is_wild(str p)
{
	return pattern_beginning(p).n < p.n;
}

bool pattern_is_extended(str p)
{
	for (size_t i = 0; i + 1 < p.n; i++) {
		if (p.p[i] == '\\')
			i++;
		else if (p.p[i + 1] == '(' && memchr("?*+@!", p.p[i], 5))
			return true;
	}
	return false;
}

static str next_part(str *path)
{
	str part = { NULL, 0 };

	while (path->n && !part.n)
		part = str_cut(path, '/');
	return part;
}

bool pattern_match_dir(str pattern, str path)
{
	for (str want = next_part(&pattern); want.n; want = next_part(&pattern)) {
		str have = next_part(&path);

		if (!have.n || !pattern_match(want, have, false))
			return false;
	}
	return true;
}
