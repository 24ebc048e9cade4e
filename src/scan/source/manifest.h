/** @file
 * Image indexes, manifests and configurations: OCI image-spec 1.1 and Docker schema 2 JSON documents.
 *
 * Input comes from an archive or a registry and is hostile: shapes are checked, counts bounded by the limits, digests
 * must be sha256. The caller verifies the digest of a document's bytes with manifest_check_digest() before parsing.
 */
#ifndef SKEP_SCAN_SOURCE_MANIFEST_H
#define SKEP_SCAN_SOURCE_MANIFEST_H

#include "base/err.h"
#include "base/limits.h"
#include "codec/value.h"
#include "model/inventory.h"

/** Bytes of one index, manifest or configuration document. */
#define MANIFEST_MAX_BYTES (16 * MIB)

enum manifest_kind {
	MANIFEST_UNKNOWN,
	MANIFEST_INDEX,   /**< OCI index or Docker manifest list */
	MANIFEST_IMAGE,   /**< OCI manifest or Docker schema 2 */
	MANIFEST_SCHEMA1, /**< Docker schema 1, signed or not: refused by callers */
};

struct manifest_descriptor {
	str media_type;
	str digest; /**< "sha256:<64 hex>", checked */
	uint64_t bytes;
	str os, architecture, variant; /**< of an index entry; empty when it names none */
	str ref_name; /**< annotation org.opencontainers.image.ref.name, else containerd's image name; may be empty */
	bool is_attestation; /**< not an image: buildkit attestations and the like */
};

struct manifest {
	enum manifest_kind kind;
	struct manifest_descriptor config; /**< MANIFEST_IMAGE */
	/** layers lowest first, or entries of the index */
	struct manifest_descriptor *descriptors;
	size_t count;
};

struct image_config {
	str os, architecture, variant, created;
	str *diff_ids; /**< lowest first */
	str *created_by; /**< as many: the history's command of each layer; empty when there is none */
	size_t count;
};

/** Checks that @p bytes have the sha256 @p digest. @return 0, or -EPROTO with both digests in the message */
MUST_CHECK int manifest_check_digest(str bytes, str digest, struct err *e);

/**
 * Parses an index or a manifest.
 *
 * @param media_type what the container of the document said it is; may be empty, the document itself decides then
 * @return 0, -EBADMSG, -E2BIG (more layers or entries than l->layers), -ENOBUFS
 */
MUST_CHECK int manifest_parse(str text, str media_type, const struct limits *l, struct arena *a,
			      struct manifest *ret, struct err *e);

/**
 * Chooses the entry of an index for a platform.
 *
 * @param platform "os/arch[/variant]"; NULL: linux and this machine's architecture
 * @return 0, or -ENOENT with the platforms there are in the message. An entry without a platform fits when it is the only one.
 */
MUST_CHECK int manifest_choose(const struct manifest *index, const char *platform,
			       const struct manifest_descriptor **ret, struct err *e);

/** Parses an image configuration. Errors as manifest_parse(). */
MUST_CHECK int image_config_parse(str text, const struct limits *l, struct arena *a,
				  struct image_config *ret, struct err *e);

/** "amd64" or "arm64/v8", owned by @p a. */
str image_config_architecture(const struct image_config *c, struct arena *a);

#endif
