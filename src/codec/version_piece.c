#include "codec/version_priv.h"

str version_digits(str s)
{
	size_t n = 0;

	while (n < s.n && version_is_digit(s.p[n]))
		n++;
	return str_take(s, n);
}

str version_letters(str s)
{
	size_t n = 0;

	while (n < s.n && version_is_alpha(s.p[n]))
		n++;
	return str_take(s, n);
}

void version_put_number(struct buf *out, str digits)
{
	while (digits.n && digits.p[0] == '0')
		digits = str_skip(digits, 1);
	if (digits.n < 0xff) {
		buf_byte(out, (char)digits.n);
	} else {
		buf_byte(out, (char)0xff);
		buf_byte(out, (char)(digits.n >> 8));
		buf_byte(out, (char)(digits.n & 0xff));
	}
	buf_add(out, digits);
}

void version_put_u32(struct buf *out, uint32_t v)
{
	char bytes[] = { (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };

	buf_add(out, (str){ bytes, sizeof(bytes) });
}

int version_refuse(struct err *e, enum version_scheme scheme, str text, const char *why)
{
	return err_set(e, EBADMSG, "%s version '%.*s': %s", version_scheme_name(scheme),
		       STR_ARG(text), why);
}
