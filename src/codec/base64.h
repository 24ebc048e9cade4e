/** @file
 * Base64 (RFC 4648): the standard alphabet with padding (section 4), as HTTP and Docker's configuration use it, and the
 * alphabet for URLs without padding (section 5), as tokens use it.
 */
#ifndef SKEP_CODEC_BASE64_H
#define SKEP_CODEC_BASE64_H

#include "base/buf.h"
#include "base/err.h"

void base64_encode(struct buf *out, str bytes);

/**
 * Appends the bytes @p text stands for; padding may be missing, white space is refused.
 *
 * @return 0, -EBADMSG, -ENOMEM
 */
MUST_CHECK int base64_decode(struct buf *out, str text, struct err *e);

/** Section 5, no padding. */
void base64url_encode(struct buf *out, str bytes);

/**
 * Appends the bytes @p text stands for, section 5. Only the one text that base64url_encode() writes for them is taken:
 * padding and left-over bits are refused.
 *
 * @return 0, -EBADMSG, -ENOMEM
 */
MUST_CHECK int base64url_decode(struct buf *out, str text, struct err *e);

#endif
