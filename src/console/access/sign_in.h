/** @file
 * Signing in by name and password, with a one-time code where the user has a second factor.
 *
 * Everything a stranger sends comes through here. A wrong name costs and answers what a wrong password does. Failures are
 * counted by user and by address; past a few each one doubles how long nothing more is tried, not even the right
 * password. A local user's name never reaches the directory.
 */
#ifndef SKEP_CONSOLE_ACCESS_SIGN_IN_H
#define SKEP_CONSOLE_ACCESS_SIGN_IN_H

#include "console/access/session.h"
#include "console/store/users.h"

/** Failures of a user, or from an address, before waits begin; and the longest wait. */
#define SIGN_IN_FREE_USER 5
#define SIGN_IN_FREE_ADDRESS 20
#define SIGN_IN_LONGEST_S 900

struct sign_in {
	str name, password;
	str code; /**< one-time or of recovery; empty: none was sent */
	str address, agent;
};

struct sign_in_result {
	struct session_new session; /**< on success */
	struct user user;           /**< on success; in the arena */
	unsigned int wait_s;        /**< on -EBUSY: nothing is tried for so long */
};

/**
 * Checks and begins a session. Makes its own transactions.
 *
 * @param ret filled on success, and wait_s on -EBUSY
 * @return 0; -EACCES name, password or code is wrong, or the user is disabled (the message does not tell which);
 *         -ENOKEY right so far, and a code is needed; -EBUSY locked for a while; -EAGAIN too many at once;
 *         -EHOSTUNREACH or -ETIMEDOUT the directory is away; -E2BIG, -ENOBUFS, or the store's
 */
MUST_CHECK int sign_in(struct access *a, struct sql *s, const struct sign_in *q, int64_t now_ns,
		       struct arena *arena, struct sign_in_result *ret, struct err *e);

/** How long to wait after so many failures, of which @p free ones cost nothing: 1, 2, 4 ... SIGN_IN_LONGEST_S seconds. */
unsigned int sign_in_wait_s(int64_t failures, int64_t free);

#endif
