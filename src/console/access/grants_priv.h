/** @file
 * What a user's roles come to.
 */
#ifndef SKEP_CONSOLE_ACCESS_GRANTS_PRIV_H
#define SKEP_CONSOLE_ACCESS_GRANTS_PRIV_H

#include "console/access/access.h"
#include "console/access/caller.h"
#include "console/store/roles.h"

/**
 * Fills name, grants, permissions and must_change_password of @p c.
 *
 * @param mask permissions beyond these are left out
 * @return 0, -ENOENT (no such user, or a disabled one), -ENOBUFS, or the store's
 */
MUST_CHECK int grants_of_user(struct access *a, struct sql *s, int64_t user, uint64_t mask,
			      int64_t now_ns, struct arena *arena, struct caller *c, struct err *e);

#endif
