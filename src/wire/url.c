#include "wire/url.h"

#include <ctype.h>

#define URL_SHOWN_MAX 300

/** ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) */
static bool is_scheme(str s)
{
	if (s.n == 0 || !isalpha((unsigned char)s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '+' && s.p[i] != '-' &&
		    s.p[i] != '.')
			return false;
	return true;
}

/** None, or one that there can be. */
static bool is_port(str s)
{
	uint32_t n;

	return s.n == 0 || (str_u32(s, &n) == 0 && n <= UINT16_MAX);
}

static bool is_host(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ' ' || iscntrl((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}

bool url_split(str text, struct url *ret)
{
	struct url u = { 0 };
	size_t colon = str_search(text, S("://"));
	str rest, authority;
	size_t end = 0, at;

	u.scheme = str_take(text, colon);
	if (colon == text.n || !is_scheme(u.scheme))
		return false;
	rest = str_skip(text, colon + 3);
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#')
		end++;
	authority = str_take(rest, end);
	rest = str_skip(rest, end);

	at = str_find_last(authority, '@');
	if (at < authority.n) {
		u.user = str_take(authority, at);
		authority = str_skip(authority, at + 1);
	}
	if (str_starts(authority, S("["))) {
		size_t close = str_find(authority, ']');

		if (close == authority.n)
			return false;
		u.host = str_take(str_skip(authority, 1), close - 1);
		authority = str_skip(authority, close + 1);
		if (authority.n && authority.p[0] != ':')
			return false;
		u.port = str_skip(authority, 1);
	} else {
		u.host = str_cut(&authority, ':');
		u.port = authority;
	}
	if (!is_host(u.host) || !is_port(u.port))
		return false;

	rest = str_take(rest, str_find(rest, '#'));
	u.path = str_cut(&rest, '?');
	u.query = rest;
	*ret = u;
	return true;
}

static str effective_port(const struct url *u)
{
	if (u->port.n)
		return u->port;
	return str_eq_nocase(u->scheme, S("https")) ? S("443") : S("80");
}

bool url_same_origin(str a, str b)
{
	struct url x, y;

	return url_split(a, &x) && url_split(b, &y) && str_eq_nocase(x.scheme, y.scheme) &&
	       str_eq_nocase(x.host, y.host) && str_eq(effective_port(&x), effective_port(&y));
}

bool url_is_loopback(str host)
{
	if (str_eq_nocase(host, S("localhost")) || str_is(host, "::1"))
		return true;
	if (!str_starts(host, S("127.")))
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] != '.' && !isdigit((unsigned char)host.p[i]))
			return false;
	return true;
}

/** @param from where the whole began, which has a bound */
static void add_printable(struct buf *out, size_t from, str s)
{
	s = str_take(s, URL_SHOWN_MAX - MIN(out->n - from, (size_t)URL_SHOWN_MAX));
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		buf_byte(out, c < 0x20 || c == 0x7f ? '?' : s.p[i]);
	}
}

void url_redact(struct buf *out, str text)
{
	const size_t from = out->n;
	struct url u;

	if (!url_split(text, &u)) {
		size_t at;

		text = str_take(text, str_find(text, '?'));
		text = str_take(text, str_find(text, '#'));
		at = str_find_last(text, '@');
		add_printable(out, from, at < text.n ? str_skip(text, at + 1) : text);
		return;
	}
	add_printable(out, from, u.scheme);
	add_printable(out, from, S("://"));
	add_printable(out, from, str_find(u.host, ':') < u.host.n ? S("[") : S(""));
	add_printable(out, from, u.host);
	add_printable(out, from, str_find(u.host, ':') < u.host.n ? S("]") : S(""));
	if (u.port.n) {
		add_printable(out, from, S(":"));
		add_printable(out, from, u.port);
	}
	add_printable(out, from, u.path);
}

static void escape(struct buf *out, str text, const char *kept)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c && (isalnum(c) || strchr(kept, c)))
			buf_byte(out, text.p[i]);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void url_escape_path(struct buf *out, str text)
{
	escape(out, text, "-._~/:@");
}

void url_escape(struct buf *out, str text)
{
	escape(out, text, "-._~");
}
