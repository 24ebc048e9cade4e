/** @file
 * Who asks, and what that one may do and see. Made by session_caller() or api_token_caller() for one request; lives in
 * the request's arena.
 *
 * Permissions and scopes belong together: a role gives its permissions within its scope, and nothing a second role
 * allows widens where the first one holds. So before a handler runs, caller_narrow() picks what may be seen *for the
 * permission of the route*.
 */
#ifndef SKEP_CONSOLE_ACCESS_CALLER_H
#define SKEP_CONSOLE_ACCESS_CALLER_H

#include "console/access/permission.h"
#include "console/store/scope.h"

enum caller_how { CALLER_NONE, CALLER_SESSION, CALLER_TOKEN };

/** What one role gives. */
struct caller_grant {
	uint64_t permissions; /**< bits of enum permission */
	struct scope scope;   /**< where */
};

struct caller {
	enum caller_how how;
	int64_t user;         /**< 0: nobody is signed in */
	str name;             /**< of the user */
	str address;          /**< of the peer; set by the caller of access */
	uint64_t permissions; /**< of all grants together */
	struct caller_grant *grants;
	size_t grant_count;
	struct scope scope;        /**< set by caller_narrow(); sees nothing before */
	bool must_change_password; /**< holds no permission until it did */
	str session;        /**< hash that names this session in the store; empty without one */
	str csrf;           /**< what X-Skep-Csrf must hold in a session; empty without one */
	int64_t expires_ns; /**< of the session or the token, at the latest */
	int64_t token;      /**< id of the API token; 0 without one */
};

/** Whether @p c may; PERMISSION_PUBLIC always, PERMISSION_SELF when signed in. */
bool caller_may(const struct caller *c, enum permission p);

/**
 * Sets c->scope to what @p c may see for @p p: the union of the scopes of the grants that hold it; everything for
 * PERMISSION_SELF and PERMISSION_PUBLIC, whose routes show only what is one's own.
 *
 * @return 0, -EACCES (does not hold @p p), -ENOBUFS
 */
MUST_CHECK int caller_narrow(struct caller *c, enum permission p, struct arena *a, struct err *e);

/**
 * Whether @p c holds all of @p permissions itself, so that nobody gives away what is not theirs.
 *
 * @param everywhere asks for grants whose scope is everything
 */
bool caller_holds(const struct caller *c, uint64_t permissions, bool everywhere);

#endif
