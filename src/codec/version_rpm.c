/*
 * rpm-version(7): epoch, then rpmvercmp() over version and release, split as rpm's rpmverParse() does.
 *
 * rpmvercmp() walks segments of letters and of digits and skips every other byte, except that '~' sorts below the end
 * and '^' just above it. Where one side has no release rpm itself knows two answers: a dependency then compares
 * versions only, which is no order (1-1 = 1 = 1-2 but 1-1 < 1-2), rpmVersionCompare() puts the absent release below
 * every present one. The key does the latter. "Fixed in 1.2" still covers what it means, every 1.2-N being at least 1.2.
 */
#include "codec/version_priv.h"

enum { TILDE = 0x01, END = 0x02, CARET = 0x03, LETTERS = 0x04, DIGITS = 0x05 };
enum { RELEASE_ABSENT = 0x00, RELEASE_PRESENT = 0x01 };

static void put_part(struct buf *out, str part)
{
	while (part.n) {
		char c = part.p[0];
		str segment;

		if (version_is_digit(c)) {
			segment = version_digits(part);
			buf_byte(out, DIGITS);
			version_put_number(out, segment);
		} else if (version_is_alpha(c)) {
			segment = version_letters(part);
			buf_byte(out, LETTERS);
			buf_add(out, segment);
			buf_byte(out, '\0');
		} else {
			segment = str_take(part, 1);
			if (c == '~')
				buf_byte(out, TILDE);
			else if (c == '^')
				buf_byte(out, CARET);
		}
		part = str_skip(part, segment.n);
	}
	buf_byte(out, END);
}

int version_rpm_key(str text, struct buf *out, struct err *e)
{
	str rest = text, epoch_digits = version_digits(text);
	uint32_t epoch = 0;
	size_t dash;

	if (epoch_digits.n < rest.n && rest.p[epoch_digits.n] == ':') {
		if (epoch_digits.n && str_u32(epoch_digits, &epoch) < 0)
			return version_refuse(e, VERSION_RPM, text,
					      "its epoch is no number up to 4294967295");
		rest = str_skip(rest, epoch_digits.n + 1);
	}
	dash = str_find_last(rest, '-');

	version_put_u32(out, epoch);
	put_part(out, str_take(rest, dash));
	if (dash == rest.n) {
		buf_byte(out, RELEASE_ABSENT);
	} else {
		buf_byte(out, RELEASE_PRESENT);
		put_part(out, str_skip(rest, dash + 1));
	}
	return 0;
}
