#include "codec/bolt.h"

#define MAGIC 0xED0CDAEDu
#define VERSION 2
#define HEAD_BYTES 16 /* of a page */
#define META_BYTES 64
#define ELEMENT_BYTES 16
#define BUCKET_BYTES 16
#define PAGE_BRANCH 0x01
#define PAGE_LEAF 0x02
#define PAGE_META 0x04
#define IS_BUCKET 0x01
#define MIN_PAGE 512
#define MAX_PAGE 65536

/* A page in memory: read from the file, or the part of a value that is a small bucket's. */
struct page {
	str bytes;
	uint16_t flags, count;
};

struct element {
	str key, value; /* value: leaves */
	uint64_t page;  /* branches */
	bool is_bucket;
};

/* Numbers are the writer's own order; containerd runs on little-endian machines only where we do. */
static uint16_t u16(str s, size_t at)
{
	uint16_t v;

	memcpy(&v, s.p + at, sizeof(v));
	return v;
}

static uint32_t u32(str s, size_t at)
{
	uint32_t v;

	memcpy(&v, s.p + at, sizeof(v));
	return v;
}

static uint64_t u64(str s, size_t at)
{
	uint64_t v;

	memcpy(&v, s.p + at, sizeof(v));
	return v;
}

static uint64_t checksum(str s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3u;
	return h;
}

/* @param bytes a head page's beginning */
static bool take_head(struct bolt *b, str bytes)
{
	str meta = str_skip(bytes, HEAD_BYTES);
	uint32_t page_bytes = u32(meta, 8);

	if (!(u16(bytes, 8) & PAGE_META) || u32(meta, 0) != MAGIC || u32(meta, 4) != VERSION ||
	    u64(meta, 56) != checksum(str_take(meta, 56)) || page_bytes < MIN_PAGE ||
	    page_bytes > MAX_PAGE || (page_bytes & (page_bytes - 1)))
		return false;
	if (b->page_bytes && u64(meta, 48) <= b->revision)
		return false;
	b->page_bytes = page_bytes;
	b->root = u64(meta, 16);
	b->pages = u64(meta, 40);
	b->revision = u64(meta, 48);
	return true;
}

/* The second head begins with the second page, whose size only the first head tells; else any usual one may be it. */
static bool read_heads(struct bolt *b)
{
	char bytes[HEAD_BYTES + META_BYTES];
	bool found = false;

	if (b->read(b->ctx, 0, bytes, sizeof(bytes)) == 0)
		found = take_head(b, (str){ bytes, sizeof(bytes) });
	for (uint32_t at = found ? b->page_bytes : MIN_PAGE; at <= MAX_PAGE; at *= 2) {
		bool second = b->read(b->ctx, at, bytes, sizeof(bytes)) == 0 &&
			      take_head(b, (str){ bytes, sizeof(bytes) });

		found |= second;
		if (found)
			return true;
	}
	return found;
}

int bolt_open(struct bolt *b, int (*read)(void *ctx, uint64_t offset, void *to, size_t n),
	      void *ctx, struct err *e)
{
	struct bolt out = { .read = read, .ctx = ctx };

	if (!read_heads(&out))
		return err_set(e, EBADMSG, "no bolt database");
	*b = out;
	return 0;
}

bool bolt_is_current(const struct bolt *b)
{
	struct bolt now = { .read = b->read, .ctx = b->ctx };

	return read_heads(&now) && now.revision == b->revision;
}

static int bad(struct err *e, const char *what)
{
	return err_set(e, EBADMSG, "bolt database: %s", what);
}

static int absent(struct err *e)
{
	return err_set(e, ENOENT, "bolt database: no such key");
}

static int open_page(str bytes, struct page *ret, struct err *e)
{
	if (bytes.n < HEAD_BYTES)
		return bad(e, "a page is cut off");
	*ret = (struct page){ bytes, u16(bytes, 8), u16(bytes, 10) };
	if (!(ret->flags & (PAGE_BRANCH | PAGE_LEAF)))
		return bad(e, "a page is of another kind");
	if ((size_t)ret->count * ELEMENT_BYTES > bytes.n - HEAD_BYTES)
		return bad(e, "a page holds more than fits");
	return 0;
}

static int read_page(const struct bolt *b, uint64_t id, struct arena *a, struct page *ret,
		     struct err *e)
{
	char head[HEAD_BYTES];
	uint64_t bytes;
	char *all;
	int r;

	if (id < 2 || id >= b->pages || id > UINT64_MAX / MAX_PAGE)
		return bad(e, "a page is outside of it");
	r = b->read(b->ctx, id * b->page_bytes, head, sizeof(head));
	if (r < 0)
		return err_sys(e, -r, "bolt database");
	bytes = ((uint64_t)u32((str){ head, sizeof(head) }, 12) + 1) * b->page_bytes;
	if (bytes > BOLT_MAX_PAGE)
		return err_set(e, E2BIG, "bolt database: a page of %llu bytes",
			       (unsigned long long)bytes);
	all = arena_alloc(a, bytes);
	if (!all)
		return err_set(e, ENOBUFS, "memory budget spent");
	r = b->read(b->ctx, id * b->page_bytes, all, bytes);
	return r < 0 ? err_sys(e, -r, "bolt database") : open_page((str){ all, bytes }, ret, e);
}

