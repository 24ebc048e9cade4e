/** @file
 * The one cgroup hierarchy the agent follows, and the way between a cgroup's id and its path.
 *
 * Where cgroup2 is mounted on /sys/fs/cgroup it is that; engines decide by the same test. Else engines place containers in
 * v1 hierarchies, and the v2 tree beside them (/sys/fs/cgroup/unified) has them all in its root: then it is the hierarchy of the
 * first v1 controller of memory, pids, cpu, devices that is mounted. (doc/decisions/0009 says more.)
 *
 * A cgroup's id is its kernfs node's, the same as its folder's inode number and as what BPF programs read.
 */
#ifndef SKEP_ASSET_HIERARCHY_H
#define SKEP_ASSET_HIERARCHY_H

#include "base/buf.h"
#include "base/err.h"

#define HIERARCHY_MAX_CGROUPS 200000

struct hierarchy {
	int fd;                 /**< the folder of its root; -1: there is none here */
	const char *controller; /**< NULL: cgroup v2 */
	uint32_t number;        /**< as in the first field of /proc/PID/cgroup; 0: v2 */
};

/** @param root_fd the host's root folder. @return 0, -ENOENT: no cgroup file system, -errno */
MUST_CHECK int hierarchy_open(int root_fd, struct hierarchy *ret, struct err *e);
void hierarchy_done(struct hierarchy *h);

/** The id of the cgroup at @p path. @return 0, -ENOENT, -errno */
MUST_CHECK int hierarchy_id(const struct hierarchy *h, str path, uint64_t *ret);

/**
 * The path of a living cgroup (open_by_handle_at(2), for which CAP_DAC_READ_SEARCH is needed).
 * @param ret is appended to
 * @return 0, -ESTALE or -ENOENT: there is no such, -errno
 */
MUST_CHECK int hierarchy_path(const struct hierarchy *h, uint64_t id, struct buf *ret);

/**
 * The path in one hierarchy, in the text of /proc/PID/cgroup (cgroups(7)).
 * @param controller of v1; NULL: v2
 * @return of @p text; p NULL: it has no such line
 */
str hierarchy_path_in(str text, const char *controller);

/** The path of a process's cgroup, from /proc. @return 0, -ESRCH, -EBADMSG, -errno */
MUST_CHECK int hierarchy_of_process(const struct hierarchy *h, int root_fd, uint32_t pid,
				    struct buf *ret, struct err *e);

/**
 * A process of the cgroup at @p path, or of the one called "container" in it, where some runtimes put all that a container runs.
 * @return 0, -ENOENT: no cgroup or nobody in it, -errno
 */
MUST_CHECK int hierarchy_process(const struct hierarchy *h, str path, uint32_t *ret);

/** Tells every cgroup, parents before children. @return 0, -E2BIG: more than HIERARCHY_MAX_CGROUPS, -ENOMEM, -errno */
MUST_CHECK int hierarchy_walk(const struct hierarchy *h,
			      void (*fn)(void *ctx, uint64_t id, str path), void *ctx,
			      struct err *e);

#endif
