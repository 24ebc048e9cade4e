#include "unit.h"

#include <stdio.h>

#include "codec/bolt.h"

#define PAGE 512

/* A database in memory, put together by hand: page 2 root, 3 and 4 leaves below a branch. */
struct file {
	char bytes[8 * PAGE];
	unsigned int reads;
};

static int read_file(void *ctx, uint64_t offset, void *to, size_t n)
{
	struct file *f = ctx;

	f->reads++;
	if (offset > sizeof(f->bytes) || n > sizeof(f->bytes) - offset)
		return -ENODATA;
	memcpy(to, f->bytes + offset, n);
	return 0;
}

static void put(char *at, uint64_t v, size_t bytes)
{
	memcpy(at, &v, bytes);
}

static void put_meta(struct file *f, int page, uint64_t revision, uint64_t root)
{
	char *p = f->bytes + page * PAGE, *m = p + 16;
	uint64_t h = 0xcbf29ce484222325u;

	put(p, (uint64_t)page, 8);
	put(p + 8, 4, 2);
	put(m, 0xED0CDAEDu, 4);
	put(m + 4, 2, 4);
	put(m + 8, PAGE, 4);
	put(m + 16, root, 8);
	put(m + 40, 8, 8);
	put(m + 48, revision, 8);
	for (int i = 0; i < 56; i++)
		h = (h ^ (uint8_t)m[i]) * 0x100000001b3u;
	put(m + 56, h, 8);
}

static void begin(char *p, uint16_t flags)
{
	memset(p, 0, PAGE);
	put(p + 8, flags, 2);
}

/* Elements must be added in the order of their keys; data grows from the page's end. */
static void add(char *p, size_t *end, bool leaf, bool bucket, str key, str value, uint64_t page)
{
	uint16_t count;
	char *x;

	memcpy(&count, p + 10, 2);
	x = p + 16 + count * 16;
	*end -= key.n + value.n;
	memcpy(p + *end, key.p, key.n);
	if (value.n)
		memcpy(p + *end + key.n, value.p, value.n);
	put(x + (leaf ? 4 : 0), (uint64_t)(p + *end - x), 4);
	put(x + (leaf ? 8 : 4), key.n, 4);
	if (leaf) {
		put(x, bucket, 4);
		put(x + 12, value.n, 4);
	} else {
		put(x + 8, page, 8);
	}
	put(p + 10, count + 1u, 2);
}

static void make(struct file *f)
{
	char inside[16 + 128], outside[16] = { 0 };
	size_t end;

	memset(f, 0, sizeof(*f));
	put_meta(f, 0, 7, 2);
	put_meta(f, 1, 6, 5);
	/* a small bucket inside its value */
	memset(inside, 0, sizeof(inside));
	begin(f->bytes + 6 * PAGE, 2);
	end = 128;
	add(f->bytes + 6 * PAGE, &end, true, false, S("image"), S("nginx"), 0);
	add(f->bytes + 6 * PAGE, &end, true, false, S("kind"), S(""), 0);
	memcpy(inside + 16, f->bytes + 6 * PAGE, 128);
	/* a bucket with a branch and two leaves */
	put(outside, 3, 8);
	begin(f->bytes + 3 * PAGE, 1);
	end = PAGE;
	add(f->bytes + 3 * PAGE, &end, false, false, S("a"), S(""), 4);
	add(f->bytes + 3 * PAGE, &end, false, false, S("m"), S(""), 5);
	begin(f->bytes + 4 * PAGE, 2);
	end = PAGE;
	add(f->bytes + 4 * PAGE, &end, true, false, S("a"), S("1"), 0);
	add(f->bytes + 4 * PAGE, &end, true, false, S("c"), S("2"), 0);
	begin(f->bytes + 5 * PAGE, 2);
	end = PAGE;
	add(f->bytes + 5 * PAGE, &end, true, false, S("m"), S("3"), 0);
	begin(f->bytes + 2 * PAGE, 2);
	end = PAGE;
	add(f->bytes + 2 * PAGE, &end, true, true, S("big"), (str){ outside, 16 }, 0);
	add(f->bytes + 2 * PAGE, &end, true, true, S("small"), (str){ inside, sizeof(inside) }, 0);
}

