#include "codec/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, str bytes)
{
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t n = MIN(bytes.n - i, (size_t)3);
		uint32_t bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < n ? (uint8_t)bytes.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_byte(out, k <= n ? alphabet[bits >> (18 - 6 * k) & 63] : '=');
	}
}

static int sextet(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

int base64_decode(struct buf *out, str text, struct err *e)
{
	uint32_t bits = 0;
	unsigned int have = 0;

	for (int pad = 0; pad < 2 && text.n && text.p[text.n - 1] == '='; pad++)
		text.n--;
	if (text.n % 4 == 1)
		return err_set(e, EBADMSG, "not base64");
	for (size_t i = 0; i < text.n; i++) {
		int v = sextet(text.p[i]);

		if (v < 0)
			return err_set(e, EBADMSG, "not base64");
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_byte(out, (char)(bits >> have & 0xff));
		}
	}
	return buf_error(out) ? err_set(e, ENOMEM, "no memory for decoded base64") : 0;
}
