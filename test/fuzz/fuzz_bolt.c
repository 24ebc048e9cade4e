/* Whatever the file: keys and values told lie in pages read from it, looking up a key told finds its value, and both end. */
#include "fuzz.h"

#include "codec/bolt.h"

#define MEMORY (8u << 20)

struct walk {
	const struct bolt *b;
	unsigned int count;
};

static int read_bytes(void *ctx, uint64_t offset, void *to, size_t n)
{
	const str *s = ctx;

	if (offset > s->n || n > s->n - offset)
		return -ENODATA;
	memcpy(to, s->p + offset, n);
	return 0;
}

static int on_key(void *ctx, str key, str value)
{
	struct walk *w = ctx;
	struct arena a;
	str found;
	int r;

	if (++w->count > 64)
		return 1;
	assert(key.n <= BOLT_MAX_PAGE && value.n <= BOLT_MAX_PAGE);
	arena_init(&a, MEMORY);
	r = bolt_find(w->b, &key, 1, &a, &found, NULL);
	/* Of pages out of order a key may be told and not found, never found with more than its page holds. */
	assert(r < 0 || found.n <= BOLT_MAX_PAGE);
	(void)!bolt_each(w->b, &key, 1, &a, on_key, w, NULL);
	arena_done(&a);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str file = { (const char *)data, size };
	struct bolt b;
	struct walk w = { &b, 0 };
	struct arena a;

	if (bolt_open(&b, read_bytes, &file, NULL) < 0)
		return 0;
	assert(bolt_is_current(&b));
	arena_init(&a, MEMORY);
	(void)!bolt_each(&b, NULL, 0, &a, on_key, &w, NULL);
	arena_done(&a);
	return 0;
}
