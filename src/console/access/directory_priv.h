/** @file
 * From somebody a directory or a provider vouches for to a user of ours.
 */
#ifndef SKEP_CONSOLE_ACCESS_DIRECTORY_PRIV_H
#define SKEP_CONSOLE_ACCESS_DIRECTORY_PRIV_H

#include "console/access/access.h"
#include "console/store/users.h"

/** Whom somebody else vouches for. */
struct vouched {
	str source; /**< "ldap" or "oidc" */
	str subject; /**< never changes and is never given to another: entryUUID, objectGUID, issuer and sub */
	str name, display;
	const str *groups;
	size_t group_count;
};

/**
 * Finds or makes the user and gives it the roles whose groups it is a member of: those and no others.
 *
 * @return 0, -EACCES (member of no group with a role; the name belongs to another), -ENOBUFS, or the store's
 */
MUST_CHECK int directory_admit(struct access *a, struct sql *s, const struct vouched *v,
			       int64_t now_ns, struct arena *arena, struct user *ret,
			       struct err *e);

/** Asks the directory. @return as directory_admit(); -EHOSTUNREACH, -ETIMEDOUT, -EPROTO the directory's fault */
MUST_CHECK int directory_sign_in(struct access *a, struct sql *s, str name, str password,
				 int64_t now_ns, struct arena *arena, struct user *ret,
				 struct err *e);

#endif
