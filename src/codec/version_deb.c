/*
 * deb-version(7) as dpkg's own comparison does it, which accepts more than the page allows: any printable ASCII, and
 * an upstream version that starts with a letter, get a warning there and an order here.
 *
 * dpkg compares runs of other bytes and runs of digits in turn. Within a run of other bytes '~' sorts below the end of
 * the run, letters above it, and everything else above letters; an absent number is 0.
 */
#include "codec/version_priv.h"

enum { TILDE = 0x01, RUN_END = 0x02, LETTERS_BELOW = 0x80 };

static char order(char c)
{
	if (c == '~')
		return TILDE;
	return version_is_alpha(c) ? c : (char)(LETTERS_BELOW | c);
}

/* Upstream version or revision. The last RUN_END stands for the end: further runs of the other side start with
 * anything but it, because only the first run can be empty. */
static void put_part(struct buf *out, str part)
{
	do {
		str digits;

		while (part.n && !version_is_digit(part.p[0])) {
			buf_byte(out, order(part.p[0]));
			part = str_skip(part, 1);
		}
		buf_byte(out, RUN_END);
		digits = version_digits(part);
		version_put_number(out, digits);
		part = str_skip(part, digits.n);
	} while (part.n);
	buf_byte(out, RUN_END);
}

static const char *take_epoch(str *text, uint32_t *ret)
{
	size_t colon = str_find(*text, ':');
	str epoch = str_take(*text, colon);
	bool minus = str_starts(epoch, S("-"));

	if (colon == text->n)
		return NULL;
	/* dpkg reads it with strtol(), which takes a sign. */
	if (minus || str_starts(epoch, S("+")))
		epoch = str_skip(epoch, 1);
	if (str_u32(epoch, ret) < 0 || *ret > INT32_MAX || (minus && *ret))
		return "its epoch is no number from 0 to 2147483647";
	*text = str_skip(*text, colon + 1);
	return text->n ? NULL : "nothing follows its epoch";
}

int version_deb_key(str text, struct buf *out, struct err *e)
{
	str rest = str_trim(text), revision = { 0 };
	uint32_t epoch = 0;
	const char *why = NULL;
	size_t dash;

	for (size_t i = 0; i < rest.n && !why; i++)
		if ((unsigned char)rest.p[i] <= ' ' || (unsigned char)rest.p[i] >= 0x7f)
			why = "it holds a byte that is no printable ASCII";
	if (!why)
		why = take_epoch(&rest, &epoch);
	if (why)
		return version_refuse(e, VERSION_DEB, text, why);

	dash = str_find_last(rest, '-');
	if (dash < rest.n) {
		revision = str_skip(rest, dash + 1);
		rest = str_take(rest, dash);
		if (!revision.n)
			return version_refuse(e, VERSION_DEB, text, "its revision is empty");
	}
	if (!rest.n)
		return version_refuse(e, VERSION_DEB, text, "its upstream version is empty");

	version_put_u32(out, epoch);
	put_part(out, rest);
	put_part(out, revision);
	return 0;
}
