/** @file
 * Secrets of second factors at rest: sealed for their user under the installation's key, where it has one.
 */
#ifndef SKEP_CONSOLE_ACCESS_TOTP_SECRET_PRIV_H
#define SKEP_CONSOLE_ACCESS_TOTP_SECRET_PRIV_H

#include "console/access/access.h"
#include "console/access/totp.h"
#include "console/store/users.h"

/** Keeps a secret, not yet asked for. @return 0, -ENOMEM, -EIO, or the store's */
MUST_CHECK int totp_secret_keep(const struct access *a, struct sql *s, int64_t user,
				const uint8_t secret[TOTP_SECRET_BYTES], struct err *e);
/** @return 0, -ENOENT (the user has none), -EIO (damaged, or sealed with another key), -ENOMEM */
MUST_CHECK int totp_secret_open(const struct access *a, const struct user *u,
				uint8_t ret[TOTP_SECRET_BYTES], struct err *e);

/** Seals what was kept before the installation had a key; nothing where it has none. @return as totp_secret_keep() */
MUST_CHECK int totp_secret_seal_all(const struct access *a, struct sql *s, struct err *e);

#endif
