/** @file
 * The volume that what is mounted into a container lies in, as its place on the host tells: where the kubelet, Docker, Podman
 * and nerdctl keep volumes. For engines nobody asks.
 *
 * Kubernetes: ROOT/pods/UID/volumes/PLUGIN/NAME, where PLUGIN has '~' for '/', and ROOT/pods/UID/volume-subpaths/NAME
 * (pkg/kubelet/config/defaults.go). Docker, Podman: .../volumes/NAME/_data; nerdctl: .../volumes/NAMESPACE/NAME/_data.
 */
#ifndef SKEP_ASSET_MOUNT_VOLUME_H
#define SKEP_ASSET_MOUNT_VOLUME_H

#include "model/container.h"

struct mount_volume {
	str id; /**< as doc/formats/agent-protocol.md has it: "kubernetes/POD-UID/NAME", "docker/NAME" */
	str name;
	str driver; /**< "local", "kubernetes.io/csi"; empty: the place does not tell */
	str at;     /**< the volume's folder, of @p source */
};

/**
 * @param source as the engine tells it
 * @return 0, -ENOENT: of no volume, -ENOBUFS
 */
MUST_CHECK int mount_volume(enum container_runtime runtime, str source, struct arena *a,
			    struct mount_volume *ret);

#endif
