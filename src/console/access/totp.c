#include "console/access/totp.h"

#include <stdio.h>

#include "codec/mac.h"
#include "wire/url.h"

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void base32_encode(struct buf *out, str bytes)
{
	uint32_t bits = 0;
	unsigned int have = 0;

	for (size_t i = 0; i < bytes.n; i++) {
		bits = bits << 8 | (uint8_t)bytes.p[i];
		for (have += 8; have >= 5; have -= 5)
			buf_byte(out, base32[bits >> (have - 5) & 31]);
	}
	if (have)
		buf_byte(out, base32[bits << (5 - have) & 31]);
}

void totp_code(const uint8_t secret[TOTP_SECRET_BYTES], uint64_t step, char ret[TOTP_DIGITS + 1])
{
	uint8_t sum[SHA1_BYTES];
	char counter[8];

	for (size_t i = 0; i < 8; i++)
		counter[i] = (char)(step >> (56 - 8 * i));
	hmac_sha1((str){ (const char *)secret, TOTP_SECRET_BYTES },
		  (str){ counter, sizeof(counter) }, sum);

	/* RFC 4226 section 5.3 */
	const uint8_t *at = sum + (sum[SHA1_BYTES - 1] & 15);
	uint32_t n = (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
		     at[3];

	snprintf(ret, TOTP_DIGITS + 1, "%06u", n % 1000000);
}

uint64_t totp_check(const uint8_t secret[TOTP_SECRET_BYTES], str code, int64_t now_s,
		    uint64_t last_step)
{
	uint64_t now = (uint64_t)MAX(now_s, (int64_t)0) / TOTP_STEP_S, found = 0;

	for (uint64_t i = 0; i <= 2 * TOTP_WINDOW; i++) {
		uint64_t step = now + i - MIN(now, (uint64_t)TOTP_WINDOW);
		char right[TOTP_DIGITS + 1];

		totp_code(secret, step, right);
		if (secret_eq(code, str_from(right)) && step > last_step)
			found = step;
	}
	return found;
}

void totp_uri(const uint8_t secret[TOTP_SECRET_BYTES], str issuer, str name, struct buf *out)
{
	buf_add(out, S("otpauth://totp/"));
	url_escape(out, issuer);
	buf_byte(out, ':');
	url_escape(out, name);
	buf_add(out, S("?secret="));
	base32_encode(out, (str){ (const char *)secret, TOTP_SECRET_BYTES });
	buf_add(out, S("&issuer="));
	url_escape(out, issuer);
	buf_printf(out, "&algorithm=SHA1&digits=%d&period=%d", TOTP_DIGITS, TOTP_STEP_S);
}

static void dashed(const char digits[16], char ret[RECOVERY_CODE_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < 16; i++) {
		if (i && i % 4 == 0)
			ret[n++] = '-';
		ret[n++] = digits[i];
	}
	ret[n] = '\0';
}

int recovery_code_new(char ret[RECOVERY_CODE_BYTES], struct err *e)
{
	uint8_t bytes[16];
	char digits[16];
	int r = random_bytes(bytes, sizeof(bytes), e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(bytes); i++)
		digits[i] = base32[bytes[i] & 31];
	dashed(digits, ret);
	return 0;
}

bool recovery_code_normal(str typed, char ret[RECOVERY_CODE_BYTES])
{
	char digits[16];
	size_t n = 0;

	for (size_t i = 0; i < typed.n; i++) {
		char c = typed.p[i];

		if (c == '-' || c == ' ')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 32);
		if (!c || !strchr(base32, c) || n == sizeof(digits))
			return false;
		digits[n++] = c;
	}
	if (n != sizeof(digits))
		return false;
	dashed(digits, ret);
	return true;
}
