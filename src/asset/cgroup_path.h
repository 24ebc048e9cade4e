/** @file
 * What a control group's path says: which engine made it, which container it is, which pod it belongs to.
 *
 * Covers cgroup v1 and v2 and both ways engines place containers: "cgroupfs" (/docker/ID) and "systemd"
 * (docker-ID.scope below a slice). Paths come from the kernel, yet a container with rights over its own subtree chooses the
 * names in it: nothing here is trusted beyond what it says about that subtree, hence `key`. Of nested containers the innermost
 * counts; whether it is one is for others to find out.
 * No allocation, no I/O.
 */
#ifndef SKEP_ASSET_CGROUP_PATH_H
#define SKEP_ASSET_CGROUP_PATH_H

#include "base/str.h"
#include "model/container.h"

#define CGROUP_PATH_MAX_ID 128
/** Containers around a container; what is deeper belongs to the deepest of these. */
#define CGROUP_PATH_MAX_OUTER 3
#define CGROUP_PATH_KEY_BYTES ((CGROUP_PATH_MAX_ID + 1) * (CGROUP_PATH_MAX_OUTER + 1))
#define CGROUP_PATH_POD_UID 36

enum cgroup_path_kind {
	CGROUP_PATH_HOST,      /**< of no container; pods' own groups and engines' helpers too */
	CGROUP_PATH_CONTAINER, /**< a container's group or one below it */
	/**
	 * /A/B: containerd's container B of namespace A if it has such a one; /libpod_parent/ID: Docker's container if that was told to
	 * make it there; else the host
	 */
	CGROUP_PATH_MAYBE,
};

struct cgroup_path {
	enum cgroup_path_kind kind;
	enum container_runtime runtime; /**< OTHER: the path does not say which engine */
	str container; /**< the part of the path that is the container's own group; the whole path for the host */
	str name_space; /**< containerd's namespace, where the path tells it; points into the path */
	char id[CGROUP_PATH_MAX_ID +
		1]; /**< [A-Za-z0-9._-], never "." or ".."; empty for the host */
	char key[CGROUP_PATH_KEY_BYTES]; /**< ids of the containers around it, outermost first, and its own, parted by '/' */
	char outer
		[CGROUP_PATH_KEY_BYTES]; /**< the key of the container around this one; empty: none */
	str outer_container;             /**< and its part of the path */
	char pod_uid[CGROUP_PATH_POD_UID +
		     1]; /**< as Kubernetes writes it, with '-'; empty: in no pod */
};

/**
 * Reads a path below its hierarchy's root. Cannot fail: what is not understood is the host's.
 * @param path must outlive the spans in @p ret
 */
void cgroup_path_parse(str path, struct cgroup_path *ret);

#endif
