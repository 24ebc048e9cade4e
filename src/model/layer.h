/** @file
 * What one layer holds: the result of reading it once. Stored by digest, merged later with the layers around it.
 */
#ifndef SKEP_MODEL_LAYER_H
#define SKEP_MODEL_LAYER_H

#include "model/gap.h"
#include "model/os.h"
#include "model/package.h"

/** X(id, name): what a file of interest in a layer is. */
#define EVIDENCE_KINDS(X) \
	X(DPKG_STATUS, "dpkg-status") \
	X(DPKG_FRAGMENT, "dpkg-status.d") \
	X(DPKG_LIST, "dpkg-list") \
	X(APK_INSTALLED, "apk-installed") \
	X(PACMAN_DESC, "pacman-desc") \
	X(RPMDB, "rpmdb") \
	X(RPM_MANIFEST, "rpm-manifest") \
	X(OS_RELEASE, "os-release") \
	X(APK_REPOSITORIES, "apk-repositories") \
	X(CONTENT_MANIFEST, "content-manifest") \
	X(BUILD_DOCKERFILE, "build-dockerfile")

enum evidence_kind {
#define EVIDENCE_ENUM(id, name) EVIDENCE_##id,
	EVIDENCE_KINDS(EVIDENCE_ENUM)
#undef EVIDENCE_ENUM
		EVIDENCE_KIND_COUNT
};

/** One file of a layer that tells something, already parsed. */
struct evidence {
	enum evidence_kind kind;
	str path; /**< inside the image, without leading '/' */
	/** package databases; for DPKG_LIST one nameless-version entry with `owned` */
	struct package_list packages;
	struct os os;     /**< OS_RELEASE (and its relatives), APK_REPOSITORIES */
	str content_sets; /**< CONTENT_MANIFEST, BUILD_DOCKERFILE: see package.h */
};

/** A symbolic link whose path may stand in the way of evidence. */
struct layer_link {
	str path;
	str target; /**< as written: may be absolute, may hold ".." */
};

struct layer {
	str diff_id; /**< "sha256:..." of the tar stream */
	str digest; /**< "sha256:..." of the bytes as stored; equals diff_id when stored uncompressed */
	str media; /**< "tar", "tar+gzip", "tar+zstd", "tar+xz", "tar+bzip2", "folder" */
	uint64_t stored_bytes;
	uint64_t tar_bytes;
	uint64_t entries;
	uint64_t files_analysed;
	struct evidence *evidence;
	size_t evidence_count, evidence_cap;
	str *whiteouts; /**< paths this layer deletes, in no order */
	size_t whiteout_count, whiteout_cap;
	str *opaques; /**< folders whose lower contents this layer hides */
	size_t opaque_count, opaque_cap;
	str *blockers; /**< non-folders at paths that are folders above evidence elsewhere: they hide those too */
	size_t blocker_count, blocker_cap;
	struct layer_link *links;
	size_t link_count, link_cap;
	struct gap_list gaps;

	/* Filled by the source from the image's configuration, not stored with the layer. */
	str created_by; /**< history's command */
	bool from_cache;
};

/** Bumped when the analysers or this format change, so that a stored layer is never read by the wrong version. */
#define LAYER_FORMAT 2

/** Writes the layer as one object, without created_by and from_cache. */
void layer_render(const struct layer *l, struct json_out *j);
/**
 * Reads what layer_render() wrote; the writer may have been a compromised worker: everything is checked.
 * Digests are well-formed (or empty), paths normalised, counts in range. @p text may go.
 * @return 0, -EBADMSG (malformed, or of another LAYER_FORMAT), -E2BIG (a list or string over its bound), -ENOBUFS
 */
MUST_CHECK int layer_parse(str text, struct arena *a, struct layer *ret, struct err *e);

#endif
