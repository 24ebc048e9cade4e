/* Lists put in order in memory: any key, either way round, and pages that stay right while things come, go and change. */
#include <stdio.h>

#include "console/store/list_sort.h"
#include "store_stage.h"
#include "unit_arena.h"

static struct list_item item(int64_t number, const char *text, const char *id)
{
	return (struct list_item){
		.number = number, .text = str_from(text), .id = str_from(id), .item = id
	};
}

/* The ids of a page in a row, and its cursor. */
static const char *page(const struct list_item *list, size_t count, bool descending, str *cursor,
			size_t limit)
{
	static char out[256];
	struct list_item items[16];
	struct list_slice p;
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		items[i] = list[i];
	OK(list_sort_page(items, count, descending, *cursor, limit, &arena, &p, E));
	out[0] = '\0';
	for (size_t i = 0; i < p.count; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s",
				      (const char *)p.items[i].item);
	*cursor = p.next;
	return out;
}

static void test_order(void **state UNUSED)
{
	const struct list_item list[] = { item(2, "x", "a"), item(-1, "y", "b"), item(2, "w", "c"),
					  item(INT64_MAX, "", "d"), item(2, "x", "e") };
	str cursor = { 0 };

	assert_string_equal(page(list, 5, false, &cursor, 9), "bcaed");
	assert_true(cursor.n == 0);
	/* Those that are equal come the least first in either way. */
	assert_string_equal(page(list, 5, true, &cursor, 9), "daecb");
	assert_string_equal(page(list, 0, true, &cursor, 9), "");
	assert_true(cursor.n == 0);
}

static void test_pages(void **state UNUSED)
{
	const struct list_item list[] = { item(2, "x", "a"), item(-1, "y", "b"), item(2, "w", "c"),
					  item(INT64_MAX, "", "d"), item(2, "x", "e") };
	str cursor = { 0 };

	assert_string_equal(page(list, 5, true, &cursor, 2), "da");
	assert_string_equal(page(list, 5, true, &cursor, 2), "ec");
	assert_string_equal(page(list, 5, true, &cursor, 2), "b");
	assert_true(cursor.n == 0);
	assert_string_equal(page(list, 5, false, &cursor, 1), "b");
	assert_string_equal(page(list, 5, false, &cursor, 4), "caed");
	assert_true(cursor.n == 0);
}

/* The last of a page goes, others come before and behind it: what stayed is told once. */
static void test_pages_while_things_change(void **state UNUSED)
{
	const struct list_item before[] = { item(1, "", "a"), item(2, "", "b"), item(3, "", "c"),
					    item(4, "", "d") };
	const struct list_item after[] = { item(0, "", "e"), item(1, "", "a"), item(3, "", "c"),
					   item(3, "", "f"), item(4, "", "d") };
	str cursor = { 0 };

	assert_string_equal(page(before, 4, false, &cursor, 2), "ab");
	assert_string_equal(page(after, 5, false, &cursor, 2), "cf");
	assert_string_equal(page(after, 5, false, &cursor, 2), "d");
	assert_true(cursor.n == 0);
	/* All that was to come went. */
	assert_string_equal(page(before, 4, true, &cursor, 3), "dcb");
	assert_string_equal(page(after, 1, false, &cursor, 3), "");
	assert_true(cursor.n == 0);
}

static void test_texts_with_nul(void **state UNUSED)
{
	struct list_item items[] = { item(0, "", "b"), item(0, "", "a") };
	struct list_slice p;

	items[1].text = (str){ "a\0b", 3 };
	OK(list_sort_page(items, 2, true, (str){ 0 }, 1, &arena, &p, E));
	assert_string_equal(p.items[0].item, "a");
	OK(list_sort_page(items, 2, true, p.next, 1, &arena, &p, E));
	assert_string_equal(p.items[0].item, "b");
}

static void test_cursors_of_others(void **state UNUSED)
{
	struct list_item items[] = { item(0, "", "b") };
	struct list_slice p;

	FAILS(EINVAL, list_sort_page(items, 1, true, S("?"), 1, &arena, &p, E));
	FAILS(EINVAL, list_sort_page(items, 1, true, S("YQ"), 1, &arena, &p, E));
	/* "a" NUL "b" NUL "c": no number */
	FAILS(EINVAL, list_sort_page(items, 1, true, S("YQBiAGM"), 1, &arena, &p, E));
	/* "1 2 3 4": a number too many. */
	FAILS(EINVAL, list_sort_page(items, 1, true, S("MSAyIDMgNABhAGI"), 1, &arena, &p, E));
}

static void test_versions(void **state UNUSED)
{
	assert_true(list_sort_version(S("0.10.0")) > list_sort_version(S("0.9.12")));
	assert_true(list_sort_version(S("1.0")) == list_sort_version(S("1.0.0-rc1")));
	assert_true(list_sort_version(S("1")) > list_sort_version(S("0.999999999999999999999.0")));
	assert_true(list_sort_version(S("")) == 0 && list_sort_version(S("x")) == 0);
}

static void test_reals(void **state UNUSED)
{
	assert_true(list_sort_real(-1) == list_sort_real(-0.5));
	assert_true(list_sort_real(-1) < list_sort_real(0));
	assert_true(list_sort_real(0) < list_sort_real(0.00001));
	assert_true(list_sort_real(0.97) < list_sort_real(9.8));
	assert_true(list_sort_real(1e300) > list_sort_real(100));
}

/* Told apart by what is behind the first, and by where one text ends; a cursor fits what the API takes. */
static void test_ids(void **state UNUSED)
{
	char long_text[1000];
	const str names[][2] = {
		{ S("a"), S("b") }, { S("a"), S("c") }, { S("ab"), S("") }, { S("a"), S("b") }
	};
	struct list_item items[2] = { 0 };
	struct list_slice p;
	str ids[4];

	for (size_t i = 0; i < 4; i++)
		ids[i] = list_sort_id(names[i], 2, &arena);
	assert_true(!str_eq(ids[0], ids[1]) && !str_eq(ids[0], ids[2]));
	assert_true(str_eq(ids[0], ids[3]));
	memset(long_text, 'x', sizeof(long_text));
	for (size_t i = 0; i < 2; i++) {
		const str texts[] = { { long_text, sizeof(long_text) - i }, S("") };

		items[i] = (struct list_item){ .number = INT64_MIN,
					       .text = texts[0],
					       .ranks = { UINT64_MAX, UINT64_MAX },
					       .id = list_sort_id(texts, 2, &arena) };
	}
	assert_false(str_eq(items[0].id, items[1].id));
	OK(list_sort_page(items, 2, true, (str){ 0 }, 1, &arena, &p, E));
	assert_in_range(p.next.n, 1, 512);
	OK(list_sort_page(items, 2, true, p.next, 1, &arena, &p, E));
	assert_true(p.count == 1 && p.next.n == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_pages_while_things_change),
		cmocka_unit_test(test_texts_with_nul),
		cmocka_unit_test(test_cursors_of_others),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_reals),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
