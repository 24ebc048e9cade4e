#include "codec/dns.h"

#define HEADER_BYTES 12
#define WIRE_NAME_BYTES 255

static unsigned int u16(str m, size_t at)
{
	return (unsigned int)(uint8_t)m.p[at] << 8 | (uint8_t)m.p[at + 1];
}

static size_t put_byte(char *to, unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (unsigned char)(c + ('a' - 'A'));
	if (c > ' ' && c < 127 && c != '.' && c != '\\') {
		to[0] = (char)c;
		return 1;
	}
	to[0] = '\\';
	if (c == '.' || c == '\\') {
		to[1] = (char)c;
		return 2;
	}
	to[1] = (char)('0' + c / 100);
	to[2] = (char)('0' + c / 10 % 10);
	to[3] = (char)('0' + c % 10);
	return 4;
}

/* Reads a name. @return where it ends in the message, or 0 */
static size_t read_name(str m, size_t at, char *text, size_t *ret_n)
{
	size_t n = 0, end = 0, wire = 0, lowest = at;

	while (at < m.n) {
		size_t length = (uint8_t)m.p[at];

		if (length >= 0xc0) {
			size_t to;

			if (m.n - at < 2)
				return 0;
			to = u16(m, at) & 0x3fff;
			if (!end)
				end = at + 2;
			if (to >= lowest) /* backwards only: it comes to an end */
				return 0;
			lowest = at = to;
			continue;
		}
		wire += length + 1;
		if (length > 63 || wire > WIRE_NAME_BYTES || length >= m.n - at)
			return 0;
		if (!length) {
			*ret_n = n;
			return end ? end : at + 1;
		}
		if (n)
			text[n++] = '.';
		for (size_t i = 1; i <= length; i++)
			n += put_byte(text + n, (unsigned char)m.p[at + i]);
		at += length + 1;
	}
	return 0;
}

int dns_question_parse(str m, char *text, struct dns_question *ret, struct err *e)
{
	size_t n, end;

	if (m.n < HEADER_BYTES)
		return err_set(e, EBADMSG, "DNS message: shorter than its header");
	/* A query has QR 0, and an opcode of 0; nothing else is a question about a name. */
	if (m.p[2] & 0xf8 || !u16(m, 4))
		return err_set(e, EBADMSG, "DNS message: not a query");
	end = read_name(m, HEADER_BYTES, text, &n);
	if (!end || m.n - end < 4)
		return err_set(e, EBADMSG, "DNS message: the question is malformed");
	if (!n)
		text[n++] = '.';
	*ret = (struct dns_question){ .name = { text, n }, .type = (uint16_t)u16(m, end) };
	return 0;
}
