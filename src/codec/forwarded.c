#include "codec/forwarded.h"

#include <arpa/inet.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21, FAMILY_INET = 1, FAMILY_INET6 = 2 };

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool is_port(str s)
{
	uint32_t port;

	return str_u32(s, &port) == 0 && port <= 65535;
}

/** "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" */
static int parse_node(str s, uint8_t ret[FORWARDED_ADDRESS_BYTES])
{
	uint8_t out[FORWARDED_ADDRESS_BYTES];
	char text[INET6_ADDRSTRLEN] = { 0 };
	size_t colon = str_find(s, ':');
	bool v4 = str_find(s, '.') < colon;
	str rest = { 0 };

	if (s.n && s.p[0] == '[') {
		rest = str_skip(s, 1);
		s = str_cut(&rest, ']');
		v4 = false;
		if (rest.n && (rest.p[0] != ':' || !is_port(str_skip(rest, 1))))
			return -EBADMSG;
	} else if (v4 && colon < s.n) {
		if (!is_port(str_skip(s, colon + 1)))
			return -EBADMSG;
		s = str_take(s, colon);
	}
	if (!s.n || s.n >= sizeof(text))
		return -EBADMSG;
	memcpy(text, s.p, s.n);
	memcpy(out, mapped, sizeof(mapped));
	if (strlen(text) != s.n ||
	    inet_pton(v4 ? AF_INET : AF_INET6, text, out + (v4 ? 12 : 0)) != 1)
		return -EBADMSG;
	memcpy(ret, out, sizeof(out));
	return 0;
}

/* From the end, so that a quote which somebody before left open hides nothing behind it. */
static str cut_last(str *list)
{
	bool quoted = false;
	size_t at = list->n;
	str last;

	while (at && (quoted || list->p[at - 1] != ',')) {
		at--;
		quoted ^= list->p[at] == '"';
	}
	last = str_skip(*list, at);
	*list = str_take(*list, at ? at - 1 : 0);
	return str_trim(last);
}

/** "for=192.0.2.1;proto=https", in any order; the value may be quoted. */
static str node_of(str element)
{
	while (element.n) {
		str value = str_cut(&element, ';'), name = str_cut(&value, '=');

		if (!str_eq_nocase(str_trim(name), S("for")))
			continue;
		value = str_trim(value);
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = str_take(str_skip(value, 1), value.n - 2);
		return value;
	}
	return element;
}

int forwarded_cut_last(str *list, bool is_rfc7239, uint8_t ret[FORWARDED_ADDRESS_BYTES])
{
	str last = { 0 };

	while (list->n && !last.n)
		last = cut_last(list);
	if (!last.n)
		return -ENOENT;
	return parse_node(is_rfc7239 ? node_of(last) : last, ret);
}

static void take_client(const uint8_t *p, size_t n, unsigned int family, struct proxy_header *h)
{
	if (family == FAMILY_INET && n >= 12) {
		memcpy(h->client, mapped, sizeof(mapped));
		memcpy(h->client + sizeof(mapped), p, 4);
		h->is_told = true;
	} else if (family == FAMILY_INET6 && n >= 36) {
		memcpy(h->client, p, 16);
		h->is_told = true;
	}
}

int proxy_header_parse(str in, struct proxy_header *ret, struct err *e)
{
	const uint8_t *p = (const uint8_t *)in.p;
	struct proxy_header h = { 0 };
	unsigned int family;
	size_t n;

	if (in.n < PROXY_HEADER_MIN_BYTES || memcmp(p, SIGNATURE, sizeof(SIGNATURE) - 1) != 0)
		return err_set(e, EBADMSG, "no header of the PROXY protocol, version 2");
	if (p[12] != COMMAND_LOCAL && p[12] != COMMAND_PROXY)
		return err_set(e, EBADMSG, "the PROXY protocol knows no command %u", p[12]);
	n = (size_t)p[14] << 8 | p[15];
	family = p[13] >> 4;
	h.bytes = PROXY_HEADER_MIN_BYTES + n;
	if (h.bytes > PROXY_HEADER_MAX_BYTES)
		return err_set(e, E2BIG, "a header of the PROXY protocol of %zu bytes", h.bytes);
	if (p[12] == COMMAND_PROXY &&
	    ((family == FAMILY_INET && n < 12) || (family == FAMILY_INET6 && n < 36)))
		return err_set(e, EBADMSG, "a header of the PROXY protocol without its addresses");
	h.whole = in.n >= h.bytes;
	if (h.whole && p[12] == COMMAND_PROXY)
		take_client(p + PROXY_HEADER_MIN_BYTES, n, family, &h);
	*ret = h;
	return 0;
}
