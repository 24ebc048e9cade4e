#include "codec/base64.h"

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const char standard[] = LETTERS_AND_DIGITS "+/";
static const char for_urls[] = LETTERS_AND_DIGITS "-_";

static void encode(struct buf *out, str bytes, const char *alphabet, bool padded)
{
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t n = MIN(bytes.n - i, (size_t)3);
		uint32_t bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < n ? (uint8_t)bytes.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			if (k <= n)
				buf_byte(out, alphabet[bits >> (18 - 6 * k) & 63]);
			else if (padded)
				buf_byte(out, '=');
	}
}

void base64_encode(struct buf *out, str bytes)
{
	encode(out, bytes, standard, true);
}

void base64url_encode(struct buf *out, str bytes)
{
	encode(out, bytes, for_urls, false);
}

static int sextet(const char *alphabet, char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

static int decode(struct buf *out, str text, const char *alphabet, bool exact, struct err *e)
{
	uint32_t bits = 0;
	unsigned int have = 0;

	if (text.n % 4 == 1)
		return err_set(e, EBADMSG, "not base64");
	for (size_t i = 0; i < text.n; i++) {
		int v = sextet(alphabet, text.p[i]);

		if (v < 0)
			return err_set(e, EBADMSG, "not base64");
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_byte(out, (char)(bits >> have & 0xff));
		}
	}
	if (exact && (bits & ((1u << have) - 1)))
		return err_set(e, EBADMSG, "not base64");
	return buf_error(out) ? err_set(e, ENOMEM, "no memory for decoded base64") : 0;
}

int base64_decode(struct buf *out, str text, struct err *e)
{
	for (int pad = 0; pad < 2 && text.n && text.p[text.n - 1] == '='; pad++)
		text.n--;
	return decode(out, text, standard, false, e);
}

int base64url_decode(struct buf *out, str text, struct err *e)
{
	return decode(out, text, for_urls, true, e);
}