static int find(struct file *f, const char *bucket, const char *key, struct arena *a, str *ret)
{
	const str path[] = { str_from(bucket), str_from(key) };
	struct bolt b;

	if (bolt_open(&b, read_file, f, NULL) < 0)
		return -EBADMSG;
	return bolt_find(&b, path, 2, a, ret, NULL);
}

static void finds_values(void **state)
{
	struct file f;
	struct arena a;
	str v;

	(void)state;
	make(&f);
	arena_init(&a, 1u << 20);
	assert_int_equal(find(&f, "small", "image", &a, &v), 0);
	assert_str(v, "nginx");
	assert_int_equal(find(&f, "small", "kind", &a, &v), 0);
	assert_int_equal(v.n, 0);
	assert_int_equal(find(&f, "big", "c", &a, &v), 0);
	assert_str(v, "2");
	assert_int_equal(find(&f, "big", "m", &a, &v), 0);
	assert_str(v, "3");
	assert_int_equal(find(&f, "big", "b", &a, &v), -ENOENT);
	assert_int_equal(find(&f, "big", "z", &a, &v), -ENOENT);
	assert_int_equal(find(&f, "none", "b", &a, &v), -ENOENT);
	arena_done(&a);
}

static int collect(void *ctx, str key, str value)
{
	char *out = ctx;
	size_t n = strlen(out);

	snprintf(out + n, 64 - n, "%.*s=%.*s;", STR_ARG(key), STR_ARG(value));
	return 0;
}

static void walks_buckets(void **state)
{
	const str big = S("big"), small = S("small");
	char out[64] = "";
	struct file f;
	struct bolt b;
	struct arena a;

	(void)state;
	make(&f);
	arena_init(&a, 1u << 20);
	assert_int_equal(bolt_open(&b, read_file, &f, NULL), 0);
	assert_int_equal(bolt_each(&b, &big, 1, &a, collect, out, NULL), 0);
	assert_string_equal(out, "a=1;c=2;m=3;");
	out[0] = '\0';
	assert_int_equal(bolt_each(&b, &small, 1, &a, collect, out, NULL), 0);
	assert_string_equal(out, "image=nginx;kind=;");
	arena_done(&a);
}

static void takes_the_newest_whole_head(void **state)
{
	struct file f;
	struct bolt b;

	(void)state;
	make(&f);
	assert_int_equal(bolt_open(&b, read_file, &f, NULL), 0);
	assert_int_equal(b.revision, 7);
	assert_true(bolt_is_current(&b));
	put_meta(&f, 1, 8, 2);
	assert_false(bolt_is_current(&b));
	/* The newer one is torn: the older stands. */
	f.bytes[PAGE + 20]++;
	assert_int_equal(bolt_open(&b, read_file, &f, NULL), 0);
	assert_int_equal(b.revision, 7);
	/* The first is torn: the second is found without its size. */
	make(&f);
	f.bytes[20]++;
	assert_int_equal(bolt_open(&b, read_file, &f, NULL), 0);
	assert_int_equal(b.revision, 6);
	f.bytes[PAGE + 20]++;
	assert_int_equal(bolt_open(&b, read_file, &f, NULL), -EBADMSG);
}

/* Every byte of every page, broken in turn: an answer or an error, never a read outside. */
static void survives_any_broken_byte(void **state)
{
	struct file f;
	struct arena a;
	str v;

	(void)state;
	for (size_t i = 2 * PAGE; i < 6 * PAGE; i++) {
		make(&f);
		f.bytes[i] = (char)0xff;
		arena_init(&a, 1u << 20);
		if (find(&f, "big", "m", &a, &v) == 0)
			assert_true(v.n <= PAGE);
		(void)!find(&f, "small", "image", &a, &v);
		arena_done(&a);
	}
}

static void is_not_led_in_circles(void **state)
{
	struct file f;
	struct arena a;
	str v;

	(void)state;
	make(&f);
	/* The branch names itself. */
	put(f.bytes + 3 * PAGE + 16 + 8, 3, 8);
	put(f.bytes + 3 * PAGE + 32 + 8, 3, 8);
	arena_init(&a, 1u << 20);
	assert_int_equal(find(&f, "big", "a", &a, &v), -EBADMSG);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_values),
		cmocka_unit_test(walks_buckets),
		cmocka_unit_test(takes_the_newest_whole_head),
		cmocka_unit_test(survives_any_broken_byte),
		cmocka_unit_test(is_not_led_in_circles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
