/** @file
 * What every sign-in and every check of a right needs besides the store: how dear hashes are, how long sessions last,
 * which directory is asked. Made once at start; afterwards any thread may use it, each with its own connection.
 *
 * Secrets (passwords, cookies, tokens, codes) come in as spans, leave only where a header says so, and are in no message.
 */
#ifndef SKEP_CONSOLE_ACCESS_ACCESS_H
#define SKEP_CONSOLE_ACCESS_ACCESS_H

#include "codec/digest.h"
#include "codec/seal.h"
#include "console/access/password.h"
#include "console/access/password_policy.h"
#include "console/store/store.h"

struct ldap_options;
struct oidc_options;

struct access_options {
	struct password_cost cost;   /**< zeroes: 64 MiB, 3 passes */
	unsigned int hashes_at_once; /**< 0: 2 */
	struct password_policy
		policy; /**< zeroes: its defaults; the store's settings say how long at least */
	/** Administrator, security administrator and auditor are different people, and no role mixes their duties. */
	bool separate_duties;
	/**
	 * where secret.key is, which secrets of second factors are sealed with and the key is made of that signs the end of an
	 * exported audit log, whose public half is written to audit.key.pub there; NULL: secrets are kept as they are, nothing is signed
	 */
	const char *key_folder;
	bool replace_key;                /**< that key is the store's from now on, whichever was */
	const struct ldap_options *ldap; /**< must outlive it; NULL: local users only */
	const struct oidc_options *oidc; /**< must outlive it; NULL: none */
};

struct access {
	struct access_options options; /**< defaults filled in */
	struct password_kitchen kitchen;
	bool seals; /**< there are keys */
	struct seal_key seal_key;
	uint8_t audit_seed[ED25519_KEY_BYTES];
};

void access_init(struct access *a, const struct access_options *o);
void access_done(struct access *a);

/**
 * Brings the built-in roles up to what this version of the program knows, reads or makes the keys, and seals secrets of second
 * factors that were kept before there was one.
 * Once at start, after migrations.
 *
 * @return 0, -EINVAL or -EBADMSG (a key's file holds none), -EKEYREJECTED (it is not the store's key), -errno of the file, or
 *         the store's
 */
MUST_CHECK int access_prepare(struct access *a, struct sql *s, struct err *e);

struct first_account {
	const char *name;
	char password[PASSWORD_RANDOM_BYTES];
};
#define FIRST_ACCOUNTS 3

/**
 * Where nobody has an account yet, makes the first administrator, or the three of separated duties, each with a random
 * password that must be changed at the first sign-in. The caller shows them once; they are kept nowhere.
 *
 * @param ret wipe it after showing
 * @param ret_count 0: there are users already
 */
MUST_CHECK int access_first_password(struct access *a, struct sql *s,
				     struct first_account ret[FIRST_ACCOUNTS], size_t *ret_count,
				     struct err *e);

/** Forgets expired sessions, old failures, and days of the audit log past their time. A job for now and then. */
MUST_CHECK int access_sweep(struct access *a, struct store *s, int64_t now_ns, struct err *e);

#endif
