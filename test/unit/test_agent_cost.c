#include "console/store/agents.h"
#include "store_stage.h"

#define SLOT AGENT_COST_SLOT_NS

/* What "a-1" cost in the hour before; 0: nothing is known. */
static void hour_is(struct store *s, int64_t now_ns, int64_t ms, int64_t cpu_ms)
{
	const struct agent_cost *x;
	struct arena a;
	struct map m;

	arena_init(&a, 0);
	OK(agent_cost_hour(s, now_ns, &a, &m, E));
	x = map_find(&m, S("a-1"));
	assert_int_equal(x ? x->ms : 0, ms);
	assert_int_equal(x ? x->cpu_ms : 0, cpu_ms);
	/* It costs, and is no agent. */
	assert_null(map_find(&m, S("a-2")));
	arena_done(&a);
}

static void cost_is_kept_for_a_day(struct store *s, const char *where)
{
	const struct agent_cost one = {
		.ms = 15000, .cpu_ms = 150, .memory = 7, .events = 30, .lost = 1
	};
	struct agent_cost more = one, list[AGENT_COST_SLOTS];
	int64_t at = 1000 * SLOT + 5;
	size_t n;

	(void)where;
	OK(agent_cost_add(s, S("a-1"), &one, at, E));
	more.memory = 9;
	OK(agent_cost_add(s, S("a-1"), &more, at + SLOT / 2, E));
	more.memory = 8;
	OK(agent_cost_add(s, S("a-1"), &more, at + SLOT - 6, E));
	OK(agent_cost_add(s, S("a-2"), &one, at, E));
	OK(agent_cost_list(s, S("a-1"), at + SLOT, list, &n, E));
	assert_int_equal(n, 1);
	assert_true(list[0].start_ns == 1000 * SLOT && list[0].ms == 45000 &&
		    list[0].cpu_ms == 450);
	assert_true(list[0].memory == 9 && list[0].events == 90 && list[0].lost == 3);
	OK(sql_do(
		s->sql,
		"INSERT INTO agent (id, name, machine_id, kernel, os, version, address, labels, "
		"stats, scan, state, ended, silent, enrolled_ns, seen_ns, certificate_to_s, lost) "
		"VALUES ('a-1', 'n', '', '', '', '', '', '', '', '', 0, 0, 0, 1, 1, 0, 0)",
		SQL_NONE, E));
	hour_is(s, at + SLOT, 45000, 450);
	hour_is(s, at + 11 * SLOT, 45000, 450);
	hour_is(s, at + 12 * SLOT, 0, 0);
	/* Ten days later there is as much as of one. */
	for (int i = 1; i < 10 * AGENT_COST_SLOTS; i++)
		if (i % 7)
			OK(agent_cost_add(s, S("a-1"), &one, at + i * SLOT, E));
	at += 10 * AGENT_COST_SLOTS * SLOT;
	hour_is(s, at, 9 * 15000, 9 * 150);
	OK(agent_cost_list(s, S("a-1"), at, list, &n, E));
	assert_true(n > AGENT_COST_SLOTS * 5 / 7 && n < AGENT_COST_SLOTS);
	for (size_t i = 0; i < n; i++)
		assert_true(list[i].ms == 15000 && (!i || list[i].start_ns > list[i - 1].start_ns));
	assert_int_equal(OK(sql_do(s->sql, "UPDATE agent_cost SET ms = ms WHERE agent = 'a-1'",
				   SQL_NONE, E)) <= AGENT_COST_SLOTS,
			 1);
}

static void test_cost_is_kept_for_a_day(void **state)
{
	(void)state;
	store_stage_each(cost_is_kept_for_a_day);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cost_is_kept_for_a_day),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}
