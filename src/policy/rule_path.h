/** @file
 * Which rule files are meant: named ones, folders of them, and those that ship with the program.
 */
#ifndef SKEP_POLICY_RULE_PATH_H
#define SKEP_POLICY_RULE_PATH_H

#include "base/arena.h"
#include "base/err.h"

#define RULE_PATH_MAX_FILES 1000
#define RULE_PATH_MAX_BYTES ((uint64_t)16 << 20) /**< of one file */

/**
 * Turns names into files, in order: a file as it is; a folder as its *.yaml and *.yml, by name; "default" (and no names at all)
 * as the rules that ship (base/shipped.h).
 *
 * @param a owns what is returned
 * @return 0, -ENOENT (no such file; a folder without rules), -EINVAL (something in a folder that is called as rules are and is
 *         no file), -E2BIG, -errno, -ENOBUFS
 */
MUST_CHECK int rule_path_collect(const char *const *names, size_t count, struct arena *a,
				 const char ***ret, size_t *ret_count, struct err *e);

#endif
