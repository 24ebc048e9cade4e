/** @file
 * Base64 (RFC 4648 section 4): the standard alphabet with padding, as HTTP and Docker's configuration use it.
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

#endif
