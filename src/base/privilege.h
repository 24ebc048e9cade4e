/** @file
 * Gives up what a process needs no more, for good: capabilities (capabilities(7)), places of the file system
 * (landlock(7)) and system calls (seccomp(2)). For programs that go on working afterwards; code that only computes
 * enters base/sandbox.h.
 */
#ifndef SKEP_BASE_PRIVILEGE_H
#define SKEP_BASE_PRIVILEGE_H

#include <linux/capability.h>
#include <sys/types.h>

#include "base/err.h"

#define PRIVILEGE(cap) (1ull << (cap))

/**
 * Keeps those of the capabilities that are both in @p keep and held now, drops all others from every set, and sets
 * no_new_privs: no program started later has more.
 *
 * @param keep PRIVILEGE(CAP_...) ored; 0: none
 * @return 0 or -errno of capset(2) or prctl(2)
 */
MUST_CHECK int privilege_keep(uint64_t keep, struct err *e);

/**
 * From root to another user, for good: no group but @p gid, no capability but those of @p keep. What was to happen when the parent
 * dies (PR_SET_PDEATHSIG) still does, which a change of user would end.
 *
 * @return 0 or -errno
 */
MUST_CHECK int privilege_become(uid_t uid, gid_t gid, uint64_t keep, struct err *e);

/**
 * Whether one of the capabilities is in effect: CAP_... In a user namespace it may have power over less than its name says.
 */
bool privilege_has(int cap);

/** A file or a folder with all below it. */
struct privilege_place {
	const char *path; /**< one that does not exist is passed over */
	bool writable;    /**< files may be made, written, renamed and removed there */
	bool folders;     /**< folders, too */
};

/**
 * From now on nothing of the file system is reached but what is open already and the places named. Kernels without
 * Landlock change nothing.
 *
 * @return 0, also where Landlock is absent; -errno when a ruleset was made and could not be set
 */
MUST_CHECK int privilege_confine(const struct privilege_place *places, size_t count, struct err *e);

#endif
