#include "policy/condition_priv.h"

bool is_blank(char c)
{
	return c == ' ' || (c >= '\b' && c <= '\r');
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '_';
}

static str since(const struct cursor *c, size_t from)
{
	return (str){ c->text.p + from, c->at - from };
}

bool cursor_blank(struct cursor *c)
{
	size_t from = c->at;

	while (is_blank(cursor_peek(c)))
		c->at++;
	return c->at > from;
}

bool cursor_take(struct cursor *c, const char *token)
{
	str t = str_from(token);

	if (!str_starts(str_skip(c->text, c->at), t))
		return false;
	c->at += t.n;
	return true;
}

bool cursor_word(struct cursor *c, const char *word)
{
	size_t from = c->at;

	if (cursor_take(c, word) && !is_word(cursor_peek(c)))
		return true;
	c->at = from;
	return false;
}

str cursor_identifier(struct cursor *c)
{
	size_t from = c->at;

	if (is_letter(cursor_peek(c)))
		while (is_word(cursor_peek(c)))
			c->at++;
	return since(c, from);
}

str cursor_field_name(struct cursor *c)
{
	size_t from = c->at, dots = 0;
	str part = cursor_identifier(c);

	while (part.n && cursor_peek(c) == '.') {
		size_t before = c->at++;

		part = cursor_identifier(c);
		if (part.n)
			dots++;
		else
			c->at = before;
	}
	if (dots == 0)
		c->at = from;
	return since(c, from);
}

str cursor_bare(struct cursor *c)
{
	size_t from = c->at;

	while (!cursor_end(c) && cursor_peek(c) != '\0' && !is_blank(cursor_peek(c)) &&
	       !strchr("(),=\"'", cursor_peek(c)))
		c->at++;
	return since(c, from);
}

static void take_digits(struct cursor *c)
{
	while (is_digit(cursor_peek(c)))
		c->at++;
}

static void take_exponent(struct cursor *c)
{
	size_t from = c->at;

	if (cursor_take(c, "e+") || cursor_take(c, "e-") || cursor_take(c, "E+") ||
	    cursor_take(c, "E-")) {
		if (is_digit(cursor_peek(c)))
			take_digits(c);
		else
			c->at = from;
	}
}

static void take_unit(struct cursor *c)
{
	static const char *const units[] = { "ns", "us", "ms", "s", "m", "h", "d" };

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (cursor_word(c, units[i]))
			return;
}

/* [+-]? [0-9]+ .? [0-9]* ( [eE] [+-] [0-9]+ )?  or  0[xX] [0-9a-zA-Z]+ */
str cursor_number(struct cursor *c)
{
	size_t from = c->at;

	if (cursor_take(c, "0x") || cursor_take(c, "0X")) {
		while (is_letter(cursor_peek(c)) || is_digit(cursor_peek(c)))
			c->at++;
		if (c->at - from > 2)
			return since(c, from);
		c->at = from;
	}
	if (cursor_peek(c) == '-' || cursor_peek(c) == '+')
		c->at++;
	if (!is_digit(cursor_peek(c))) {
		c->at = from;
		return since(c, from);
	}
	take_digits(c);
	if (cursor_peek(c) == '.')
		c->at++;
	take_digits(c);
	take_exponent(c);
	take_unit(c);
	return since(c, from);
}

int cursor_expected(struct cursor *c, const char *what)
{
	str rest = str_skip(c->text, c->at);
	size_t n = 0;

	if (c->e && c->e->translate)
		what = c->e->translate(what);
	if (rest.n == 0)
		return err_set(c->e, EBADMSG, "%s is expected where the condition ends", what);
	while (n < rest.n && n < 24 && !is_blank(rest.p[n]))
		n++;
	return err_set(c->e, EBADMSG, "%s is expected before '%.*s'", what,
		       STR_ARG(str_take(rest, MAX(n, 1))));
}

int cursor_spent(struct cursor *c)
{
	return err_set(c->e, ENOBUFS, "condition: memory budget spent");
}

/* What follows a backslash; '\0' for what may not. "\ " is a backslash, as a rule that Falco ships relies on. */
static char unescape(char c, char quote)
{
	static const char from[] = "bfnrt \\/", to[] = "\b\f\n\r\t\\\\/";
	const char *at = c ? strchr(from, c) : NULL;

	if (at)
		return to[at - from];
	return c == quote ? quote : '\0';
}

/* The cursor stands behind the opening quote. */
static int find_end(struct cursor *c, char quote, bool *ret_escapes)
{
	bool escapes = false;

	while (!cursor_end(c) && cursor_peek(c) != quote) {
		if (cursor_peek(c) == '\\') {
			escapes = true;
			c->at++;
			if (!cursor_end(c) && !unescape(cursor_peek(c), quote))
				return err_set(c->e, EBADMSG,
					       "'\\%c' is no escape sequence within %c quotes",
					       cursor_peek(c), quote);
		}
		c->at++;
	}
	*ret_escapes = escapes;
	return 0;
}

int cursor_quoted(struct cursor *c, str *ret)
{
	size_t from = c->at;
	char quote = cursor_peek(c);
	bool escapes = false;
	str raw;
	char *p;
	int r;

	if (quote != '"' && quote != '\'')
		return 0;
	c->at++;
	r = find_end(c, quote, &escapes);
	if (r < 0)
		return r;
	if (c->at >= c->text.n) {
		c->at = from;
		return err_set(c->e, EBADMSG, "the quote %c is not closed", quote);
	}
	raw = (str){ c->text.p + from + 1, c->at - from - 1 };
	c->at++;
	*ret = raw;
	if (!escapes)
		return 1;
	p = arena_alloc(c->arena, raw.n);
	if (!p)
		return cursor_spent(c);
	*ret = (str){ p, 0 };
	for (size_t i = 0; i < raw.n; i++)
		p[ret->n++] = raw.p[i] == '\\' ? unescape(raw.p[++i], quote) : raw.p[i];
	return 1;
}
