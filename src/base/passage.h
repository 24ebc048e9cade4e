/** @file
 * A way for a user without rights to folders that lie where only root or their owner may go: below /root, below a home.
 *
 * In a mount namespace of its own (mount_namespaces(7)) the process sees, in place of the outermost folder that the user may not
 * pass, an empty one with nothing in it but ways to the folders named, each under the name it had. Nothing of it is seen by
 * other processes, and what the folders themselves forbid stays forbidden.
 */
#ifndef SKEP_BASE_PASSAGE_H
#define SKEP_BASE_PASSAGE_H

#include <sys/types.h>

#include "base/err.h"

#define PASSAGE_MAX_FOLDERS 8

/**
 * To be called as root, before the process becomes the user. Changes nothing where the user may go to all of them.
 *
 * @param folders absolute; those that do not exist are passed over
 * @param count   at most PASSAGE_MAX_FOLDERS
 * @return 0, -errno of unshare(2), mount(2) or a file
 */
MUST_CHECK int passage_open(const char *const *folders, size_t count, uid_t uid, gid_t gid,
			    struct err *e);

#endif
