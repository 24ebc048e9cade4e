/** @file
 * The inventory of a target: its identity, its operating system, its packages, each with the layer that brought it.
 *
 * This is what is kept of an image: a new advisory is matched against stored inventories and nothing is read again.
 */
#ifndef SKEP_MODEL_INVENTORY_H
#define SKEP_MODEL_INVENTORY_H

#include "model/gap.h"
#include "model/layer.h"
#include "model/os.h"
#include "model/package.h"

/** X(id, name) */
#define TARGET_KINDS(X) \
	X(IMAGE, "image") \
	X(ROOTFS, "rootfs") \
	X(FILESYSTEM, "fs") \
	X(SBOM, "sbom")

enum target_kind {
#define TARGET_ENUM(id, name) TARGET_##id,
	TARGET_KINDS(TARGET_ENUM)
#undef TARGET_ENUM
		TARGET_KIND_COUNT
};

struct inventory_layer {
	str digest; /**< as stored or transferred */
	str diff_id;
	str created_by;
	uint64_t stored_bytes, tar_bytes, entries, files_analysed;
	bool from_cache;
	bool missing; /**< it could not be read: a gap says why */
};

struct inventory {
	enum target_kind kind;
	str name; /**< as the user wrote it */
	str source; /**< docker-archive, oci-archive, oci-dir, registry, docker, podman, rootfs, dir, sbom */
	str image_id;        /**< digest of the configuration; empty for file systems */
	str manifest_digest; /**< digest of the manifest when the source has one */
	str *repo_tags;
	size_t repo_tag_count;
	str architecture; /**< amd64, arm64/v8, ... */
	str platform_os;  /**< linux, ... */
	str created;      /**< RFC 3339, as in the configuration */
	struct os os;
	struct package_list packages; /**< sorted by type, name, version, arch */
	struct inventory_layer *layers;
	size_t layer_count;
	struct gap_list gaps;
};

/** Writes the inventory as one object. */
void inventory_render(const struct inventory *v, struct json_out *j);
/**
 * Reads what inventory_render() wrote and checks everything; strings are copied into @p a.
 * @return 0, -EBADMSG (with what is wrong), -E2BIG (a list or string over its bound), -ENOBUFS
 */
MUST_CHECK int inventory_parse(const struct value *v, struct arena *a, struct inventory *ret,
			       struct err *e);

const char *target_kind_name(enum target_kind k);

#endif
