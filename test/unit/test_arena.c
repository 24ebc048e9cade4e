#include "unit.h"

#include "base/map.h"

static void budget_is_kept(void **state UNUSED)
{
	struct arena a;
	size_t got = 0;

	arena_init(&a, 1 << 20);
	while (arena_alloc(&a, 1000))
		got++;
	assert_true(got > 900 && got < 1049);
	assert_true(a.used_bytes <= 1 << 20);
	assert_null(arena_array(&a, SIZE_MAX / 2, 8));
	arena_done(&a);
}

static void push_keeps_order(void **state UNUSED)
{
	struct arena a;
	int *items = NULL;
	size_t count = 0, cap = 0;

	arena_init(&a, 0);
	for (int i = 0; i < 1000; i++) {
		int *at = ARENA_PUSH(&a, items, count, cap);

		assert_non_null(at);
		*at = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	arena_done(&a);
}

static void map_finds_what_was_put(void **state UNUSED)
{
	struct arena a;
	struct map m;
	static int values[500];

	arena_init(&a, 0);
	m = map_in(&a);
	for (int i = 0; i < 500; i++) {
		void **at = map_at(&m, arena_printf(&a, "key %d", i));

		assert_non_null(at);
		*at = &values[i];
	}
	assert_ptr_equal(map_find(&m, S("key 77")), &values[77]);
	assert_null(map_find(&m, S("key 500")));
	assert_int_equal(m.count, 500);
	arena_done(&a);
}

static void reset_gives_clean_memory_and_the_whole_budget(void **state UNUSED)
{
	struct arena a;

	arena_init(&a, 1 << 20);
	arena_reset(&a);
	for (int round = 0; round < 50; round++) {
		size_t n = round % 5 == 4 ? 200 * 1024 : 30 * 1024;

		for (int i = 0; i < 4; i++) {
			unsigned char *p = arena_alloc(&a, n);

			assert_non_null(p);
			for (size_t k = 0; k < n; k++)
				assert_int_equal(p[k], 0);
			memset(p, 0xa5, n);
		}
		arena_reset(&a);
		assert_true(a.used_bytes <= 80 * 1024);
	}
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budget_is_kept),
		cmocka_unit_test(push_keeps_order),
		cmocka_unit_test(map_finds_what_was_put),
		cmocka_unit_test(reset_gives_clean_memory_and_the_whole_budget),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
