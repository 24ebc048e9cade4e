/** @file
 * The key that secrets in the store are sealed with (codec/seal.h): a file beside the store, not in it, so that a copy of the
 * database alone tells nothing. Replicas on one PostgreSQL need the same file.
 */
#ifndef SKEP_CONSOLE_STORE_SECRET_KEY_H
#define SKEP_CONSOLE_STORE_SECRET_KEY_H

#include "codec/seal.h"

struct sql;

/**
 * Reads FOLDER/secret.key, or makes it (mode 0600) when there is none.
 *
 * @param folder made when absent
 * @return 0, -EBADMSG (it is no key, or others may read it), -errno
 */
MUST_CHECK int secret_key_get(const char *folder, struct seal_key *ret, struct err *e);

/**
 * Holds the key of @p folder to the one this store's secrets are sealed with: the store keeps an HMAC of a constant, which tells
 * nothing of the key. The first key it is shown is its own.
 *
 * @param replace the store's own is lost: this one is its key from now on, and what the other sealed opens no more
 * @return 0, -EKEYREJECTED it is another, or the store's
 */
MUST_CHECK int secret_key_check(const char *folder, const struct seal_key *k, struct sql *s,
				bool replace, struct err *e);

#endif
