/*
 * The parts of a URL lie in it, in their order; what is shown of one is short, has no control character, no user, query or
 * fragment; and an escaped text reads back as it was.
 */
#include "fuzz.h"

#include "wire/url.h"

static void check_parts(str text)
{
	struct url u;
	const char *from = text.p;

	if (!url_split(text, &u))
		return;
	const str parts[] = { u.scheme, u.user, u.host, u.port, u.path, u.query };

	assert(u.scheme.n && u.host.n && (!u.path.n || u.path.p[0] == '/'));
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (!parts[i].n)
			continue;
		assert(parts[i].p >= from && parts[i].p + parts[i].n <= text.p + text.n);
		from = parts[i].p + parts[i].n;
	}
	for (size_t i = 0; i < u.port.n; i++)
		assert(u.port.p[i] >= '0' && u.port.p[i] <= '9');
	assert(url_same_origin(text, text));
	assert(str_find(u.path, '#') == u.path.n && str_find(u.path, '?') == u.path.n);
}

static void check_shown(str text)
{
	OWNED_BUF out = BUF_INIT;
	struct url u;
	str shown;

	buf_add(&out, S("at "));
	url_redact(&out, text);
	shown = str_skip(buf_str(&out), 3);
	assert(!buf_error(&out) && shown.n <= 300);
	assert(url_split(text, &u) || (str_find(shown, '@') == shown.n));
	assert(str_find(shown, '#') == shown.n);
	for (size_t i = 0; i < shown.n; i++)
		assert((unsigned char)shown.p[i] >= 32 && shown.p[i] != 127);
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

static void check_escaped(str text)
{
	OWNED_BUF out = BUF_INIT;
	OWNED_BUF back = BUF_INIT;

	url_escape(&out, text);
	for (size_t i = 0; i < out.n; i++) {
		assert(out.p[i] > 32 && out.p[i] < 127 && !strchr("/?#&=+:@", out.p[i]));
		if (out.p[i] != '%') {
			buf_byte(&back, out.p[i]);
			continue;
		}
		assert(i + 2 < out.n);
		buf_byte(&back, (char)(digit(out.p[i + 1]) << 4 | digit(out.p[i + 2])));
		i += 2;
	}
	assert(str_eq(buf_str(&back), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };

	check_parts(text);
	check_shown(text);
	check_escaped(text);
	(void)url_is_loopback(text);
	return 0;
}
