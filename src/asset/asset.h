/** @file
 * Who runs here: from a control group to the container it is, known before the container's first exec is judged.
 *
 * Identity comes from the cgroup's path at once. Metadata comes first from what engines have on disk before they start a
 * container (OCI bundle, Docker's config.v2.json, ...), read in microseconds; then from the engine's API and event
 * stream, which complete it. Files and answers are bounded; what they say about a container is not trusted to be well-formed.
 * The table has a fixed size: the containers that went longest ago are forgotten first.
 *
 * Not safe for two threads at once. Containers returned, and what they point at, live until the next asset_poll(),
 * asset_scan() or asset_cgroup_*().
 */
#ifndef SKEP_ASSET_ASSET_H
#define SKEP_ASSET_ASSET_H

#include "asset/accounts.h"

struct asset_config {
	/** where the host's files are; NULL: "/". In a container of its own: "/host" */
	const char *root;
	/** as engine_new(), Podman's if it has "podman" in it; NULL: where engines have their sockets; "": do not ask engines */
	const char *docker_host;
	const char *const *
		data_roots; /**< further folders with engines' files, NULL-terminated, beside those found; may be NULL; must outlive the asset */
	bool users; /**< somebody answers what accounts_ask() asks (asset/accounts.h): names of users are wanted */
	size_t max_containers; /**< 0: 4096, those that went included */
};

struct asset;

/** @return 0, -ENOENT (no such root), -ENOMEM, -errno. Absent control groups or engines are no error. */
MUST_CHECK int asset_new(const struct asset_config *c, struct asset **ret, struct err *e);
void asset_free(struct asset *a);

/**
 * Which cgroups the ids of this module are of: where /sys/fs/cgroup is cgroup2, those of the default hierarchy
 * (bpf_get_current_cgroup_id()); else those of one v1 hierarchy, because there engines leave the default one empty. Whoever
 * tells cgroups or asks for them must read the same: task->cgroups->subsys[CONTROLLER_cgrp_id]->cgroup->kn->id.
 */
struct asset_hierarchy {
	const char *controller; /**< "memory", "pids", ...: NULL: the default hierarchy */
	/** the kernel's number of the hierarchy (cgroup->root->hierarchy_id); 0: the default one */
	uint32_t number;
};
void asset_hierarchy(const struct asset *a, struct asset_hierarchy *ret);

/**
 * Learns every cgroup there is, and their containers. For the start and after a loss.
 * @return how many containers run, -E2BIG (more than 200,000 cgroups: the first are known), -errno
 */
MUST_CHECK int asset_scan(struct asset *a, struct err *e);
/** Since the last scan an engine told of a container that runs and whose cgroup is not known. */
bool asset_has_missed(const struct asset *a);

/**
 * A cgroup came to be. Never blocks for longer than reading a few small files takes.
 * @param path below its hierarchy's root
 * @return the container, or the host; NULL when it is a container whose files are not there yet: ask asset_find() again
 */
const struct container *asset_cgroup_made(struct asset *a, uint64_t cgroup_id, str path);
void asset_cgroup_gone(struct asset *a, uint64_t cgroup_id);

/**
 * The container of a cgroup. Containers that went stay known for a while. A living cgroup never told is looked up in
 * the kernel, and what is missing of a new container is looked for again, at most every 2 ms.
 *
 * @return NULL: it was never seen, or it is a container that began less than 100 ms ago and whose files are not there yet.
 *         The caller holds the event. After that time the container with what is known of it (container.known)
 */
const struct container *asset_find(struct asset *a, uint64_t cgroup_id);
/** The host as a container: id "host". */
const struct container *asset_host(const struct asset *a);

/** The cgroup of a process, from /proc. @return 0, -ESRCH, -errno */
MUST_CHECK int asset_cgroup_of(struct asset *a, uint32_t pid, uint64_t *ret, struct err *e);

/** Readable when there is something to take with asset_poll(). */
int asset_fd(const struct asset *a);
/**
 * Takes what engines say; connects again to those that went away. Tells each container whose metadata became
 * known or that started or stopped, by cgroup or by engine. Never blocks. Call it at least every second.
 */
typedef void (*asset_handler)(void *ctx, const struct container *c, bool started, bool stopped);
MUST_CHECK int asset_poll(struct asset *a, asset_handler on_change, void *ctx, struct err *e);

/** Where the engines that are followed answer (asset/engine_sockets.h). */
const struct engine_sockets *asset_engine_sockets(const struct asset *a);

/** Every engine that answers has told all its containers. */
bool asset_settled(const struct asset *a);

/** Every container that runs, in no order. */
void asset_each(struct asset *a, void (*fn)(void *ctx, const struct container *c), void *ctx);

/** What is asked about a user or a group. */
struct asset_account {
	const struct container *container;
	/** processes that were seen in it, to find its files by beside its first; 0: none */
	uint32_t pids[2];
	enum account_part part;
	uint32_t number; /**< as the host calls it */
};

/**
 * A user or group, by a container's own files (asset/accounts.h). Never waits: what is not known yet is asked for.
 * @param ret         lives until the next call
 * @param ret_pending not 0: files are being looked at, and asking again when accounts_over() tells this may bring more
 */
enum policy_state asset_account(struct asset *a, const struct asset_account *q, str *ret,
				uint64_t *ret_pending);
/** Whoever reads users' files takes questions and gives answers there. */
struct accounts *asset_accounts(struct asset *a);

/** A process of a container that runs: the first, where it is known, else one of its control group; 0: none is known. */
uint32_t asset_process_of(const struct asset *a, const struct container *c);

struct asset_stats {
	size_t containers, cgroups, evicted;
	size_t unknown; /**< cgroups that look like containers and whose files were not found */
	size_t cut;     /**< containers with more labels or mounts than are kept */
	unsigned int engines; /**< engines answering now */
	uint64_t engine_errors;
};
void asset_stats(const struct asset *a, struct asset_stats *ret);

#endif
