/** @file
 * A control group for whoever reads images: together they get half a processor and 2 GiB, however many they become.
 *
 * It is made below the agent's own group, where the agent may: with cgroup v1 in the hierarchies of cpu and memory; with v2 where
 * the agent's group is its own (systemd's Delegate=), whose processes then move to a group `agent` beside `scanner`, because
 * in v2 only leaves have processes (Documentation/admin-guide/cgroup-v2.rst). Nothing is made where others' processes live.
 */
#ifndef SKEP_PROG_AGENT_SCAN_CGROUP_H
#define SKEP_PROG_AGENT_SCAN_CGROUP_H

#include <limits.h>

#include "base/err.h"

struct scan_cgroup {
	int procs[2]; /**< cgroup.procs to write to */
	char folders[2][PATH_MAX];
	size_t count; /**< 0: there is none */
};

/**
 * Makes it, or takes the one an earlier life of the agent made.
 *
 * @param mount      where cgroup file systems are mounted: "/sys/fs/cgroup"
 * @param own        this process's groups, as in /proc/self/cgroup
 * @param supervisor the process whose children are the agent's
 * @return 0, -EBUSY others live in the agent's group, -ENOENT no such controller, or the errno of the kernel's no
 */
MUST_CHECK int scan_cgroup_make(const char *mount, const char *own, pid_t supervisor,
				struct scan_cgroup *ret, struct err *e);
/** Puts this process, and whom it starts from here on, under the limits. @return 0, -errno */
MUST_CHECK int scan_cgroup_enter(const struct scan_cgroup *g);
/** Removes it. Whoever was in it has been ended: the last to go are waited for, a second at most. */
void scan_cgroup_remove(struct scan_cgroup *g);

#endif
