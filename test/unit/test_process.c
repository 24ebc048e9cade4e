/* A child's end is seen by who polls, and by who waits afterwards. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>

#include "base/process.h"

static int until_told(void *ctx)
{
	const int *end = ctx;
	char c;

	return read(*end, &c, 1) == 0 ? 7 : 1;
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void test_a_child_is_watched(void **state)
{
	struct process_end end;
	int ends[2], watch;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(process_start(until_told, &ends[0], &ends[0], 1, &pid, NULL), 0);
	watch = process_watch(pid);
	assert_true(watch >= 0);
	assert_false(is_readable(watch, 0));
	close(ends[1]);
	assert_true(is_readable(watch, 60000));
	assert_int_equal(process_wait(pid, &end, NULL), 0);
	assert_int_equal(end.exit_status, 7);
	close(watch);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_child_is_watched) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
