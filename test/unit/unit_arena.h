/** @file
 * An arena for all tests of a program: cmocka_run_group_tests(tests, arena_setup, arena_teardown).
 */
#ifndef SKEP_TEST_UNIT_ARENA_H
#define SKEP_TEST_UNIT_ARENA_H

#include "base/arena.h"

static struct arena arena;

static int arena_setup(void **state)
{
	(void)state;
	arena_init(&arena, (size_t)64 << 20);
	return 0;
}

static int arena_teardown(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

#endif
