/** @file
 * Secrets at rest: sealed with AES-256-GCM (NIST SP 800-38D) under a key of this installation, so that a copy of the database
 * tells nothing and a row changed or moved to another's place does not open. Each sealing draws a fresh 96-bit nonce.
 *
 * A sealed text is: 0x01, 12 bytes of nonce, the ciphertext, 16 bytes of tag.
 */
#ifndef SKEP_CODEC_SEAL_H
#define SKEP_CODEC_SEAL_H

#include "base/buf.h"
#include "base/err.h"

#define SEAL_KEY_BYTES 32
#define SEAL_EXTRA_BYTES 29

struct seal_key {
	uint8_t bytes[SEAL_KEY_BYTES];
};

/** Appends @p plain sealed for @p place: what it is and whose, which must be the same to open it. @return 0, -ENOMEM, -EIO */
MUST_CHECK int seal(const struct seal_key *k, str place, str plain, struct buf *out, struct err *e);
/** Appends what was sealed. @return 0, -EBADMSG (damaged, another's place, another key), -ENOMEM */
MUST_CHECK int seal_open(const struct seal_key *k, str place, str sealed, struct buf *out,
			 struct err *e);

#endif
