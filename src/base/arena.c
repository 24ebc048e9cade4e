#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

enum { CHUNK_BYTES = 64 * 1024 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;
	size_t used;
	_Alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *a, size_t budget_bytes)
{
	*a = (struct arena){ .budget_bytes = budget_bytes };
}

void arena_done(struct arena *a)
{
	struct arena_chunk *next;

	for (struct arena_chunk *c = a->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	a->chunks = NULL;
	a->used_bytes = 0;
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *kept = a->chunks;

	if (!kept)
		return;
	/* What grew large for one unit is not kept for all. */
	if (kept->size > CHUNK_BYTES) {
		arena_done(a);
		return;
	}
	a->chunks = kept->next;
	arena_done(a);
	memset(kept->bytes, 0, kept->used);
	kept->next = NULL;
	kept->used = 0;
	a->chunks = kept;
	a->used_bytes = kept->size + sizeof(*kept);
}

static struct arena_chunk *new_chunk(struct arena *a, size_t need)
{
	size_t size = MAX(need, (size_t)CHUNK_BYTES);
	size_t total;
	struct arena_chunk *c;

	if (__builtin_add_overflow(size, sizeof(*c), &total))
		return NULL;
	if (a->budget_bytes && (total > a->budget_bytes || a->used_bytes > a->budget_bytes - total))
		return NULL;
	c = calloc(1, total);
	if (!c)
		return NULL;
	c->size = size;
	a->used_bytes += total;
	/* A chunk made for one large block goes behind the current one, whose free tail stays in use. */
	if (a->chunks && need > CHUNK_BYTES / 4) {
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		c->next = a->chunks;
		a->chunks = c;
	}
	return c;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_chunk *c = a->chunks;
	size_t need;
	void *p;

	if (__builtin_add_overflow(bytes, align - 1, &need))
		return NULL;
	need &= ~(align - 1);
	if (!c || c->size - c->used < need)
		c = new_chunk(a, need);
	if (!c)
		return NULL;
	p = c->bytes + c->used;
	c->used += need;
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes);
}

void *arena_grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size)
{
	size_t wider = *cap ? *cap * 2 : 8;
	void *fresh = wider > *cap ? arena_array(a, wider, size) : NULL;

	if (!fresh)
		return NULL;
	if (count)
		memcpy(fresh, items, count * size);
	*cap = wider;
	return fresh;
}

str arena_str(struct arena *a, str s)
{
	char *p = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;

	if (!p)
		return (str){ NULL, 0 };
	if (s.n)
		memcpy(p, s.p, s.n);
	return (str){ p, s.n };
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *p;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (!p)
		return (str){ NULL, 0 };
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (str){ p, (size_t)n };
}