/* Positions count from the element itself. */
static int element_at(const struct page *p, size_t i, struct element *ret, struct err *e)
{
	size_t at = HEAD_BYTES + i * ELEMENT_BYTES;
	bool leaf = p->flags & PAGE_LEAF;
	str s = p->bytes;
	uint64_t pos = u32(s, at + (leaf ? 4 : 0));
	uint64_t key = u32(s, at + (leaf ? 8 : 4));
	uint64_t value = leaf ? u32(s, at + 12) : 0;

	if (at + pos + key + value > s.n)
		return bad(e, "an element is outside of its page");
	ret->key = str_take(str_skip(s, at + pos), key);
	ret->value = str_take(str_skip(s, at + pos + key), value);
	ret->is_bucket = leaf && (u32(s, at) & IS_BUCKET);
	ret->page = leaf ? 0 : u64(s, at + 8);
	return 0;
}

/* The last element whose key is not above @p key; where all are, the first. */
static int search(const struct page *p, str key, size_t *ret, struct element *ret_element,
		  struct err *e)
{
	size_t low = 0, high = p->count;
	int r;

	if (p->count == 0)
		return absent(e);
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		r = element_at(p, middle, ret_element, e);
		if (r < 0)
			return r;
		if (str_cmp(ret_element->key, key) <= 0)
			low = middle;
		else
			high = middle;
	}
	*ret = low;
	return element_at(p, low, ret_element, e);
}

/* A bucket's first page: its own, or the rest of the value when it is small. */
static int bucket_page(const struct bolt *b, const struct element *x, struct arena *a,
		       struct page *ret, struct err *e)
{
	char *aligned;
	str rest;

	if (x->value.n < BUCKET_BYTES)
		return bad(e, "a bucket is cut off");
	if (u64(x->value, 0) != 0)
		return read_page(b, u64(x->value, 0), a, ret, e);
	rest = str_skip(x->value, BUCKET_BYTES);
	aligned = arena_alloc(a, rest.n);
	if (!aligned)
		return err_set(e, ENOBUFS, "memory budget spent");
	if (rest.n)
		memcpy(aligned, rest.p, rest.n);
	return open_page((str){ aligned, rest.n }, ret, e);
}

static int find_in(const struct bolt *b, struct page *p, str key, struct arena *a,
		   struct element *ret, struct err *e)
{
	for (int depth = 0; depth < BOLT_MAX_DEPTH; depth++) {
		size_t at;
		int r = search(p, key, &at, ret, e);

		if (r < 0)
			return r;
		if (p->flags & PAGE_LEAF)
			return str_eq(ret->key, key) ? 0 : absent(e);
		r = read_page(b, ret->page, a, p, e);
		if (r < 0)
			return r;
	}
	return bad(e, "it is deeper than it may be");
}

static int open_bucket(const struct bolt *b, const str *path, size_t depth, struct arena *a,
		       struct page *ret, struct err *e)
{
	int r = read_page(b, b->root, a, ret, e);

	for (size_t i = 0; r == 0 && i < depth; i++) {
		struct element x;

		r = find_in(b, ret, path[i], a, &x, e);
		if (r == 0)
			r = x.is_bucket ? bucket_page(b, &x, a, ret, e) : absent(e);
	}
	return r;
}

int bolt_find(const struct bolt *b, const str *path, size_t depth, struct arena *a, str *ret,
	      struct err *e)
{
	struct element x;
	struct page p;
	int r;

	assert(depth > 0);
	r = open_bucket(b, path, depth - 1, a, &p, e);
	if (r == 0)
		r = find_in(b, &p, path[depth - 1], a, &x, e);
	if (r == 0 && x.is_bucket)
		r = absent(e);
	if (r == 0)
		*ret = x.value;
	return r;
}

struct level {
	struct page page;
	size_t next;
};

int bolt_each(const struct bolt *b, const str *path, size_t depth, struct arena *a,
	      int (*fn)(void *ctx, str key, str value), void *ctx, struct err *e)
{
	struct level levels[BOLT_MAX_DEPTH];
	size_t top = 0;
	int r = open_bucket(b, path, depth, a, &levels[0].page, e);

	levels[0].next = 0;
	while (r == 0) {
		struct level *l = &levels[top];
		struct element x;

		if (l->next == l->page.count) {
			if (top-- == 0)
				return 0;
			continue;
		}
		r = element_at(&l->page, l->next++, &x, e);
		if (r < 0)
			return r;
		if (l->page.flags & PAGE_LEAF) {
			r = fn(ctx, x.key, x.is_bucket ? (str){ NULL, 0 } : x.value);
		} else if (top + 1 == BOLT_MAX_DEPTH) {
			r = bad(e, "it is deeper than it may be");
		} else {
			levels[++top].next = 0;
			r = read_page(b, x.page, a, &levels[top].page, e);
		}
	}
	return r;
}
