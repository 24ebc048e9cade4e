/** @file
 * What secrets are made of and compared with: random bytes, HMAC (RFC 2104), comparison and wiping that tell nothing.
 * The only module that knows libcrypto's MACs.
 */
#ifndef SKEP_CODEC_MAC_H
#define SKEP_CODEC_MAC_H

#include "base/err.h"
#include "base/str.h"
#include "codec/digest.h"

#define SHA1_BYTES 20

/** @p n bytes nobody can guess. @return 0, -EIO (the system's source failed) */
MUST_CHECK int random_bytes(void *ret, size_t n, struct err *e);

void hmac_sha1(str key, str message, uint8_t ret[SHA1_BYTES]);
void hmac_sha256(str key, str message, uint8_t ret[SHA256_BYTES]);

/** Compares in a time that depends on the lengths alone. */
bool secret_eq(str a, str b);
/** Overwrites so that the compiler cannot leave it out. */
void secret_wipe(void *p, size_t n);

#endif
