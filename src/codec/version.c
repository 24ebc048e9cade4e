#include "codec/version.h"

#include "codec/version_priv.h"

/* Epochs lead the key as four bytes. */
#define EPOCH_BYTES 4

static const struct scheme {
	const char *name;
	version_encode_fn *encode;
	bool has_epoch;
} schemes[VERSION_SCHEME_COUNT] = {
	[VERSION_DEB] = { "deb", version_deb_key, true },
	[VERSION_RPM] = { "rpm", version_rpm_key, true },
	[VERSION_APK] = { "apk", version_apk_key, false },
	[VERSION_PACMAN] = { "pacman", version_pacman_key, false },
	[VERSION_SEMVER] = { "semver", version_semver_key, false },
	[VERSION_GO] = { "go", version_go_key, false },
	[VERSION_PEP440] = { "pep440", version_pep440_key, false },
	[VERSION_GEM] = { "gem", version_gem_key, false },
	[VERSION_MAVEN] = { "maven", version_maven_key, false },
	[VERSION_NUGET] = { "nuget", version_nuget_key, false },
	[VERSION_COMPOSER] = { "composer", version_composer_key, false },
	[VERSION_GENERIC] = { "generic", version_generic_key, false },
};

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
	return err_set(e, EBADMSG, "%s version '%.*s': %s", schemes[scheme].name, STR_ARG(text),
		       why);
}

int version_key(enum version_scheme scheme, str text, struct buf *out, struct err *e)
{
	size_t start = out->n;
	int r;

	assert(scheme >= 0 && scheme < VERSION_SCHEME_COUNT);
	if (!text.n)
		return err_set(e, EBADMSG, "%s version: empty", schemes[scheme].name);
	if (text.n > VERSION_KEY_MAX)
		return err_set(e, E2BIG, "%s version: longer than %d bytes", schemes[scheme].name,
			       VERSION_KEY_MAX);
	if (memchr(text.p, '\0', text.n))
		return version_refuse(e, scheme, text, "it holds a NUL byte");

	r = schemes[scheme].encode(text, out, e);
	if (r == 0 && buf_error(out))
		r = err_set(e, -buf_error(out), "%s version: no room for its key",
			    schemes[scheme].name);
	else if (r == 0 && out->n - start > VERSION_KEY_MAX)
		r = err_set(e, E2BIG, "%s version: its key is longer than %d bytes",
			    schemes[scheme].name, VERSION_KEY_MAX);
	if (r < 0)
		out->n = start;
	return r;
}

int version_compare(enum version_scheme scheme, str a, str b, int *ret, struct err *e)
{
	OWNED_BUF keys = BUF_INIT;
	size_t split;
	int r;

	r = version_key(scheme, a, &keys, e);
	if (r < 0)
		return r;
	split = keys.n;
	r = version_key(scheme, b, &keys, e);
	if (r < 0)
		return r;
	*ret = str_cmp(str_take(buf_str(&keys), split), str_skip(buf_str(&keys), split));
	return 0;
}

str version_key_without_epoch(enum version_scheme scheme, str key)
{
	assert(scheme >= 0 && scheme < VERSION_SCHEME_COUNT);
	return schemes[scheme].has_epoch ? str_skip(key, EPOCH_BYTES) : key;
}

const char *version_scheme_name(enum version_scheme scheme)
{
	assert(scheme >= 0 && scheme < VERSION_SCHEME_COUNT);
	return schemes[scheme].name;
}

int version_scheme_find(str name, enum version_scheme *ret)
{
	for (enum version_scheme s = 0; s < VERSION_SCHEME_COUNT; s++)
		if (str_is(name, version_scheme_name(s))) {
			*ret = s;
			return 0;
		}
	return -ENOENT;
}
