/** @file
 * The networks that containers join by plugins (CNI: containerd, CRI-O, nerdctl, Kubernetes), from what lies on disk: lists of
 * plugins in /etc/cni/net.d, and for each container that joined one what libcni keeps in /var/lib/cni/results. Also the
 * networks Podman keeps for netavark in /etc/containers/networks.
 *
 * Specification: CNI 1.0.0 (section 1, network configuration format); libcni/api.go (cniCacheV1); containers/common
 * libnetwork/types/network.go. Files are bounded and not trusted to be well-formed: what is no network is as if absent.
 */
#ifndef SKEP_ASSET_CNI_H
#define SKEP_ASSET_CNI_H

#include "base/arena.h"
#include "base/err.h"

#define CNI_NETWORKS_MAX 256
#define CNI_SUBNETS_MAX 16
#define CNI_MEMBERS_MAX 4096 /**< of a network */

struct cni_network {
	const char *engine; /**< "cni", "podman" */
	str id;             /**< of that engine: a name, or a number */
	str name;
	str driver; /**< the first plugin; empty: not known */
	str subnets[CNI_SUBNETS_MAX];
	size_t subnet_count;
	/** containers as whoever joined them named them: a pod's sandbox, "NAMESPACE-ID" */
	str *members;
	size_t member_count, member_cap;
};

struct cni_networks {
	struct cni_network *items;
	size_t count, cap;
};

/** Takes a list of plugins, or one plugin alone. @return 0, also of what is none, -ENOBUFS */
MUST_CHECK int cni_take_config(str text, struct arena *a, struct cni_networks *n);
/** Takes a network of netavark's. @return as cni_take_config() */
MUST_CHECK int cni_take_netavark(str text, struct arena *a, struct cni_networks *n);
/** Takes what is kept of one container's joining. @return as cni_take_config() */
MUST_CHECK int cni_take_result(str text, struct arena *a, struct cni_networks *n);

/** Reads them all. @param root_fd the host's root folder. @return 0, -ENOBUFS */
MUST_CHECK int cni_read(int root_fd, struct arena *a, struct cni_networks *ret, struct err *e);

#endif
