/** @file
 * What can be said of a URL (RFC 3986) without a library: its host, and a form that is fit for a message.
 */
#ifndef SKEP_WIRE_URL_H
#define SKEP_WIRE_URL_H

#include "base/buf.h"

struct url {
	str scheme; /**< as written */
	str user;   /**< user information without '@'; empty when there is none */
	str host;   /**< without brackets, never empty, no space or control character in it */
	str port;   /**< digits, at most 65535; empty when there is none */
	str path;   /**< from the first '/' to '?' or '#'; may be empty */
	str query;  /**< without '?' */
};

/** Splits @p text, whose bytes the parts point into. @return false when it is no "scheme://host..." */
MUST_CHECK bool url_split(str text, struct url *ret);

/** Whether both name the same scheme, host and port, default ports filled in. */
bool url_same_origin(str a, str b);

/** Whether @p host names this machine: "localhost", 127.0.0.0/8, "::1". */
bool url_is_loopback(str host);

/**
 * Appends @p text for a message: no user information, no query, no fragment, at most 300 bytes, control characters
 * as '?'. What is no URL loses everything from the first '?' or '#' and up to the last '@'.
 */
void url_redact(struct buf *out, str text);

/** Appends @p text with all but unreserved characters, "/", ":" and "@" as %XX (RFC 3986 section 2.1). */
void url_escape_path(struct buf *out, str text);
/** As url_escape_path() and those three too: for a query's value. */
void url_escape(struct buf *out, str text);

#endif
