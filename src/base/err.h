/** @file
 * Errors with a sentence: every function that can fail returns 0 (or a count) or a negative errno, and fills the
 * caller's `struct err` with text a user can act on.
 *
 * The struct lives on the caller's stack and never allocates. Any function accepts NULL for it.
 * Fixed meanings across the tree: EBADMSG malformed input, E2BIG over a limit, ENOBUFS budget spent, ENOENT absent,
 * EPROTO the peer broke its protocol, EACCES policy said no.
 */
#ifndef SKEP_BASE_ERR_H
#define SKEP_BASE_ERR_H

#include <stdarg.h>

#include "base/base.h"

#define ERR_TEXT_BYTES 1024

struct err {
	int code; /**< positive errno; 0 when nothing was set */
	const char *(*translate)(
		const char *);     /**< maps a format to the user's language; NULL leaves English */
	char text[ERR_TEXT_BYTES]; /**< always terminated */
};

/**
 * Records @p code and a message; replaces what was there.
 *
 * @param code positive errno
 * @return -code, so that `return err_set(...)` reads naturally
 */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/** The same for arguments already gathered. */
int err_vset(struct err *e, int code, const char *fmt, va_list args) PRINTF_LIKE(3, 0);

/** Like err_set() and appends ": " and the system's words for @p code. */
int err_sys(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/** Puts context in front of the message already there: "context: message". @return @p r unchanged */
int err_wrap(struct err *e, int r, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
