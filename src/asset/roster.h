/** @file
 * Who is here: containers by key and cgroups by id, in memory of a fixed size.
 *
 * Both tables are filled by what kernel and engines tell, so both are bounded: what went longest ago is forgotten first, then
 * host cgroups, then what has lived longest. Of those that went a quarter of the table at most is remembered. Forgotten means not known, never wrong: a cgroup of a forgotten container
 * leads nowhere.
 */
#ifndef SKEP_ASSET_ROSTER_H
#define SKEP_ASSET_ROSTER_H

#include "asset/cgroup_path.h"
#include "base/err.h"
#include "model/container.h"

/** Bytes of metadata one container may hold; what does not fit (labels and mounts last) is left out. */
#define ROSTER_MAX_BYTES (32u << 10)
/** Of all containers together: this many for each the roster has room for. */
#define ROSTER_MEAN_BYTES (4u << 10)

struct roster_entry {
	struct container c;
	char *key;   /**< owned; its own: two containers may have one id, in different containers */
	char *outer; /**< owned; of the container around it; NULL: none */
	char pod_uid[CGROUP_PATH_POD_UID + 1];
	char name_space[64]; /**< containerd's, as the path tells it */
	bool used, gone;
	bool started, stopped, changed;      /**< to be told */
	bool missed;                         /**< counted as one whose files were not found */
	uint64_t first_seen_ns, next_try_ns; /**< CLOCK_MONOTONIC */
	uint64_t begun_ns; /**< CLOCK_REALTIME when this run of it began; 0: before we looked */
	uint32_t tries;
	uint32_t generation;
	uint32_t next_of_hash, newer, older;
	void *block; /**< what c's spans and arrays point into */
	size_t block_bytes;
};

struct roster;

/** @return 0, -ENOMEM, -errno of getrandom(2) */
MUST_CHECK int roster_new(size_t max_containers, struct roster **ret, struct err *e);
void roster_free(struct roster *r);

/** @param key as cgroup_path.key */
struct roster_entry *roster_find(struct roster *r, str key);
/**
 * Finds or makes; an unused or the longest gone entry is taken.
 * @param outer the key of the container around it; empty: none
 * @return NULL: no memory
 */
struct roster_entry *roster_at(struct roster *r, str key, str outer);
/** It stopped: it may be forgotten from now on. */
void roster_gone(struct roster *r, struct roster_entry *entry);
/** It runs (again). */
void roster_back(struct roster *r, struct roster_entry *entry);

/**
 * Replaces what is known about a container by a copy of @p c; id and cgroup stay.
 * What the entry held before lives until roster_sweep().
 * @return 0, -ENOBUFS: the budget of all containers is spent, the entry stays as it was; -ENOMEM
 */
MUST_CHECK int roster_fill(struct roster *r, struct roster_entry *entry, const struct container *c);
void roster_sweep(struct roster *r);

enum roster_owner { ROSTER_NOBODY, ROSTER_HOST, ROSTER_CONTAINER };

/** @param cgroup_id 0 is none, and passed over. @param entry NULL: the host */
void roster_set_cgroup(struct roster *r, uint64_t cgroup_id, struct roster_entry *entry);
/** The cgroup went; its owner stays known for a while. */
void roster_drop_cgroup(struct roster *r, uint64_t cgroup_id);
/** @param ret set for ROSTER_CONTAINER */
enum roster_owner roster_owner(struct roster *r, uint64_t cgroup_id, struct roster_entry **ret);

/** Walks the entries that are used, those gone included. */
struct roster_entry *roster_next(struct roster *r, struct roster_entry *after);

struct roster_stats {
	size_t containers, gone, cgroups, evicted, bytes;
	size_t cut; /**< containers some of whose labels or mounts did not fit */
};
void roster_stats(const struct roster *r, struct roster_stats *ret);

#endif
