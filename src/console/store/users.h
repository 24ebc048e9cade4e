/** @file
 * Users, the roles they hold, and what they prove themselves with. Rows as they are: console/access decides.
 *
 * Times are nanoseconds since 1970, UTC; 0: never. Errors of the store are sql.h's, everywhere.
 */
#ifndef SKEP_CONSOLE_STORE_USERS_H
#define SKEP_CONSOLE_STORE_USERS_H

#include "console/sql/sql.h"

#define USER_NAME_BYTES 64
#define USER_MAX_ROLES 32

struct user {
	int64_t id;
	str name;    /**< unique, small letters */
	str display; /**< as people call them; may be empty */
	str source;  /**< "local", "ldap" or "oidc": who checks the password */
	str subject; /**< the directory's or the provider's own name for them; empty for local ones */
	str password; /**< hash; empty when there is none. Never leaves console/access */
	str former; /**< hashes of former passwords, one a line, newest first. Never leaves console/access */
	str totp; /**< secret of one-time codes, bytes; empty when there is none. Never leaves console/access */
	bool totp_on;     /**< the secret was confirmed and is asked for */
	bool must_change; /**< the password, before anything else */
	bool disabled;
	int64_t created_ns;
	int64_t password_ns; /**< when the password was set */
	int64_t signed_in_ns;
	int64_t roles[USER_MAX_ROLES];
	size_t role_count;
};

/** Adds a user; id, roles and signed_in_ns of @p u are not looked at. @return 0, -EEXIST (the name is taken) */
MUST_CHECK int users_add(struct sql *s, const struct user *u, int64_t *ret, struct err *e);
/** @param a owns the spans of @p ret @return 0, -ENOENT, -ENOBUFS */
MUST_CHECK int users_get(struct sql *s, int64_t id, struct arena *a, struct user *ret,
			 struct err *e);
MUST_CHECK int users_find(struct sql *s, str name, struct arena *a, struct user *ret,
			  struct err *e);
/** By who vouches for them. @return as users_get() */
MUST_CHECK int users_find_subject(struct sql *s, str source, str subject, struct arena *a,
				  struct user *ret, struct err *e);
/**
 * Up to @p limit users whose id is above @p after, in the order of ids.
 *
 * @param words      each a part of the name or of the name shown, whatever its case; empty: all users
 * @param ret_count how many of @p ret, which holds @p limit, were filled
 * @return 0, -ENOBUFS, -E2BIG (too many words)
 */
MUST_CHECK int users_page(struct sql *s, int64_t after, str words, size_t limit, struct arena *a,
			  struct user *ret, size_t *ret_count, struct err *e);
MUST_CHECK int users_count(struct sql *s, int64_t *ret, struct err *e);

/** @return 0, -ENOENT (no such user), as those below */
MUST_CHECK int users_set_profile(struct sql *s, int64_t id, str display, bool disabled,
				 struct err *e);
MUST_CHECK int users_set_password(struct sql *s, int64_t id, str hash, str former, bool must_change,
				  int64_t now_ns, struct err *e);
/** A better hash of the same password. */
MUST_CHECK int users_rehash(struct sql *s, int64_t id, str hash, struct err *e);
/** Keeps a secret, not yet asked for; empty takes it away, codes of recovery included. */
MUST_CHECK int users_set_totp(struct sql *s, int64_t id, str secret, struct err *e);
MUST_CHECK int users_confirm_totp(struct sql *s, int64_t id, struct err *e);
/** A user whose secret of one-time codes is @p n bytes long, whoever. @return as users_get() */
MUST_CHECK int users_find_totp(struct sql *s, size_t n, struct arena *a, struct user *ret,
			       struct err *e);
/** The same secret written otherwise; nothing happens when it is @p was no more. @return 1, 0: nothing happened */
MUST_CHECK int users_rewrite_totp(struct sql *s, int64_t id, str was, str now, struct err *e);
MUST_CHECK int users_note_sign_in(struct sql *s, int64_t id, int64_t now_ns, struct err *e);
/** Takes the user away with all that is theirs. */
MUST_CHECK int users_delete(struct sql *s, int64_t id, struct err *e);

/** The step of the last code that was taken; 0: none. */
MUST_CHECK int users_totp_step(struct sql *s, int64_t id, uint64_t *ret, struct err *e);
/** Notes that the code of @p step was used. @return 0, -EACCES: it or a later one was used before, by whomever */
MUST_CHECK int users_take_totp_step(struct sql *s, int64_t id, uint64_t step, struct err *e);

/** Keeps the hashes of fresh codes of recovery instead of all there were. */
MUST_CHECK int users_set_recovery(struct sql *s, int64_t id, const str *hashes, size_t count,
				  struct err *e);
/** Uses one up. @return 0, -EACCES: there is none like it */
MUST_CHECK int users_take_recovery(struct sql *s, int64_t id, str hash, struct err *e);

/** Gives a user exactly these roles. In a transaction of the caller's. @return 0, -ENOENT (no such role or user) */
MUST_CHECK int users_set_roles(struct sql *s, int64_t id, const int64_t *roles, size_t count,
			       struct err *e);
/** How many users who are not disabled hold one role with all of @p permissions and none of @p without, everywhere. */
MUST_CHECK int users_able(struct sql *s, uint64_t permissions, uint64_t without, int64_t *ret,
			  struct err *e);

/** A name in the form the store keeps: small letters; false when no user can be called so. */
bool user_name_normal(str typed, char ret[USER_NAME_BYTES + 1]);

#endif
