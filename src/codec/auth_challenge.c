#include "codec/auth_challenge.h"

struct cursor {
	str rest;
	struct arena *arena;
	bool spent;
};

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip(struct cursor *c, const char *set)
{
	while (c->rest.n && c->rest.p[0] && strchr(set, c->rest.p[0]))
		c->rest = str_skip(c->rest, 1);
}

static str take_token(struct cursor *c)
{
	size_t n = 0;
	str t;

	while (n < c->rest.n && is_token_char(c->rest.p[n]))
		n++;
	t = str_take(c->rest, n);
	c->rest = str_skip(c->rest, n);
	return t;
}

/* @return false when the quote never closes or the budget is spent */
static bool take_quoted(struct cursor *c, str *ret)
{
	char *out = arena_alloc(c->arena, c->rest.n);
	size_t n = 0, i;

	if (!out) {
		c->spent = true;
		return false;
	}
	for (i = 1; i < c->rest.n && c->rest.p[i] != '"'; i++) {
		if (c->rest.p[i] == '\\' && i + 1 < c->rest.n)
			i++;
		out[n++] = c->rest.p[i];
	}
	if (i >= c->rest.n)
		return false;
	c->rest = str_skip(c->rest, i + 1);
	*ret = (str){ out, n };
	return true;
}

static bool take_value(struct cursor *c, str *ret)
{
	if (c->rest.n && c->rest.p[0] == '"')
		return take_quoted(c, ret);
	*ret = arena_str(c->arena, take_token(c));
	c->spent = !ret->p;
	return ret->n > 0;
}

static void take_parameter(struct auth_challenge *ch, str name, str value)
{
	if (str_eq_nocase(name, S("realm")))
		ch->realm = value;
	else if (str_eq_nocase(name, S("service")))
		ch->service = value;
	else if (str_eq_nocase(name, S("scope")))
		ch->scope = value;
	else if (str_eq_nocase(name, S("error")))
		ch->error = value;
}

/*
 * name "=" value belongs to the challenge; a token with anything else behind it begins the next one.
 * @return false when the header is malformed
 */
static bool take_parameters(struct cursor *c, struct auth_challenge *ch)
{
	for (;;) {
		struct cursor mark;
		str name, value;

		skip(c, " \t,");
		mark = *c;
		name = take_token(c);
		skip(c, " \t");
		if (name.n == 0 || c->rest.n == 0 || c->rest.p[0] != '=') {
			*c = mark;
			return true;
		}
		c->rest = str_skip(c->rest, 1);
		skip(c, " \t");
		if (!take_value(c, &value))
			return false;
		take_parameter(ch, name, value);
	}
}

int auth_challenge_parse(str header, struct arena *a, struct auth_challenge *ret, struct err *e)
{
	struct cursor c = { .rest = header, .arena = a };
	struct auth_challenge best = { 0 };

	if (header.n > AUTH_CHALLENGE_MAX_BYTES)
		return err_set(e, EBADMSG, "WWW-Authenticate of %zu bytes", header.n);
	for (;;) {
		struct auth_challenge ch = { 0 };
		str scheme;

		skip(&c, " \t,");
		if (c.rest.n == 0)
			break;
		scheme = take_token(&c);
		if (str_eq_nocase(scheme, S("bearer")))
			ch.scheme = AUTH_BEARER;
		else if (str_eq_nocase(scheme, S("basic")))
			ch.scheme = AUTH_BASIC;
		if (scheme.n == 0 || !take_parameters(&c, &ch))
			return c.spent ? err_set(e, ENOBUFS, "memory budget spent")
				       : err_set(e, EBADMSG, "malformed WWW-Authenticate header");
		if (ch.scheme == AUTH_BEARER && ch.realm.n == 0)
			return err_set(e, EBADMSG, "WWW-Authenticate: Bearer without a realm");
		if (ch.scheme > best.scheme)
			best = ch;
	}
	*ret = best;
	return 0;
}
