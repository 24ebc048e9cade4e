/** @file
 * A package: something installed that an advisory can name.
 */
#ifndef SKEP_MODEL_PACKAGE_H
#define SKEP_MODEL_PACKAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/json_out.h"
#include "codec/value.h"

/**
 * The string fields of a package: X(field, JSON key). Struct, JSON in and JSON out come from these lines.
 *
 * type            purl type: deb, apk, rpm, alpm, npm, pypi, golang, cargo, gem, maven, composer, nuget, ...
 * namespace       purl namespace: the distribution's id (debian, alpine, rhel), a Maven group, an npm scope with '@'
 * name            never empty
 * version         never empty, as the scheme compares it: [epoch:]version-release for deb and rpm
 * arch            as the package manager writes it; empty when it has none
 * source_name     source package (apk: origin); equals name when the database has none
 * source_version  version of the source package; for rpm from the file name of the source rpm, hence without epoch
 * module          rpm modularity label "name:stream:version:context[:arch]"
 * vendor          rpm Vendor tag, dpkg Origin or Maintainer: tells third-party packages apart
 * license         as written in the database
 * db_path         where it was found, path inside the image without leading '/'
 */
#define PACKAGE_FIELDS(X) \
	X(type, "type") \
	X(namespace, "namespace") \
	X(name, "name") \
	X(version, "version") \
	X(arch, "arch") \
	X(source_name, "sourceName") \
	X(source_version, "sourceVersion") \
	X(module, "module") \
	X(vendor, "vendor") \
	X(license, "license") \
	X(db_path, "path")

/** "nvr:ubi8-container-8.0-122-x86_64" among content sets is a build: name, version, release, architecture. */
#define PACKAGE_BUILD_WORD "nvr:"

struct package {
#define PACKAGE_MEMBER(field, key) str field;
	PACKAGE_FIELDS(PACKAGE_MEMBER)
#undef PACKAGE_MEMBER
	uint32_t line;    /**< 1-based line in db_path, 0 when it has no lines */
	uint32_t layer;   /**< index into the inventory's layers of the one that brought it */
	bool third_party; /**< not from the distribution: its advisories do not apply */
	str purl;         /**< canonical; filled by the merge and by SBOM readers */
	/**
	 * Space-separated Red Hat repositories it may come from, or, where its layer names none, the build of the layer
	 * behind PACKAGE_BUILD_WORD; mostly empty.
	 */
	str content_sets;
	str owned; /**< little-endian u64 path hashes, ascending, of the files it owns: see package_owns() */
};

struct package_list {
	struct package *items;
	size_t count, cap;
};

#define PACKAGE_LIST_MAX 1000000

/** Writes an array of objects; empty fields are left out. `layer` is written only when @p with_layer. */
void package_list_render(const struct package_list *l, struct json_out *j, bool with_layer);
/**
 * Reads an array (an absent one, NULL, is empty); strings are copied into @p a. Unknown keys are ignored.
 * @param needs_version false where entries only tell who owns which files
 * @return 0, -EBADMSG (no type, name or version; a field of the wrong kind), -E2BIG (a string over 64 KiB, more than
 *         PACKAGE_LIST_MAX packages), -ENOBUFS
 */
MUST_CHECK int package_list_parse(const struct value *v, bool needs_version, struct arena *a,
				  struct package_list *ret, struct err *e);

/** The hash `owned` holds for a path, written without leading '/'. */
uint64_t package_path_hash(str path);
/** Whether @p p owns @p path (without leading '/'); false positives are as rare as 64-bit collisions. */
bool package_owns(const struct package *p, str path);
/** Makes `owned` of @p count hashes, which are sorted in place. @return 0 or -ENOBUFS */
MUST_CHECK int package_set_owned(struct package *p, uint64_t *hashes, size_t count,
				 struct arena *a);

#endif
