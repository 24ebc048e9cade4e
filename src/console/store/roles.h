/** @file
 * Roles: permissions as bits (console/access/permission.def gives them names) and where they hold.
 */
#ifndef SKEP_CONSOLE_STORE_ROLES_H
#define SKEP_CONSOLE_STORE_ROLES_H

#include "console/sql/sql.h"

#define ROLE_NAME_BYTES 64

struct role {
	int64_t id;
	str name; /**< unique */
	str description;
	bool built_in; /**< made by the program: cannot be changed or taken away */
	uint64_t permissions;
	str scope; /**< selectors (store/scope.h), one a line, of which one must hold; empty: everywhere */
	str groups; /**< names of groups of a directory or provider whose members hold it, one a line */
};

/** @return 0, -EEXIST (the name is taken) */
MUST_CHECK int roles_add(struct sql *s, const struct role *r, int64_t *ret, struct err *e);
/** Makes the built-in role called r->name what @p r says; its groups stay as they are. */
MUST_CHECK int roles_put_built_in(struct sql *s, const struct role *r, struct err *e);
/** @return 0, -ENOENT, -EEXIST, -EACCES (a built-in one: only its groups may change) */
MUST_CHECK int roles_change(struct sql *s, const struct role *r, struct err *e);
MUST_CHECK int roles_set_groups(struct sql *s, int64_t id, str groups, struct err *e);
/** @return 0, -ENOENT, -EACCES (built-in) */
MUST_CHECK int roles_delete(struct sql *s, int64_t id, struct err *e);
/** @return 0, -ENOENT, -ENOBUFS */
MUST_CHECK int roles_get(struct sql *s, int64_t id, struct arena *a, struct role *ret,
			 struct err *e);
MUST_CHECK int roles_find(struct sql *s, str name, struct arena *a, struct role *ret,
			  struct err *e);
#define ROLES_MAX 1000
/** All of them, at most ROLES_MAX, in the order of ids. */
MUST_CHECK int roles_list(struct sql *s, struct arena *a, struct role **ret, size_t *ret_count,
			  struct err *e);
/** Those user @p user holds. */
MUST_CHECK int roles_of_user(struct sql *s, int64_t user, struct arena *a, struct role **ret,
			     size_t *ret_count, struct err *e);

#endif
