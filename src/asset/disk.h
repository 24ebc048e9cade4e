/** @file
 * What container engines leave on disk before they start a container: where it lies, and reading it.
 *
 * Files written by engines of the host are trusted to be theirs, not to be well-formed. Engines inside containers are asked
 * about their own containers only: a container that plays an engine cannot say anything about its neighbours.
 */
#ifndef SKEP_ASSET_DISK_H
#define SKEP_ASSET_DISK_H

#include "asset/cgroup_path.h"
#include "asset/place.h"
#include "base/err.h"
#include "model/container.h"

struct disk;

/** @param root_fd must outlive the disk; @param data_roots see asset_config */
MUST_CHECK int disk_new(int root_fd, const char *const *data_roots, struct disk **ret,
			struct err *e);
void disk_free(struct disk *d);

/**
 * Looks for engines' folders: those of a plain installation, those named in their configuration, and those that running engines
 * were started with. Unless @p force at most every 50 ms, and less often where it takes long.
 */
void disk_refresh(struct disk *d, bool force);

/** Where engines keep what they know, as of the last refresh. */
const struct places *disk_places(const struct disk *d);

/** What a container is looked up by. */
struct disk_wanted {
	enum container_runtime runtime; /**< OTHER: any */
	const char *id;
	const char *outer; /**< the key of the container around it; empty: none */
	const char *name_space;
	bool strict; /**< containerd's, in this namespace, or nobody's */
};

/**
 * Reads what is there of a container.
 *
 * @param a    owns what @p ret points at
 * @param ret  whole but for cgroup and pod UID of the path; runtime corrected where the files tell
 * @param ret_root  its root folder as the engine made it (a descriptor for names below it), or -1; may be NULL
 * @return 0, 1: but a database changes so fast that image and labels could not be read (ask again), -ENOENT (not there or not yet), -EBADMSG, -E2BIG, -ENOBUFS
 */
MUST_CHECK int disk_find(struct disk *d, const struct disk_wanted *w, struct arena *a,
			 struct container *ret, int *ret_root, struct err *e);

/** Docker of the host was told to make container @p id below this group (--cgroup-parent), whatever that looks like. */
bool disk_is_placed(struct disk *d, const char *id, str group);

#endif
