/** @file
 * What a control group used so far, from the files the kernel keeps for it: cpu.stat and pids.current of cgroup v2,
 * cpuacct.usage and pids.current of v1, where engines give a container the same path in each hierarchy.
 *
 * Reads the kernel's files only; never blocks.
 */
#ifndef SKEP_ASSET_FIGURES_H
#define SKEP_ASSET_FIGURES_H

#include "base/err.h"
#include "base/str.h"

struct figures_source;

struct figures {
	uint64_t cpu_ns;  /**< processor time so far */
	uint32_t threads; /**< now; 0 where nothing counts them */
};

/**
 * @param root the host's root folder; NULL: "/"
 * @return 0, -ENOENT: no such root, or nothing counts processor time, -ENOMEM, -errno
 */
MUST_CHECK int figures_new(const char *root, struct figures_source **ret, struct err *e);
void figures_free(struct figures_source *s);

/**
 * @param cgroup below its hierarchy's root
 * @return 0, -ENOENT: it is gone, -EBADMSG: not what the kernel writes, -ENOMEM, -errno
 */
MUST_CHECK int figures_read(const struct figures_source *s, str cgroup, struct figures *ret);

#endif
