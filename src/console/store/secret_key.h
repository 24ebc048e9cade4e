/** @file
 * The key that secrets in the store are sealed with (codec/seal.h): a file beside the store, not in it, so that a copy of the
 * database alone tells nothing. Replicas on one PostgreSQL need the same file.
 */
#ifndef SKEP_CONSOLE_STORE_SECRET_KEY_H
#define SKEP_CONSOLE_STORE_SECRET_KEY_H

#include "codec/seal.h"

/**
 * Reads FOLDER/secret.key, or makes it (mode 0600) when there is none.
 *
 * @param folder made when absent
 * @return 0, -EBADMSG (it is no key, or others may read it), -errno
 */
MUST_CHECK int secret_key_get(const char *folder, struct seal_key *ret, struct err *e);

#endif
