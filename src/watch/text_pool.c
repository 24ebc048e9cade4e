#include "watch/text_pool.h"

/* Before each text: whose it is and how long, so that sliding can walk them. */
struct head {
	uint32_t handle; /* TEXT_POOL_NONE: dead */
	uint32_t bytes;  /* of the text, rounded up */
};

enum { ALIGN = 8, SLIDE_PART = 8, SLIDE_BYTES = 256 * 1024 };

static uint32_t rounded(size_t n)
{
	return (uint32_t)((n + ALIGN - 1) & ~(size_t)(ALIGN - 1));
}

static struct head *head_at(const struct text_pool *p, uint32_t offset)
{
	return (struct head *)(void *)(p->bytes + offset);
}

int text_pool_init(struct text_pool *p, uint32_t bytes, uint32_t handles, struct err *e)
{
	struct text_pool out = { .cap = rounded(bytes), .handles = handles };

	assert(bytes <= (uint32_t)1 << 30);
	/* The system gives pages of zeros when they are first touched, not before. */
	out.bytes = calloc(1, out.cap);
	out.where = calloc(handles, sizeof(*out.where));
	out.refs = calloc(handles, sizeof(*out.refs));
	if (!out.bytes || !out.where || !out.refs) {
		text_pool_done(&out);
		return err_set(e, ENOMEM, "text pool: no memory for %u bytes", bytes);
	}
	out.free_handle = TEXT_POOL_NONE;
	*p = out;
	return 0;
}

void text_pool_done(struct text_pool *p)
{
	free(p->bytes);
	free(p->where);
	free(p->refs);
	*p = (struct text_pool){ 0 };
}

static void slide(struct text_pool *p)
{
	uint32_t to = 0;

	for (uint32_t from = 0; from < p->top;) {
		struct head h = *head_at(p, from);
		uint32_t whole = (uint32_t)sizeof(h) + h.bytes;

		if (h.handle != TEXT_POOL_NONE) {
			if (to != from)
				memmove(p->bytes + to, p->bytes + from, whole);
			p->where[h.handle] = to + (uint32_t)sizeof(h);
			to += whole;
		}
		from += whole;
	}
	p->top = to;
	p->dead = 0;
	p->slides++;
}

static uint32_t take_handle(struct text_pool *p)
{
	uint32_t h = p->free_handle;

	if (h != TEXT_POOL_NONE) {
		p->free_handle = p->where[h]; /* free handles are chained through it */
		return h;
	}
	return p->live_texts < p->handles ? p->live_texts : TEXT_POOL_NONE;
}

/* Bytes that could be added now, in one text, after sliding. */
static size_t room(const struct text_pool *p)
{
	uint32_t end = p->cap - p->top, all = end + p->dead;
	uint32_t room = p->dead >= p->cap / SLIDE_PART ? all : end;

	return room > sizeof(struct head) ? room - sizeof(struct head) : 0;
}

uint32_t text_pool_add(struct text_pool *p, size_t n, char **ret_bytes)
{
	struct head h = { .bytes = rounded(n) };

	if (n > p->cap || h.bytes > room(p))
		return TEXT_POOL_NONE;
	h.handle = take_handle(p);
	if (h.handle == TEXT_POOL_NONE)
		return TEXT_POOL_NONE;
	/* Where as much is dead as alive also before the end is reached: what is touched follows what is kept. */
	if (p->cap - p->top < sizeof(h) + h.bytes ||
	    (p->dead >= SLIDE_BYTES && p->dead >= p->top / 2))
		slide(p);
	*head_at(p, p->top) = h;
	p->where[h.handle] = p->top + (uint32_t)sizeof(h);
	p->refs[h.handle] = 1;
	p->top += (uint32_t)sizeof(h) + h.bytes;
	p->live_texts++;
	*ret_bytes = text_pool_at(p, h.handle);
	return h.handle;
}

void text_pool_hold(struct text_pool *p, uint32_t handle)
{
	p->refs[handle]++;
}

void text_pool_remove(struct text_pool *p, uint32_t handle)
{
	struct head *h = head_at(p, p->where[handle] - (uint32_t)sizeof(struct head));
	uint32_t whole = (uint32_t)sizeof(*h) + h->bytes;

	assert(h->handle == handle && p->refs[handle]);
	if (--p->refs[handle])
		return;
	if (p->where[handle] + h->bytes == p->top) {
		p->top -= whole;
	} else {
		h->handle = TEXT_POOL_NONE;
		p->dead += whole;
	}
	if (p->dead == p->top)
		p->top = p->dead = 0;
	p->where[handle] = p->free_handle;
	p->free_handle = handle;
	p->live_texts--;
}

char *text_pool_at(const struct text_pool *p, uint32_t handle)
{
	return p->bytes + p->where[handle];
}

bool text_pool_begins(const struct text_pool *p, uint32_t handle, str text)
{
	const char *bytes;

	if (handle >= p->handles || !p->refs[handle])
		return false;
	bytes = text_pool_at(p, handle);
	return text.n <= ((const struct head *)(const void *)bytes)[-1].bytes &&
	       str_eq((str){ bytes, text.n }, text);
}
