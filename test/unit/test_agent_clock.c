#include "console/store/agents.h"
#include "store_stage.h"

#define LIMIT AGENT_CLOCK_LIMIT_MS

static void put_agent(struct store *s, const char *id)
{
	OK(sql_do(
		s->sql,
		"INSERT INTO agent (id, name, machine_id, kernel, os, version, address, labels, "
		"stats, scan, state, ended, silent, enrolled_ns, seen_ns, certificate_to_s, lost) "
		"VALUES (?1, 'n', '', '', '', '', '', '', '', '', 0, 0, 0, 1, 1, 0, 0)",
		SQL_ARGS(SQL_T(str_from(id))), E));
}

static void says(struct store *s, const char *id, const int64_t *ms, bool want_off)
{
	struct agent got = { 0 };
	struct arena a;

	arena_init(&a, 0);
	OK(agent_seen(s, str_from(id), S("::1"), ms, E));
	OK(agent_get(s, str_from(id), &a, &got, E));
	assert_int_equal(got.clock_known, ms != NULL);
	assert_int_equal(got.clock_ms, ms ? *ms : 0);
	assert_int_equal(got.clock_off, want_off);
	arena_done(&a);
}

static void ahead(struct store *s, const char *id, int64_t ms, bool want_off)
{
	says(s, id, &ms, want_off);
}

/* How many are to be told of. */
static size_t untold(struct store *s)
{
	struct agent *list;
	struct arena a;
	size_t n = 99;

	arena_init(&a, 0);
	OK(agent_take_clocks_off(s, &a, &list, &n, E));
	for (size_t i = 0; i < n; i++)
		assert_true(list[i].clock_off && list[i].clock_known);
	arena_done(&a);
	return n;
}

static void clocks_are_judged_twice(struct store *s, const char *where)
{
	struct agent_clocks all;

	(void)where;
	put_agent(s, "a-1");
	put_agent(s, "a-2");
	put_agent(s, "a-3");
	/* One batch may have been held up; and up to the limit all is well. */
	ahead(s, "a-1", -LIMIT - 1, false);
	ahead(s, "a-1", -LIMIT / 2, false);
	ahead(s, "a-1", -LIMIT - 1, false);
	for (int i = 0; i < 3; i++)
		ahead(s, "a-2", LIMIT, false);
	assert_int_equal(untold(s), 0);
	ahead(s, "a-1", LIMIT + 1, true);
	assert_int_equal(untold(s), 1);
	assert_int_equal(untold(s), 0);
	/* About the limit it is what it was, and told of once. */
	ahead(s, "a-1", LIMIT / 2 + 1, true);
	ahead(s, "a-1", 100 * LIMIT, true);
	assert_int_equal(untold(s), 0);
	OK(agent_clocks(s, &all, E));
	assert_true(all.known == 2 && all.off == 1 && all.most_ms == 100 * LIMIT);
	ahead(s, "a-1", 0, false);
	ahead(s, "a-1", LIMIT + 1, false);
	ahead(s, "a-1", LIMIT + 1, true);
	assert_int_equal(untold(s), 1);
	/* An older agent put in its place says nothing of its clock. */
	says(s, "a-1", NULL, false);
	assert_int_equal(untold(s), 0);
	OK(agent_clocks(s, &all, E));
	assert_true(all.known == 1 && all.off == 0 && all.most_ms == LIMIT);
	/* Who ended is not told of. */
	ahead(s, "a-3", LIMIT + 1, false);
	ahead(s, "a-3", LIMIT + 1, true);
	OK(agent_set_ended(s, S("a-3"), E));
	assert_int_equal(untold(s), 0);
}

static void test_clocks_are_judged_twice(void **state)
{
	(void)state;
	store_stage_each(clocks_are_judged_twice);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks_are_judged_twice),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}
