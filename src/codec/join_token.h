/** @file
 * The token an agent joins a console with (doc/formats/agent-protocol.md): "skep1." and base64url of a secret and the SHA-256
 * of the console's authority, by which the agent knows the console. It is a secret: never part of a message.
 */
#ifndef SKEP_CODEC_JOIN_TOKEN_H
#define SKEP_CODEC_JOIN_TOKEN_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"

#define JOIN_TOKEN_SECRET_BYTES 16

struct join_token {
	uint8_t secret[JOIN_TOKEN_SECRET_BYTES];
	uint8_t authority[SHA256_BYTES]; /**< SHA-256 of its certificate in DER */
};

/** White space around it is passed over. @return 0, -EBADMSG */
MUST_CHECK int join_token_parse(str text, struct join_token *ret, struct err *e);
/** Appends it. */
void join_token_render(const struct join_token *t, struct buf *out);

#endif
