#include "console/store/list_sort.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "codec/digest.h"
#include "console/store/list_cursor.h"

enum {
	KEY_PARTS = 3,
	VERSION_PARTS = 3,
	VERSION_PART_MAX = 1000000,
	ID_TEXT_MAX = 64,
	ID_DIGEST_BYTES = 16,
	REAL_MAX = 1000
};

static int compare(const struct list_item *a, const struct list_item *b, bool descending)
{
	int d = (a->number > b->number) - (a->number < b->number);

	if (d == 0)
		d = str_cmp(a->text, b->text);
	if (d)
		return descending ? -d : d;
	for (unsigned i = 0; i < LIST_RANKS; i++)
		if (a->ranks[i] != b->ranks[i])
			return a->ranks[i] > b->ranks[i] ? -1 : 1;
	return str_cmp(a->id, b->id);
}

static int up(const void *p, const void *q)
{
	return compare(p, q, false);
}

static int down(const void *p, const void *q)
{
	return compare(p, q, true);
}

/* A cursor's parts have no NUL in them. */
static str without_nul(str s)
{
	return str_take(s, str_find(s, '\0'));
}

static int read_key(str cursor, struct arena *a, struct list_item *ret, struct err *e)
{
	uint64_t numbers[1 + LIST_RANKS];
	str parts[KEY_PARTS];
	int r = list_cursor_read(cursor, KEY_PARTS, a, parts, e);

	for (unsigned i = 0; r == 0 && i < ARRAY_LEN(numbers); i++)
		if (str_u64(str_cut(&parts[0], ' '), &numbers[i]) < 0)
			r = -EINVAL;
	if (r == -EINVAL || (r == 0 && parts[0].n))
		return err_set(e, EINVAL, "the cursor is not one of this list");
	if (r == 0)
		*ret = (struct list_item){ .number = (int64_t)numbers[0],
					   .text = parts[1],
					   .ranks = { numbers[1], numbers[2] },
					   .id = parts[2] };
	return r;
}

static int make_cursor(const struct list_item *last, struct arena *a, str *ret, struct err *e)
{
	str numbers = arena_printf(a, "%" PRIu64 " %" PRIu64 " %" PRIu64, (uint64_t)last->number,
				   last->ranks[0], last->ranks[1]);

	if (!numbers.p)
		return err_set(e, ENOBUFS, "no memory for a cursor");
	return list_cursor_make((const str[]){ numbers, last->text, last->id }, KEY_PARTS, a, ret,
				e);
}

int list_sort_page(struct list_item *items, size_t count, bool descending, str cursor, size_t limit,
		   struct arena *a, struct list_slice *ret, struct err *e)
{
	struct list_slice page = { 0 };
	struct list_item last = { 0 };
	size_t from = 0;
	int r = cursor.n ? read_key(cursor, a, &last, e) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		items[i].text = without_nul(str_take(items[i].text, LIST_TEXT_MAX));
		items[i].id = without_nul(items[i].id);
	}
	if (count)
		qsort(items, count, sizeof(*items), descending ? down : up);
	while (cursor.n && from < count && compare(&items[from], &last, descending) <= 0)
		from++;
	page.count = MIN(count - from, limit);
	page.items = count ? &items[from] : NULL;
	if (page.count && from + page.count < count)
		r = make_cursor(&page.items[page.count - 1], a, &page.next, e);
	if (r == 0)
		*ret = page;
	return r;
}

int64_t list_sort_version(str version)
{
	int64_t sum = 0;

	for (int i = 0; i < VERSION_PARTS; i++) {
		int64_t part = 0;

		while (version.n && version.p[0] >= '0' && version.p[0] <= '9') {
			part = MIN(part * 10 + version.p[0] - '0', VERSION_PART_MAX - 1);
			version = str_skip(version, 1);
		}
		if (version.n && version.p[0] == '.')
			version = str_skip(version, 1);
		sum = sum * VERSION_PART_MAX + part;
	}
	return sum;
}

int64_t list_sort_real(double x)
{
	return (int64_t)(x < 0 ? -1000000 : MIN(x, REAL_MAX) * 1000000);
}

str list_sort_id(const str *texts, size_t count, struct arena *a)
{
	OWNED_BUF all = BUF_INIT;
	uint8_t digest[SHA256_BYTES];
	char hex[2 * ID_DIGEST_BYTES + 1];

	for (size_t i = 0; i < count; i++) {
		buf_add(&all, texts[i]);
		buf_byte(&all, 0);
	}
	if (buf_error(&all) < 0)
		return (str){ 0 };
	sha256_of(buf_str(&all), digest);
	hex_render(digest, ID_DIGEST_BYTES, hex);
	return arena_printf(a, "%.*s %s", STR_ARG(str_take(texts[0], ID_TEXT_MAX)), hex);
}
