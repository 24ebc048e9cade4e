/* What is held comes back as it was, each control group's in its order, inside the bounds. */
#include "unit.h"

#include <stdio.h>

#include "watch/hold.h"

static bool add(struct hold *h, uint64_t group, int n)
{
	char path[32], args[32];
	struct event_exec x = { .comm = S("sh"), .cwd = S("/") };
	struct event v = { .type = EVENT_EXECVE, .cgroup_id = group, .number = (uint64_t)n };

	snprintf(path, sizeof(path), "/p/%d", n);
	snprintf(args, sizeof(args), "arg %d", n);
	v.path = str_from(path);
	v.fd.path = S("fd");
	x.args = str_from(args);
	v.exec = n % 2 ? &x : NULL;
	return hold_add(h, group, &v, (uint64_t)n, (uint32_t)n + 7);
}

static void takes(struct hold *h, uint64_t group, int n)
{
	struct event v;
	struct event_exec x;
	char want[32];
	uint32_t note;

	assert_true(hold_take(h, group, &v, &x, &note));
	snprintf(want, sizeof(want), "/p/%d", n);
	assert_str(v.path, want);
	assert_str(v.fd.path, "fd");
	assert_int_equal(v.number, n);
	assert_int_equal(note, n + 7);
	assert_true((v.exec != NULL) == (n % 2 == 1));
	if (!v.exec)
		return;
	snprintf(want, sizeof(want), "arg %d", n);
	assert_str(v.exec->args, want);
	assert_str(v.exec->comm, "sh");
	assert_str(v.exec->cwd, "/");
}

static void test_order(void **state)
{
	struct hold h;
	struct event v;
	struct event_exec x;
	uint64_t group, since;

	(void)state;
	assert_int_equal(hold_init(&h, 8, 1 << 14, NULL), 0);
	assert_false(hold_oldest(&h, &group, &since));
	for (int i = 1; i <= 6; i++)
		assert_true(add(&h, i % 2 ? 100 : 200, i));
	assert_true(hold_has(&h, 100));
	takes(&h, 200, 2);
	assert_true(hold_oldest(&h, &group, &since));
	assert_int_equal(group, 100);
	assert_int_equal(since, 1);
	takes(&h, 100, 1);
	assert_true(hold_oldest(&h, &group, &since));
	assert_int_equal(since, 3);
	assert_true(add(&h, 100, 7));
	takes(&h, 100, 3);
	takes(&h, 100, 5);
	takes(&h, 100, 7);
	assert_false(hold_take(&h, 100, &v, &x, NULL));
	assert_false(hold_has(&h, 100));
	takes(&h, 200, 4);
	takes(&h, 200, 6);
	assert_int_equal(h.waiting, 0);
	assert_int_equal(h.used, 0);
	hold_done(&h);
}

static void test_bounds(void **state)
{
	struct hold h;

	(void)state;
	assert_int_equal(hold_init(&h, 4, 1 << 14, NULL), 0);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 4; i++)
			assert_true(add(&h, 1, i));
		assert_false(add(&h, 1, 9));
		for (int i = 0; i < 4; i++)
			takes(&h, 1, i);
	}
	hold_done(&h);
	/* Bytes run out before places. */
	assert_int_equal(hold_init(&h, 100, 2048, NULL), 0);
	assert_true(add(&h, 1, 0));
	int held = 1;
	while (add(&h, 1, held))
		held++;
	assert_true(held < 100);
	for (int i = 0; i < held; i++)
		takes(&h, 1, i);
	assert_true(add(&h, 1, 0));
	hold_done(&h);
}

/* What waits again stays as it is, whatever the store's texts do meanwhile, and takes no room but its own. */
static void test_again(void **state UNUSED)
{
	enum { HELD = 64, LONG = 4000 };
	static char path[LONG];
	struct hold h;
	struct event v;
	struct event_exec x;
	uint32_t note;

	assert_int_equal(hold_init(&h, HELD, HELD * (LONG + 2 * sizeof(v)), NULL), 0);
	for (uint32_t round = 0; round < 3; round++) {
		for (int i = 0; i < HELD; i++) {
			memset(path, i, LONG);
			v = (struct event){ .type = EVENT_OPEN, .path = { path, LONG } };
			assert_true(hold_add(&h, 1, &v, 1, (uint32_t)i));
		}
		for (uint64_t group = 1; group < 4; group++)
			for (uint32_t i = 0; i < HELD; i++) {
				assert_true(hold_take(&h, group, &v, &x, &note));
				assert_int_equal(note, i);
				memset(path, (int)i, LONG);
				assert_memory_equal(v.path.p, path, LONG);
				if (group < 3)
					assert_true(hold_again(&h, group + 1, group));
				assert_memory_equal(v.path.p, path, LONG);
			}
		assert_int_equal(h.waiting, 0);
	}
	hold_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order),
					    cmocka_unit_test(test_bounds),
					    cmocka_unit_test(test_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
