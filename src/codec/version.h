/** @file
 * Version orders. Each scheme turns a version into a key such that comparing two keys byte by byte (str_cmp) orders
 * the versions exactly as the scheme's own tool does; the vulnerability database stores only keys.
 *
 * Text comes from images and feeds and is hostile: keys are bounded by VERSION_KEY_MAX bytes.
 */
#ifndef SKEP_CODEC_VERSION_H
#define SKEP_CODEC_VERSION_H

#include "base/buf.h"
#include "base/err.h"

#define VERSION_KEY_MAX 1024

/** X(id, name, specification) */
#define VERSION_SCHEMES(X) \
	X(DEB, "deb", "deb-version(7), dpkg --compare-versions") \
	X(RPM, "rpm", "rpm-version(7), rpmvercmp over epoch:version-release") \
	X(APK, "apk", "apk-tools 2.14 src/version.c") \
	X(PACMAN, "pacman", "vercmp(8)") \
	X(SEMVER, "semver", "Semantic Versioning 2.0.0, as node-semver loose and Cargo") \
	X(GO, "go", "golang.org/x/mod/semver, pseudo-versions included") \
	X(PEP440, "pep440", "PEP 440") \
	X(GEM, "gem", "Gem::Version") \
	X(MAVEN, "maven", "Maven ComparableVersion") \
	X(NUGET, "nuget", "NuGet SemVer 2 with a fourth number") \
	X(COMPOSER, "composer", "Composer version normalisation") \
	X(GENERIC, "generic", "dotted numbers and words, used where nothing better is known")

enum version_scheme {
#define VERSION_ENUM(id, name, spec) VERSION_##id,
	VERSION_SCHEMES(VERSION_ENUM)
#undef VERSION_ENUM
		VERSION_SCHEME_COUNT
};

/**
 * Appends the key of @p text to @p out.
 *
 * @return 0, -EBADMSG not a version of this scheme, -E2BIG key over VERSION_KEY_MAX, -ENOMEM
 */
MUST_CHECK int version_key(enum version_scheme scheme, str text, struct buf *out, struct err *e);

/** Orders two texts through their keys; @p ret is <0, 0 or >0. Errors as version_key(). */
MUST_CHECK int version_compare(enum version_scheme scheme, str a, str b, int *ret, struct err *e);

/**
 * For RPM and DEB keys: the key without its epoch, for comparing where one side never had one (a source rpm's name).
 * A key of another scheme is returned whole.
 */
str version_key_without_epoch(enum version_scheme scheme, str key);

const char *version_scheme_name(enum version_scheme scheme);
/** @return 0, or -ENOENT for a name that is no scheme's */
MUST_CHECK int version_scheme_find(str name, enum version_scheme *ret);

#endif
