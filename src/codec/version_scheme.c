#include "codec/version.h"

/* Epochs lead the key as four bytes. */
#define EPOCH_BYTES 4

static const struct {
	const char *name;
	bool has_epoch;
} schemes[VERSION_SCHEME_COUNT] = {
	[VERSION_DEB] = { "deb", true },
	[VERSION_RPM] = { "rpm", true },
	[VERSION_APK] = { "apk", false },
	[VERSION_PACMAN] = { "pacman", false },
	[VERSION_SEMVER] = { "semver", false },
	[VERSION_GO] = { "go", false },
	[VERSION_PEP440] = { "pep440", false },
	[VERSION_GEM] = { "gem", false },
	[VERSION_MAVEN] = { "maven", false },
	[VERSION_NUGET] = { "nuget", false },
	[VERSION_COMPOSER] = { "composer", false },
	[VERSION_GENERIC] = { "generic", false },
};

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
