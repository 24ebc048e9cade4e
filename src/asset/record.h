/** @file
 * What engines' documents say of a container: Docker's (its own files and its API), OCI runtime bundles
 * (runtime-spec config.json, with the annotations of containerd's CRI, CRI-O, Podman and nerdctl), and the list containers/storage keeps.
 *
 * Pure: value trees in, a container out. Documents are not trusted to be well-formed: what has another type than it should is
 * as if absent; counts are bounded.
 */
#ifndef SKEP_ASSET_RECORD_H
#define SKEP_ASSET_RECORD_H

#include "base/err.h"
#include "codec/value.h"
#include "model/container.h"

#define RECORD_MAX_LABELS 256
#define RECORD_MAX_MOUNTS 256

/**
 * Reads Docker's description: config.v2.json with hostconfig.json, or the API's inspect, which has both in one.
 *
 * @param host NULL: the member HostConfig of @p config
 * @param a    owns what is made; strings may also point into the trees
 * @return 0, -EBADMSG (no object, or no id), -ENOBUFS
 */
MUST_CHECK int record_docker(const struct value *config, const struct value *host, struct arena *a,
			     struct container *ret, struct err *e);

/** Namespaces a bundle wants its container to enter; empty: a new one, "host": the engine's own. */
struct record_namespaces {
	str pid, network, ipc;
};

/**
 * Reads an OCI bundle's config.json. The id is not in it.
 * @param ns where its namespaces are, so that the caller can compare them with the host's
 */
MUST_CHECK int record_oci(const struct value *config, struct arena *a, struct container *ret,
			  struct record_namespaces *ns, struct err *e);

/**
 * Completes name, image and creation from an entry of containers/storage's containers.json (Podman, CRI-O).
 * @return 0, -ENOENT: the list has no container @p id
 */
MUST_CHECK int record_storage(const struct value *list, str id, struct arena *a,
			      struct container *ret);

/** Completes a container from Podman's own configuration of it. @return 0, -ENOBUFS */
MUST_CHECK int record_podman(const struct value *config, struct arena *a, struct container *c,
			     struct err *e);

/** Takes one label; kubelet's and nerdctl's also name the container and its pod. @return 0, -ENOBUFS, -E2BIG: enough of them */
MUST_CHECK int record_label(struct container *c, struct arena *a, str key, str value);

/** The digest under which @p image_id was pulled, from Docker's repositories.json; names an image known by id alone. */
void record_docker_repositories(const struct value *repositories, struct arena *a,
				struct container *c);

/**
 * Splits container.image into repository (with its registry), tag and digest, those already known excepted.
 * An image that is no reference (an id, or the first digits of image_id) has none.
 */
void record_split_image(struct container *c, struct arena *a);

/** What an engine's answer leaves open its files may have said before. */
void record_join(struct container *c, const struct container *before);

#endif
