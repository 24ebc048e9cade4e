/** @file
 * A container: which one, from what image, with what powers. What a policy and an alert can say about it.
 */
#ifndef SKEP_MODEL_CONTAINER_H
#define SKEP_MODEL_CONTAINER_H

#include "base/arena.h"
#include "codec/json_out.h"

/** X(ID, "name"): who made it */
#define CONTAINER_RUNTIMES(X) \
	X(HOST, "host") \
	X(DOCKER, "docker") \
	X(CONTAINERD, "containerd") \
	X(CRIO, "cri-o") \
	X(PODMAN, "podman") \
	X(NSPAWN, "systemd-nspawn") \
	X(LXC, "lxc") \
	X(OTHER, "other")

enum container_runtime {
#define CONTAINER_RUNTIME_ENUM(id, name) CONTAINER_##id,
	CONTAINER_RUNTIMES(CONTAINER_RUNTIME_ENUM)
#undef CONTAINER_RUNTIME_ENUM
};

const char *container_runtime_name(enum container_runtime r);

struct container_label {
	str key, value;
};

struct container_mount {
	str source, dest, mode, propagation;
	bool writable;
};

/** The strings: X(field, JSON key). */
#define CONTAINER_FIELDS(X) \
	X(id, "id") /* as the engine writes it, 64 hex digits mostly; "host" for the host */ \
	X(name, "name") \
	X(image, "image") /* as the user asked for it, docker.io/library/nginx:1.25 */ \
	X(image_repository, "imageRepository") \
	X(image_tag, "imageTag") \
	X(image_digest, "imageDigest") /* sha256:..., of the manifest where known */ \
	X(image_id, "imageId")         /* sha256:..., of the configuration */ \
	X(user, "user")                /* as configured */ \
	X(hostname, "hostname") \
	X(pod_name, "podName") \
	X(pod_namespace, "podNamespace") \
	X(pod_uid, "podUid") \
	X(pod_container, "podContainer")     /* the name in the pod's specification */ \
	X(pod_owner, "podOwner")             /* kind/name, where known */ \
	X(healthcheck, "healthcheck")        /* its command, words parted by blanks */ \
	X(liveness_probe, "livenessProbe")   /* of a pod's container: the same */ \
	X(readiness_probe, "readinessProbe") /* the same */ \
	X(pod_sandbox_id, "podSandboxId")    /* the container that holds the pod's namespaces */ \
	X(cgroup_path, "cgroupPath")

/** How much is known about a container. What is not known makes fields UNKNOWN, never false. */
enum container_known {
	CONTAINER_IDENTITY = 1 << 0, /**< runtime and id */
	CONTAINER_METADATA = 1 << 1, /**< name, image, labels, mounts, powers */
	/** Kubernetes' names were looked for (and are there, or there is no pod) */
	CONTAINER_POD = 1 << 2,
	CONTAINER_HEALTHCHECK = 1 << 3, /**< whether it has a health check */
	CONTAINER_PROBES = 1 << 4,      /**< what probes the pod's specification gives it */
};

struct container {
	enum container_runtime runtime;
	uint32_t known; /**< enum container_known */
#define CONTAINER_MEMBER(field, key) str field;
	CONTAINER_FIELDS(CONTAINER_MEMBER)
#undef CONTAINER_MEMBER
	struct container_label *labels;
	size_t label_count;
	struct container_label *pod_labels; /**< the pod's, kept with its sandbox */
	size_t pod_label_count;
	struct container_mount *mounts;
	size_t mount_count;
	bool privileged;
	bool host_pid, host_network, host_ipc;
	bool shared_pid;                 /**< its processes are in another container's namespace */
	bool pod_sandbox;                /**< the pause container that holds a pod's namespaces */
	uint64_t caps;                   /**< bounding set as configured, bit n: capability n */
	uint64_t created_ns, started_ns; /**< CLOCK_REALTIME; 0: not known */
	uint32_t init_pid; /**< first process, in the host's namespace; 0: not known */
	uint32_t
		short_id_bytes; /**< of container_short_id(), where that was kept; 0: it is found out anew */
	uint64_t cgroup_id;
	/** another for each state of each container that was kept, cgroup, init_pid and `known` aside; 0: none was given */
	uint64_t version;
};

/** Writes one object; empty fields are left out. */
void container_render(const struct container *c, struct json_out *j);

/** The first twelve digits of a long hexadecimal id, "host" for the host, the id else: container.id's value. */
str container_short_id(const struct container *c);

#endif
