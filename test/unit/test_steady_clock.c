#include "unit.h"

#include "base/steady_clock.h"

#define S_NS ((int64_t)SECOND_NS)
#define HOUR_NS (3600 * S_NS)
#define YEAR_NS (365 * 24 * HOUR_NS)
#define START_NS (50 * YEAR_NS)

/* A minute passes, and the wall clock is set by @p set_ns besides. */
static int64_t minute(struct steady_clock *c, int64_t set_ns, int64_t *ret_set_ns)
{
	return steady_clock_now(c, c->mono_ns + 60 * SECOND_NS, c->wall_ns + 60 * S_NS + set_ns,
				ret_set_ns);
}

static void goes_with_a_clock_that_is_not_set(void **state UNUSED)
{
	struct steady_clock c = { 0 };
	int64_t set;

	assert_int_equal(steady_clock_now(&c, 5, START_NS, &set), START_NS);
	for (int i = 0; i < 100; i++) {
		/* kept right by small steps */
		int64_t now = minute(&c, i % 2 ? S_NS : -S_NS, &set);

		assert_int_equal(now, c.wall_ns);
		assert_int_equal(set, 0);
	}
}

static void follows_a_jump_a_day_later(void **state UNUSED)
{
	static const int64_t jumps[] = { HOUR_NS,  24 * HOUR_NS,  10 * YEAR_NS,
					 -HOUR_NS, -24 * HOUR_NS, -10 * YEAR_NS };

	for (size_t i = 0; i < ARRAY_LEN(jumps); i++) {
		struct steady_clock c = { 0 };
		int64_t set;

		(void)steady_clock_now(&c, 5, START_NS, &set);
		assert_int_equal(minute(&c, jumps[i], &set), START_NS + 60 * S_NS);
		assert_int_equal(set, jumps[i]);
		for (int m = 2; m <= 24 * 60; m++) {
			assert_int_equal(minute(&c, 0, &set), START_NS + m * 60 * S_NS);
			assert_int_equal(set, 0);
		}
		assert_int_equal(minute(&c, 0, &set),
				 START_NS + 24 * HOUR_NS + 60 * S_NS + jumps[i]);
		assert_int_equal(minute(&c, 0, &set),
				 START_NS + 24 * HOUR_NS + 120 * S_NS + jumps[i]);
	}
}

static void is_right_again_when_the_clock_is(void **state UNUSED)
{
	struct steady_clock c = { 0 };
	int64_t set;

	(void)steady_clock_now(&c, 5, START_NS, &set);
	(void)minute(&c, 10 * YEAR_NS, &set);
	assert_int_equal(minute(&c, S_NS - 10 * YEAR_NS, &set), START_NS + 121 * S_NS);
	assert_int_equal(minute(&c, 0, &set), START_NS + 181 * S_NS);
	assert_int_equal(c.follow_ns, 0);
}

static void waits_an_hour_for_a_clock_that_starts_far_ahead(void **state UNUSED)
{
	static const int64_t aheads[] = { 3 * 24 * HOUR_NS, 90 * 24 * HOUR_NS, YEAR_NS };

	for (size_t i = 0; i < ARRAY_LEN(aheads); i++) {
		struct steady_clock c = { 0 };
		int64_t set;

		(void)steady_clock_now(&c, 5, START_NS + aheads[i], &set);
		assert_true(steady_clock_resume(&c, START_NS));
		for (int m = 1; m < 60; m++)
			assert_int_equal(minute(&c, 0, &set), START_NS + m * 60 * S_NS);
		assert_int_equal(minute(&c, 0, &set), START_NS + aheads[i] + HOUR_NS);
		assert_int_equal(set, 0);
	}
}

static void forgets_its_doubt_when_the_clock_is_put_right(void **state UNUSED)
{
	struct steady_clock c = { 0 };
	int64_t set;

	(void)steady_clock_now(&c, 5, START_NS + YEAR_NS, &set);
	assert_true(steady_clock_resume(&c, START_NS));
	(void)minute(&c, 0, &set);
	assert_int_equal(minute(&c, -YEAR_NS, &set), START_NS + 120 * S_NS);
	assert_int_equal(c.follow_ns, 0);
}

static void believes_a_clock_that_starts_near_or_behind(void **state UNUSED)
{
	static const int64_t aheads[] = { 0, HOUR_NS, 47 * HOUR_NS, -HOUR_NS, -10 * YEAR_NS };

	for (size_t i = 0; i < ARRAY_LEN(aheads); i++) {
		struct steady_clock c = { 0 };
		int64_t set;

		(void)steady_clock_now(&c, 5, START_NS + aheads[i], &set);
		assert_false(steady_clock_resume(&c, START_NS));
		assert_int_equal(minute(&c, 0, &set), START_NS + aheads[i] + 60 * S_NS);
	}
}

/* Who stood by with a clock that is wrong for long believes it; who led before knew better. */
static void takes_over_from_one_whose_clock_was_right(void **state UNUSED)
{
	struct steady_clock c = { 0 };
	int64_t set;

	(void)steady_clock_now(&c, 5, START_NS + YEAR_NS, &set);
	(void)minute(&c, 0, &set);
	assert_true(steady_clock_resume(&c, START_NS));
	assert_int_equal(minute(&c, 0, &set), START_NS + 60 * S_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_with_a_clock_that_is_not_set),
		cmocka_unit_test(follows_a_jump_a_day_later),
		cmocka_unit_test(is_right_again_when_the_clock_is),
		cmocka_unit_test(waits_an_hour_for_a_clock_that_starts_far_ahead),
		cmocka_unit_test(forgets_its_doubt_when_the_clock_is_put_right),
		cmocka_unit_test(believes_a_clock_that_starts_near_or_behind),
		cmocka_unit_test(takes_over_from_one_whose_clock_was_right),
	};

	return cmocka_run_group_tests_name("steady_clock", tests, NULL, NULL);
}
