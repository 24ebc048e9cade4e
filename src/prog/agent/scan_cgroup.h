/** @file
 * A control group for whoever reads images: together they get half a processor and 2 GiB, however many they become.
 *
 * It is made below the agent's own group, where the agent may: with cgroup v1 in the hierarchies of cpu and memory; with v2 where
 * the agent's group is its own (systemd's Delegate=), whose processes then move to a group `agent` beside it, because
 * in v2 only leaves have processes (Documentation/admin-guide/cgroup-v2.rst). Nothing is made where others' processes live.
 *
 * Each agent of a host has its own, which its state folder names. Whoever owns one holds a lock on its folder (flock(2)), which ends with
 * the process: so nobody takes away what another lives by, and what an agent that was killed left behind goes when the next one starts.
 */
#ifndef SKEP_PROG_AGENT_SCAN_CGROUP_H
#define SKEP_PROG_AGENT_SCAN_CGROUP_H

#include <limits.h>

#include "base/err.h"

#define SCAN_CGROUP_NAME "skep-scanner-"

struct scan_cgroup {
	int procs[2]; /**< cgroup.procs to write to */
	int locks[2]; /**< for the owner alone: who reads must not keep them */
	char folders[2][PATH_MAX];
	size_t count; /**< 0: there is none */
};

/**
 * Makes it, or takes the one an earlier life of the agent made; those beside it that nobody owns are removed.
 *
 * @param mount      where cgroup file systems are mounted: "/sys/fs/cgroup"
 * @param own        this process's groups, as in /proc/self/cgroup
 * @param supervisor the process whose children are the agent's
 * @param name       begins with SCAN_CGROUP_NAME
 * @return 0, -EBUSY others live in the agent's group or another owns one of this name, -ENOENT no such controller, or the errno of the kernel's no
 */
MUST_CHECK int scan_cgroup_make(const char *mount, const char *own, pid_t supervisor,
				const char *name, struct scan_cgroup *ret, struct err *e);
/**
 * Makes the one of this agent, whose supervisor calls it before it starts a part: who is privileged may remove it again, wherever it lies.
 * @param state the state folder, made when it is missing
 * @return as scan_cgroup_make(), or -errno of the folder
 */
MUST_CHECK int scan_cgroup_open(const char *state, struct scan_cgroup *ret, struct err *e);
/** Puts this process, and whom it starts from here on, under the limits. @return 0, -errno */
MUST_CHECK int scan_cgroup_enter(const struct scan_cgroup *g);
/** Removes it. Whoever was in it has been ended: the last to go are waited for, a second at most. */
void scan_cgroup_remove(struct scan_cgroup *g);

#endif
