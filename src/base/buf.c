#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf)BUF_INIT;
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->error = 0;
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t need, cap;
	char *grown;

	if (b->error)
		return NULL;
	if (__builtin_add_overflow(b->n, n, &need) || (b->max && need > b->max)) {
		b->error = -E2BIG;
		return NULL;
	}
	if (need <= b->cap && b->p)
		return b->p + b->n;
	cap = b->cap ? b->cap : 256;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	grown = realloc(b->p, cap);
	if (!grown) {
		b->error = -ENOMEM;
		return NULL;
	}
	b->p = grown;
	b->cap = cap;
	return b->p + b->n;
}

void buf_add(struct buf *b, str s)
{
	char *at = s.n ? buf_reserve(b, s.n) : NULL;

	if (!at)
		return;
	memcpy(at, s.p, s.n);
	b->n += s.n;
}

void buf_byte(struct buf *b, char c)
{
	buf_add(b, (str){ &c, 1 });
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	const size_t room = b->error ? 0 : b->cap - b->n;
	va_list ap;
	char *at;
	int n;

	/* Most often there is room: it is tried before it is known how much is needed. */
	va_start(ap, fmt);
	n = vsnprintf(room ? b->p + b->n : NULL, room, fmt, ap);
	va_end(ap);
	at = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
	if (!at)
		return;
	if ((size_t)n < room) {
		b->n += (size_t)n;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(at, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

const char *buf_cstr(struct buf *b)
{
	char *at = buf_reserve(b, 1);

	if (!at)
		return "";
	*at = '\0';
	return b->p;
}
