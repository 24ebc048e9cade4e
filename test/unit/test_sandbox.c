#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/process.h"
#include "base/sandbox.h"

static const struct sandbox_limits limits = { .memory_bytes = 64 << 20, .cpu_s = 5 };

static int allowed_work(void *ctx)
{
	int *fds = ctx;
	char text[8];

	if (sandbox_enter(&limits, NULL) < 0)
		return 1;
	free(malloc(1 << 20));
	if (malloc(256 << 20))
		return 2;
	if (read(fds[0], text, sizeof(text)) != 5 || write(fds[1], "done", 4) != 4)
		return 3;
	return 42;
}

static int opens(void *ctx)
{
	(void)ctx;
	return sandbox_enter(&limits, NULL) < 0 ? 1
						: open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}

static int connects(void *ctx)
{
	(void)ctx;
	return sandbox_enter(&limits, NULL) < 0 ? 1 : socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int forks(void *ctx)
{
	(void)ctx;
	return sandbox_enter(&limits, NULL) < 0 ? 1 : fork() >= 0;
}

static int runs_made_code(void *ctx)
{
	(void)ctx;
	return sandbox_enter(&limits, NULL) < 0
		       ? 1
		       : mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0) != MAP_FAILED;
}

static int kills(void *ctx)
{
	(void)ctx;
	return sandbox_enter(&limits, NULL) < 0 ? 1 : kill(1, 0) == 0;
}

static int spins(void *ctx)
{
	const struct sandbox_limits short_life = { .cpu_s = 1 };

	(void)ctx;
	if (sandbox_enter(&short_life, NULL) < 0)
		return 1;
	for (volatile uint64_t i = 0;; i++)
		;
}

static struct process_end run(int (*fn)(void *), void *ctx, const int *keep, size_t count)
{
	struct process_end end;
	pid_t pid;

	assert_int_equal(process_start(fn, ctx, keep, count, &pid, NULL), 0);
	assert_int_equal(process_wait(pid, &end, NULL), 0);
	return end;
}

static void what_a_parser_needs_works(void **state)
{
	int in[2], out[2];
	char text[8];

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	SKIP_BECAUSE("the address sanitizer makes calls the sandbox kills");
#endif
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	int fds[] = { in[0], out[1] };
	assert_int_equal(write(in[1], "hello", 5), 5);
	struct process_end end = run(allowed_work, fds, fds, 2);
	assert_int_equal(end.signal, 0);
	assert_int_equal(end.exit_status, 42);
	assert_int_equal(read(out[0], text, sizeof(text)), 4);
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
}

static void everything_else_is_death(void **state)
{
	static int (*const acts[])(void *) = { opens, connects, forks, runs_made_code, kills };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(acts); i++)
		assert_int_equal(run(acts[i], NULL, NULL, 0).signal, SIGSYS);
}

static void an_endless_loop_ends(void **state)
{
	int by;

	(void)state;
	by = run(spins, NULL, NULL, 0).signal;
	assert_true(by == SIGXCPU || by == SIGKILL);
}

static int counts_descriptors(void *ctx)
{
	int n = 0;

	for (int fd = 3; fd < 200; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n == 1 && fcntl(*(int *)ctx, F_GETFD) >= 0 ? 0 : 1;
}

static void a_child_has_only_what_it_is_given(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(run(counts_descriptors, &ends[1], &ends[1], 1).exit_status, 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_parser_needs_works),
		cmocka_unit_test(everything_else_is_death),
		cmocka_unit_test(an_endless_loop_ends),
		cmocka_unit_test(a_child_has_only_what_it_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
