/** @file
 * Where images come from. A source turns a target into an inventory: it finds manifest and configuration, has each
 * layer read once (or taken from the cache) and merges the results.
 */
#ifndef SKEP_SCAN_SOURCE_SOURCE_H
#define SKEP_SCAN_SOURCE_SOURCE_H

#include "base/err.h"
#include "base/limits.h"
#include "model/inventory.h"

/** X(id, scheme, help) : the prefix before ':' in a target, as users know it from other tools */
#define SOURCE_SCHEMES(X) \
	X(AUTO, "", "guess: a file, a folder, an engine, then a registry") \
	X(DOCKER, "docker", "Docker Engine socket") \
	X(PODMAN, "podman", "Podman socket") \
	X(REGISTRY, "registry", "registry, OCI distribution") \
	X(DOCKER_ARCHIVE, "docker-archive", "docker save archive") \
	X(OCI_ARCHIVE, "oci-archive", "OCI layout in a tar") \
	X(OCI_DIR, "oci-dir", "OCI layout folder") \
	X(CONTAINERD, "containerd", "containerd's root folder: FOLDER@DIGEST") \
	X(STORAGE, "containers-storage", "Podman's or CRI-O's folder: FOLDER@IMAGE-ID") \
	X(DIR, "dir", "folder of files") \
	X(SBOM, "sbom", "CycloneDX or SPDX document")

enum source_scheme {
#define SOURCE_ENUM(id, scheme, help) SOURCE_##id,
	SOURCE_SCHEMES(SOURCE_ENUM)
#undef SOURCE_ENUM
};

/** Called now and then from the reading loop; must return quickly. */
struct scan_progress {
	void *ctx;
	/** @p total_bytes is 0 when unknown */
	void (*update)(void *ctx, const char *phase, uint64_t done_bytes, uint64_t total_bytes);
};

struct docker_credential; /* codec/docker_config.h */
struct networks;          /* wire/network.h */

struct scan_options {
	struct limits limits;
	const char *cache_dir; /**< NULL: no cache is read or written */
	const char *platform;  /**< "os/arch[/variant]"; NULL: this machine's */
	unsigned int jobs;     /**< layers read at once; 0: one a processor */
	const char *const *
		skip_dirs; /**< NULL-terminated globs of folders inside the target not looked into; may be NULL */
	const char *const *skip_files;
	struct scan_progress progress;
	bool no_sandbox; /**< tests only: parse in this process */
	/* registry and engine */
	const char *docker_host; /**< NULL: DOCKER_HOST or the default socket */
	const char *podman_host;
	const char *ca_file;       /**< additional certificate authority, PEM */
	const char *docker_config; /**< folder of config.json; NULL: DOCKER_CONFIG or ~/.docker */
	/** for the one registry the target names, instead of docker_config; NULL: that */
	const struct docker_credential *credential;
	const char *const
		*insecure_registries; /**< NULL-terminated host[:port] list; "*" means every one */
	/** addresses registries may be at (wire/reach.h); NULL: all */
	const struct networks *registry_reach;
	unsigned int timeout_s; /**< of one network operation without progress; 0: 30 */
};

/**
 * Reads an image into an inventory.
 *
 * @param target path, reference, or scheme:rest
 * @param a      owns everything below @p ret
 * @return 0 (look at ret->gaps for what was not read), -ENOENT no such target, -EACCES denied, -EBADMSG not an image,
 *         -EPROTO peer broke its protocol, -EHOSTUNREACH/-ETIMEDOUT, -E2BIG, -ENOBUFS
 */
MUST_CHECK int source_read_image(const char *target, const struct scan_options *o, struct arena *a,
				 struct inventory *ret, struct err *e);

/** A folder, or a tar archive of one (plain, gzip, xz, zstd, bzip2), as a root file system. Errors as above. */
MUST_CHECK int source_read_rootfs(const char *path, const struct scan_options *o, struct arena *a,
				  struct inventory *ret, struct err *e);

/** A folder of arbitrary files. Errors as above. */
MUST_CHECK int source_read_fs(const char *path, const struct scan_options *o, struct arena *a,
			      struct inventory *ret, struct err *e);

#endif
