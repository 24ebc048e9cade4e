#include "codec/version.h"

#include "codec/version_priv.h"

static version_encode_fn *const encoders[VERSION_SCHEME_COUNT] = {
	[VERSION_DEB] = version_deb_key,           [VERSION_RPM] = version_rpm_key,
	[VERSION_APK] = version_apk_key,           [VERSION_PACMAN] = version_pacman_key,
	[VERSION_SEMVER] = version_semver_key,     [VERSION_GO] = version_go_key,
	[VERSION_PEP440] = version_pep440_key,     [VERSION_GEM] = version_gem_key,
	[VERSION_MAVEN] = version_maven_key,       [VERSION_NUGET] = version_nuget_key,
	[VERSION_COMPOSER] = version_composer_key, [VERSION_GENERIC] = version_generic_key,
};

int version_key(enum version_scheme scheme, str text, struct buf *out, struct err *e)
{
	size_t start = out->n;
	int r;

	assert(scheme >= 0 && scheme < VERSION_SCHEME_COUNT);
	if (!text.n)
		return err_set(e, EBADMSG, "%s version: empty", version_scheme_name(scheme));
	if (text.n > VERSION_KEY_MAX)
		return err_set(e, E2BIG, "%s version: longer than %d bytes",
			       version_scheme_name(scheme), VERSION_KEY_MAX);
	if (memchr(text.p, '\0', text.n))
		return version_refuse(e, scheme, text, "it holds a NUL byte");

	r = encoders[scheme](text, out, e);
	if (r == 0 && buf_error(out))
		r = err_set(e, -buf_error(out), "%s version: no room for its key",
			    version_scheme_name(scheme));
	else if (r == 0 && out->n - start > VERSION_KEY_MAX)
		r = err_set(e, E2BIG, "%s version: its key is longer than %d bytes",
			    version_scheme_name(scheme), VERSION_KEY_MAX);
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
