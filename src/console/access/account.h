/** @file
 * What people do to accounts, their own and others': under the rules that nobody gives what they do not hold, nobody
 * raises themselves, and somebody is always left who can manage users.
 *
 * What may hash a password, which is slow, makes its own transaction; the functions of the second factor run in the
 * caller's. Sessions a change has made wrong end with it. The caller was found to hold the permission of the route; what else a change needs is checked here.
 */
#ifndef SKEP_CONSOLE_ACCESS_ACCOUNT_H
#define SKEP_CONSOLE_ACCESS_ACCOUNT_H

#include "console/access/session.h"
#include "console/access/totp.h"
#include "console/store/roles.h"
#include "console/store/users.h"

struct account_new {
	str name, display;
	str password;     /**< to be changed at the first sign-in; empty: one is made up */
	const str *roles; /**< names */
	size_t role_count;
};

/**
 * Adds a local user.
 *
 * @param ret_password the one that was made up, "" otherwise; wipe it after showing
 * @return 0; -EINVAL name or password; -EEXIST; -ENOENT a role; -EACCES roles the caller may not give
 */
MUST_CHECK int account_add(struct access *a, struct sql *s, const struct caller *c,
			   const struct account_new *n, int64_t now_ns, struct arena *arena,
			   struct user *ret, char ret_password[PASSWORD_RANDOM_BYTES],
			   struct err *e);

struct account_change {
	bool set_display, set_disabled, set_roles, set_password, drop_totp;
	str display;
	bool disabled;
	const str *roles;
	size_t role_count;
	/** to be changed at the next sign-in; where duties are separated, roles of another duty than the system's go with it until they
	 * are given anew: whoever sets it could sign in by it */
	str password;
};

/**
 * Changes a user; all or nothing.
 *
 * @param ret as it is now
 * @return 0; -ENOENT; -EINVAL; -EACCES (one's own roles or one's own disabling, a user who may more than the caller, a
 *         password of a user who signs in elsewhere); -EBUSY nobody would be left to manage users, or, where duties are separated,
 *         to give roles
 */
MUST_CHECK int account_alter(struct access *a, struct sql *s, const struct caller *c, int64_t id,
			     const struct account_change *x, int64_t now_ns, struct arena *arena,
			     struct user *ret, struct err *e);
MUST_CHECK int account_delete(struct access *a, struct sql *s, const struct caller *c, int64_t id,
			      struct arena *arena, struct err *e);

/**
 * Changes the caller's own password and ends their other sessions. A wrong old one counts as a failed sign-in.
 *
 * @return 0; -EACCES the old one is wrong, or there is none here; -EINVAL the new one; -EBUSY locked; -EAGAIN
 */
MUST_CHECK int account_set_own_password(struct access *a, struct sql *s, const struct caller *c,
					str old, str new, int64_t now_ns, struct arena *arena,
					struct err *e);

/** Whether @p password may be @p user's, by the policy and the settings. @return 0, -EINVAL, or the store's */
MUST_CHECK int account_check_password(const struct access *a, struct sql *s, str user, str password,
				      struct err *e);

/** Begins enrolling a second factor; it is asked for once account_confirm_totp() has seen a code. @return 0, -EBUSY (on) */
MUST_CHECK int account_begin_totp(struct access *a, struct sql *s, const struct caller *c,
				  struct arena *arena, uint8_t ret_secret[TOTP_SECRET_BYTES],
				  struct err *e);
/**
 * @param ret fresh codes of recovery, shown once
 * @return 0, -EACCES (the code), -EINVAL (nothing was begun), -EBUSY (it is on already)
 */
MUST_CHECK int account_confirm_totp(struct access *a, struct sql *s, const struct caller *c,
				    str code, int64_t now_ns, struct arena *arena,
				    char ret[RECOVERY_CODES][RECOVERY_CODE_BYTES], struct err *e);
/** Takes the caller's own second factor away. @return 0, -EACCES (not in a session) */
MUST_CHECK int account_drop_totp(struct sql *s, const struct caller *c, struct arena *arena,
				 struct err *e);

/**
 * Whoever may less than a user does not touch that user's account, sessions and tokens. Where duties are separated everybody
 * may less than some, and what may be done is bounded by account_alter().
 *
 * @return 0, -EACCES, or the store's
 */
MUST_CHECK int account_check_reach(const struct access *a, struct sql *s, const struct caller *c,
				   const struct user *u, struct arena *arena, struct err *e);

/** Whether @p c may give what @p r holds: what it does not hold it cannot, and where duties are separated a role has one.
 * @return 0, -EACCES */
MUST_CHECK int account_may_give(const struct access *a, const struct caller *c,
				const struct role *r, struct err *e);
/**
 * Whether @p r is a role as it can be, and @p c may give it.
 *
 * @return 0, -EACCES, -EINVAL (name; scope; a scope, and a permission that none can bound)
 */
MUST_CHECK int account_check_role(const struct access *a, const struct caller *c,
				  const struct role *r, struct arena *arena, struct err *e);
/** How many can give roles where duties are separated, when a role that mixes them gives nothing. @return 0, or the store's */
MUST_CHECK int account_count_givers(struct sql *s, int64_t *ret, struct err *e);
/** Somebody must be left who can manage users. In the transaction of a change, at its end. @return 0, -EBUSY */
MUST_CHECK int account_check_governed(struct sql *s, struct err *e);

#endif
