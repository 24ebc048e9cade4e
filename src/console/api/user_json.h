/** @file
 * Users, roles and permissions as the API tells them, and role names as it takes them.
 */
#ifndef SKEP_CONSOLE_API_USER_JSON_H
#define SKEP_CONSOLE_API_USER_JSON_H

#include "console/api/call.h"
#include "console/store/roles.h"
#include "console/store/users.h"

/** All roles, for their names. */
struct role_names {
	struct role *roles;
	size_t count;
};

/** @return 0, -ENOBUFS, or the store's */
MUST_CHECK int role_names_read(struct call *c, struct role_names *ret, struct err *e);

/** Writes a User. */
void user_json(struct json_out *j, const struct user *u, const struct role_names *names);
/** A User for the audit log, in the call's arena; a NULL pointer when memory is gone. */
str user_audit(struct call *c, const struct user *u, const struct role_names *names);
/** Writes an array of names of permissions. */
void permissions_json(struct json_out *j, const char *key, uint64_t permissions);

/** The texts of a list. @return 0, -ENOBUFS */
MUST_CHECK int texts_read(struct call *c, const struct value *list, str **ret, size_t *ret_count,
			  struct err *e);
/** The bits a list of names stands for. @return 0, -EINVAL: one is no permission */
MUST_CHECK int permissions_read(const struct value *list, uint64_t *ret, struct err *e);
/** The id a cursor holds; 0 of the first page. @return 0, -EINVAL */
MUST_CHECK int cursor_read(str cursor, int64_t *ret, struct err *e);
/** Ends a page whose last item is @p last: there may be more when it was full. @return 0, -ENOBUFS */
MUST_CHECK int cursor_close(struct call *c, size_t count, int64_t last, struct err *e);

#endif
