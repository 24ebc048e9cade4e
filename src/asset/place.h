/** @file
 * Folders where engines keep what they know of their containers.
 *
 * Found three ways: the usual folders, the engines' configuration files, and the arguments of engines that run. An engine in
 * a mount namespace of its own is reached through /proc/PID/root; a caller without the rights for that takes it for one of the host's. One that runs inside a container is asked about
 * that container's own containers only, and not at all from a user namespace of its own: whoever has one may mount file systems
 * that answer never.
 */
#ifndef SKEP_ASSET_PLACE_H
#define SKEP_ASSET_PLACE_H

#include "asset/cgroup_path.h"
#include "base/err.h"

enum place_kind {
	PLACE_DOCKER, /**< dockerd's data root, or its folder of remapped users there: containers/ID/ */
	PLACE_CONTAINERD_STATE, /**< containerd's state: io.containerd.runtime.v2.task/NAMESPACE/ID/ */
	PLACE_CONTAINERD_ROOT, /**< containerd's root: its metadata */
	PLACE_STORAGE,         /**< containers/storage: DRIVER-containers/ID/userdata/ */
	PLACE_BUILDKIT,        /**< executor/ID/ */
	PLACE_KINDS
};

#define PLACE_MAX_PATH 256

struct place {
	enum place_kind kind;
	uint32_t pid;              /**< in this process's root; 0: in the host's */
	char path[PLACE_MAX_PATH]; /**< without the leading '/' */
	char outer[CGROUP_PATH_MAX_ID +
		   1]; /**< the container whose engine keeps it; empty: the host */
};

#define PLACES_MAX 64
/** Of engines in containers: who plays engine there must not crowd out the host's. */
#define PLACES_MAX_NESTED 16
#define PLACES_MAX_SOCKETS 4

struct places {
	struct place list[PLACES_MAX];
	size_t count, nested;
	/** Docker's sockets named in arguments and configuration of engines of the host; absolute */
	char docker_sockets[PLACES_MAX_SOCKETS][PLACE_MAX_PATH];
	size_t socket_count;
};

/** The usual folders, those configured, those of running engines, and @p data_roots as every kind. */
void places_find(int root_fd, const char *const *data_roots, struct places *ret);

/** Opens a place's base folder (O_PATH), below which its path is looked up. @return a descriptor, -errno */
MUST_CHECK int place_open(int root_fd, const struct place *p);

#endif
