/** @file
 * Repeats an exchange that failed for a reason that may pass, and resumes a body that broke off.
 *
 * What may pass: the statuses 408, 429 and 5xx (but 501 and 505), a broken transfer, and a stall once something had come.
 * An answer that carries another ETag than the first ends it too. Waits 0.5 s, 1 s, 2 s, or what Retry-After (RFC 9110 section 10.2.3) asks for, 30 s at most; a peer that asks
 * for more is not asked again. Three
 * attempts in a row that bring less than 64 KiB end it.
 */
#ifndef SKEP_WIRE_HTTP_RETRY_H
#define SKEP_WIRE_HTTP_RETRY_H

#include "wire/http.h"

/**
 * As http_exchange(), repeated.
 *
 * A streamed body reaches on_body once, in order and without holes, also when it took several answers; on_start is
 * called for the first. A request with an offset of its own is not resumed after its body began.
 */
MUST_CHECK int http_retry(struct http_client *c, const struct http_request *q,
			  struct http_response *ret, struct err *e);

/** The seconds Retry-After asks for; 0 when it is absent or unreadable. @p now is seconds since 1970. */
uint64_t http_retry_after(str value, int64_t now);

#endif
