/*
 * pacman's vercmp(8): epoch, version and pkgrel, each by alpm's variant of rpmvercmp().
 *
 * It differs from rpm's: separators count by their length, letters that follow directly sort below the end, and there
 * is neither '~' nor '^'. Two runs of separators of unequal length make its answers go round in a circle
 * (1-1 < 1--a < 1-- = 1- < 1-1); of such the key keeps all but the last. As for rpm, an absent pkgrel sorts first.
 */
#include "codec/version_priv.h"

enum { LETTERS_JOINED = 0x01, END = 0x02, SEPARATED = 0x03 };
enum { LETTERS = 0x01, NOTHING = 0x02, DIGITS = 0x03 };
enum { PKGREL_ABSENT = 0x00, PKGREL_PRESENT = 0x01 };

static bool is_separator(char c)
{
	return !version_is_digit(c) && !version_is_alpha(c);
}

static void put_part(struct buf *out, str part)
{
	while (part.n) {
		size_t gap = 0;
		str segment;

		while (gap < part.n && is_separator(part.p[gap]))
			gap++;
		part = str_skip(part, gap);
		segment = version_letters(part);
		if (segment.n && !gap) {
			buf_byte(out, LETTERS_JOINED);
		} else {
			buf_byte(out, SEPARATED);
			/* However long a gap at the end, it is the same. */
			buf_byte(out, (char)(part.n ? MIN(gap, 0xff) : 1));
			buf_byte(out, segment.n ? LETTERS : part.n ? DIGITS : NOTHING);
		}
		if (segment.n) {
			buf_add(out, segment);
			buf_byte(out, '\0');
		} else if (part.n) {
			segment = version_digits(part);
			version_put_number(out, segment);
		}
		part = str_skip(part, segment.n);
	}
	buf_byte(out, END);
}

int version_pacman_key(str text, struct buf *out, struct err *e UNUSED)
{
	str rest = text, epoch = version_digits(text);
	size_t dash;

	if (epoch.n < rest.n && rest.p[epoch.n] == ':')
		rest = str_skip(rest, epoch.n + 1);
	else
		epoch.n = 0;
	dash = str_find_last(rest, '-');

	version_put_number(out, epoch);
	put_part(out, str_take(rest, dash));
	if (dash == rest.n) {
		buf_byte(out, PKGREL_ABSENT);
	} else {
		buf_byte(out, PKGREL_PRESENT);
		put_part(out, str_skip(rest, dash + 1));
	}
	return 0;
}
