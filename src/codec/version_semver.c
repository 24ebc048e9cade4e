/*
 * Semantic Versioning 2.0.0 and its dialects: npm's loose reading (which covers Cargo's strict one), Go's and NuGet's.
 *
 * Numbers, then a pre-release below the release. Pre-release identifiers: numeric ones by value and below the others,
 * fewer below more. Build metadata orders nothing. A missing minor or patch number is 0, so that the "0" advisories
 * begin their ranges with is a version; further leniencies stand with each dialect.
 */
#include "codec/version_priv.h"

enum { PRERELEASE = 0x01, RELEASE = 0x02 };
enum { END = 0x01, NUMERIC = 0x02, ALPHANUMERIC = 0x03 };

struct dialect {
	enum version_scheme scheme;
	unsigned int numbers; /* as many, absent ones 0 */
	bool fold_case;
	bool joined_prerelease; /* "1.2.3beta" is "1.2.3-beta" */
};

static size_t identifier_length(str s)
{
	size_t n = 0;

	while (n < s.n && (version_is_digit(s.p[n]) || version_is_alpha(s.p[n]) || s.p[n] == '-'))
		n++;
	return n;
}

static void put_identifier(str id, bool fold_case, struct buf *out)
{
	if (version_digits(id).n == id.n) {
		buf_byte(out, NUMERIC);
		version_put_number(out, id);
		return;
	}
	buf_byte(out, ALPHANUMERIC);
	for (size_t i = 0; i < id.n; i++)
		buf_byte(out, fold_case ? version_lower(id.p[i]) : id.p[i]);
	buf_byte(out, '\0');
}

/* Identifiers up to the build metadata. @return false when there is something else */
static bool put_prerelease(str rest, bool fold_case, struct buf *out)
{
	buf_byte(out, PRERELEASE);
	for (;;) {
		str id = str_take(rest, identifier_length(rest));

		if (!id.n)
			return false;
		put_identifier(id, fold_case, out);
		rest = str_skip(rest, id.n);
		if (!rest.n || rest.p[0] == '+')
			break;
		if (rest.p[0] != '.')
			return false;
		rest = str_skip(rest, 1);
	}
	buf_byte(out, END);
	return true;
}

static bool put_numbers(str *rest, unsigned int wanted, struct buf *out)
{
	for (unsigned int i = 0; i < wanted; i++) {
		str digits = version_digits(*rest);

		version_put_number(out, digits);
		if (!digits.n)
			return false;
		*rest = str_skip(*rest, digits.n);
		if (!rest->n || rest->p[0] != '.' || i + 1 == wanted) {
			while (++i < wanted)
				version_put_number(out, S("0"));
			break;
		}
		*rest = str_skip(*rest, 1);
	}
	return true;
}

static int put_version(const struct dialect *d, str text, str rest, struct buf *out, struct err *e)
{
	bool good = put_numbers(&rest, d->numbers, out);

	if (good && (!rest.n || rest.p[0] == '+')) {
		buf_byte(out, RELEASE);
		return 0;
	}
	/* npm takes the hyphen for the separator where an identifier follows, else for an identifier. */
	if (good && rest.p[0] == '-' &&
	    (!d->joined_prerelease || identifier_length(str_skip(rest, 1))))
		rest = str_skip(rest, 1);
	else if (!d->joined_prerelease)
		good = false;
	if (good && put_prerelease(rest, d->fold_case, out))
		return 0;
	return version_refuse(e, d->scheme, text, "not of the form 1.2.3[-pre.1][+build]");
}

int version_semver_key(str text, struct buf *out, struct err *e)
{
	static const struct dialect npm = { VERSION_SEMVER, 3, false, true };
	str rest = str_trim(text);

	while (rest.n && (rest.p[0] == 'v' || rest.p[0] == '=' || rest.p[0] == ' '))
		rest = str_skip(rest, 1);
	return put_version(&npm, text, rest, out, e);
}

int version_nuget_key(str text, struct buf *out, struct err *e)
{
	static const struct dialect nuget = { VERSION_NUGET, 4, true, false };

	return put_version(&nuget, text, str_trim(text), out, e);
}

/* The toolchain's own form, "1.21rc2" for 1.21.0-rc.2. */
static bool put_toolchain(str rest, struct buf *out)
{
	size_t word = 0;
	str number;

	if (!put_numbers(&rest, 3, out))
		return false;
	while (word < rest.n && version_is_lower(rest.p[word]))
		word++;
	number = str_skip(rest, word);
	if (!word || !number.n || version_digits(number).n != number.n)
		return false;
	buf_byte(out, PRERELEASE);
	put_identifier(str_take(rest, word), false, out);
	put_identifier(number, false, out);
	buf_byte(out, END);
	return true;
}

int version_go_key(str text, struct buf *out, struct err *e)
{
	static const struct dialect go = { VERSION_GO, 3, false, false };
	str rest = text;
	size_t start = out->n;

	if (str_starts(rest, S("v"))) {
		rest = str_skip(rest, 1);
	} else if (str_starts(rest, S("go"))) {
		/* "go1.20.3 X:experiment" names what the toolchain was built with. */
		rest = str_skip(rest, 2);
		rest = str_cut(&rest, ' ');
	}
	if (put_toolchain(rest, out))
		return 0;
	out->n = start;
	return put_version(&go, text, rest, out, e);
}
