/** @file
 * A growing byte builder whose error is latched: append as much as you like, check once.
 *
 * After an allocation failed or the bound was hit, appends do nothing and buf_error() says which.
 */
#ifndef SKEP_BASE_BUF_H
#define SKEP_BASE_BUF_H

#include "base/str.h"

struct buf {
	char *p; /**< owned; not terminated unless buf_cstr() was called */
	size_t n;
	size_t cap;
	size_t max; /**< most bytes it may hold; 0 means no bound */
	int error;  /**< 0, -ENOMEM or -E2BIG: latched */
};

#define BUF_INIT \
	{ \
		0 \
	}
/** A builder that frees itself when it leaves scope. */
#define OWNED_BUF CLEANUP(buf_done) struct buf

void buf_done(struct buf *b);
/** Forgets the contents and the error, keeps the memory. */
void buf_reset(struct buf *b);
void buf_add(struct buf *b, str s);
void buf_byte(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** Room for @p n more bytes; NULL (and latched) when there is none. Commit with b->n += what was written. */
MUST_CHECK char *buf_reserve(struct buf *b, size_t n);
/** The contents with a NUL behind them; "" after an error. Valid until the next append. */
const char *buf_cstr(struct buf *b);

static inline str buf_str(const struct buf *b)
{
	return (str){ b->p, b->n };
}

MUST_CHECK static inline int buf_error(const struct buf *b)
{
	return b->error;
}

#endif
