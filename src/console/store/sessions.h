/** @file
 * Sessions, API tokens and counts of failed sign-ins. Secrets come here as hashes only.
 */
#ifndef SKEP_CONSOLE_STORE_SESSIONS_H
#define SKEP_CONSOLE_STORE_SESSIONS_H

#include "console/sql/sql.h"

struct session_row {
	str hash; /**< of the secret the browser holds, hex; names the row */
	int64_t user;
	int64_t created_ns, seen_ns, expires_ns;
	str address; /**< from where it was begun */
	str agent;   /**< what the browser called itself */
};

MUST_CHECK int sessions_add(struct sql *s, const struct session_row *row, struct err *e);
/** @return 0, -ENOENT, -ENOBUFS */
MUST_CHECK int sessions_get(struct sql *s, str hash, struct arena *a, struct session_row *ret,
			    struct err *e);
MUST_CHECK int sessions_touch(struct sql *s, str hash, int64_t now_ns, struct err *e);
/** A session that is gone already is no error. */
MUST_CHECK int sessions_end(struct sql *s, str hash, struct err *e);
/** Ends all of a user's but @p except, which may be empty. @return how many, -errno */
MUST_CHECK int sessions_end_of_user(struct sql *s, int64_t user, str except, struct err *e);
/** Ends those past their time: begun to expire before @p now_ns or not seen since @p idle_ns. @return how many */
MUST_CHECK int sessions_sweep(struct sql *s, int64_t now_ns, int64_t idle_ns, struct err *e);

struct token_row {
	int64_t id;
	int64_t user;
	str name;             /**< the user's word for it */
	str hint;             /**< its first characters, to tell it from others by */
	uint64_t permissions; /**< bits; what the user may besides them this token may not */
	int64_t created_ns, expires_ns, used_ns; /**< expires_ns 0: never */
};

/** @param hash of the secret, hex @return 0, -EEXIST (the user has one of this name) */
MUST_CHECK int tokens_add(struct sql *s, const struct token_row *row, str hash, int64_t *ret,
			  struct err *e);
MUST_CHECK int tokens_find(struct sql *s, str hash, struct arena *a, struct token_row *ret,
			   struct err *e);
/** @param user 0: anybody's. Ids above @p after, in their order. */
MUST_CHECK int tokens_page(struct sql *s, int64_t user, int64_t after, size_t limit,
			   struct arena *a, struct token_row *ret, size_t *ret_count,
			   struct err *e);
MUST_CHECK int tokens_get(struct sql *s, int64_t id, struct arena *a, struct token_row *ret,
			  struct err *e);
MUST_CHECK int tokens_touch(struct sql *s, int64_t id, int64_t now_ns, struct err *e);
/** @return 0, -ENOENT */
MUST_CHECK int tokens_delete(struct sql *s, int64_t id, struct err *e);

struct lock_row {
	int64_t failures;
	int64_t last_ns;
	int64_t until_ns; /**< nothing is tried before */
};

/** Failures noted under @p key; zeroes when there are none. */
MUST_CHECK int locks_get(struct sql *s, str key, struct lock_row *ret, struct err *e);
/** Counts one failure more, beginning anew when the last one is before @p forget_ns. */
MUST_CHECK int locks_fail(struct sql *s, str key, int64_t now_ns, int64_t forget_ns,
			  int64_t *ret_failures, struct err *e);
MUST_CHECK int locks_hold(struct sql *s, str key, int64_t until_ns, struct err *e);
MUST_CHECK int locks_clear(struct sql *s, str key, struct err *e);
/** Forgets what is older. @return how many */
MUST_CHECK int locks_sweep(struct sql *s, int64_t before_ns, struct err *e);

#endif
