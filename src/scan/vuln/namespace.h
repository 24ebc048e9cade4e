/** @file
 * Namespaces of the vulnerability database: whose advisories apply to a package, and how the two are compared.
 *
 * A namespace's name is "<prefix>:<release>" for distributions ("debian:11", "alpine:3.9", "ubuntu:22.04"), the bare
 * prefix for rolling ones ("wolfi") and for language ecosystems, where it equals the purl type ("npm"). The table is
 * namespace.def. Importers and matching both go through here, so that they cannot disagree on a name.
 */
#ifndef SKEP_SCAN_VULN_NAMESPACE_H
#define SKEP_SCAN_VULN_NAMESPACE_H

#include "base/buf.h"
#include "codec/version.h"
#include "model/os.h"
#include "model/package.h"

enum namespace_release { NAMESPACE_RELEASE_NONE, NAMESPACE_RELEASE_MAJOR, NAMESPACE_RELEASE_MINOR };
enum namespace_key { NAMESPACE_KEY_SOURCE, NAMESPACE_KEY_BINARY, NAMESPACE_KEY_BOTH };
enum namespace_version { NAMESPACE_VERSION_SOURCE, NAMESPACE_VERSION_INSTALLED };

struct namespace_rule {
	const char *prefix;
	enum namespace_release release;
	const char *purl_type;
	enum version_scheme scheme;
	enum namespace_key key;
	enum namespace_version version;
	bool lists_unfixed;
	const char *stand_in; /**< prefix; "" when there is none */
	const char *title;
};

/** The rule of "debian:11", "debian" or "npm", or NULL. */
const struct namespace_rule *namespace_find(str name);

/** Whether the rule is a language ecosystem's: its packages carry no distribution. */
bool namespace_is_ecosystem(const struct namespace_rule *r);

/** The ecosystem's rule of a purl type ("npm", "golang"), or NULL for operating-system types and unknown ones. */
const struct namespace_rule *namespace_of_purl_type(str type);

/**
 * The namespace of an operating system: "debian:11", "alpine:3.9" (its repository's branch overrides version_id),
 * "rhel:7" for CentOS 7. A codename serves when there is no version.
 *
 * @param ret_name owned by @p a
 * @return the rule, or NULL when the table has none, the release cannot be told, or the arena is spent
 */
const struct namespace_rule *namespace_of_os(const struct os *os, struct arena *a, str *ret_name);

/** The same release under another prefix ("almalinux:9" for "rhel:9"); the empty span when @p a is spent. */
str namespace_with_prefix(str name, const char *prefix, struct arena *a);

/** The release a codename stands for ("bookworm": "12", "sid": "sid"), without case; the empty span when unknown. */
str namespace_release_of_codename(str prefix, str codename);

/**
 * Appends the package name as claims hold it: PEP 503 for pypi, lower case for composer, nuget, hex, pub and conan,
 * as it is for all others. Composite names come joined: "@scope/name", "group:artifact", "vendor/name".
 */
void namespace_name_normalise(const struct namespace_rule *r, str name, struct buf *out);

/** Appends the normalised name of a package, joining its purl namespace the way the ecosystem writes it. */
void namespace_name_of_package(const struct namespace_rule *r, const struct package *p,
			       struct buf *out);

#endif
