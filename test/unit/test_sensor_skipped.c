/*
 * Processes that take the processor from one another in the middle of a hook: each call is told, or counted as lost. The
 * kernel passes a program over that is at work on that processor already, which shows only under full preemption: the test
 * holds everywhere, a virtual machine shows the loss. Needs root.
 */
#include "sensor_host.h"
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kern/sensor.h"

enum { PROCESSES = 6, OPENS = 4000 };

struct seen {
	pid_t children[PROCESSES];
	unsigned int opens, gone;
	uint64_t skipped;
};

static void take(void *ctx, const struct event *v)
{
	struct seen *s = ctx;

	if (v->type == EVENT_LOSS && v->arg[1] == EVENT_LOSS_SKIPPED)
		s->skipped += (uint64_t)v->arg[0];
	for (unsigned int i = 0; i < PROCESSES; i++) {
		if (v->task.pid != (uint32_t)s->children[i])
			continue;
		s->opens += v->type == EVENT_OPENAT && str_is(v->path, "/etc/passwd");
		s->gone += v->type == EVENT_PROCEXIT;
	}
}

/* All on one processor; those that sleep between take it from those that do not. */
static void act(unsigned int no)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		_exit(1);
	for (int i = 0; i < OPENS; i++) {
		close((int)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
		if (no % 2)
			usleep(10);
	}
	_exit(0);
}

static void drain_until_gone(struct sensor *s, struct seen *seen)
{
	struct err e = { 0 };

	/* What is passed over may be an end, too: an end of waiting is set. */
	for (int idle = 0; idle < 50 && seen->gone < PROCESSES;) {
		struct pollfd p = { .fd = sensor_fd(s), .events = POLLIN };
		int n;

		poll(&p, 1, MAX(sensor_wait_ms(s), 1));
		n = sensor_drain(s, 0, take, seen, &e);
		assert_true(n >= 0);
		if (n)
			idle = 0;
		else if (waitpid(-1, NULL, WNOHANG) < 0)
			idle++;
	}
}

static void told_or_counted(void **state)
{
	static struct kernel_clause everything;
	struct sensor_config c = { .backend = tested_backend(),
				   .rate_per_s = 10000000,
				   .burst = 10000000 };
	struct kernel_filter *filter = calloc(1, sizeof(*filter));
	struct sensor_stats stats;
	struct sensor_loss lost[64];
	struct seen seen = { 0 };
	uint64_t of_all = 0, other = 0;
	struct err e = { 0 };
	struct sensor *s;
	int r;

	(void)state;
	filter->clauses[EVENT_OPENAT] = &everything;
	filter->clause_count[EVENT_OPENAT] = 1;
	r = geteuid() ? -EPERM : sensor_open(&c, filter, &s, &e);
	free(filter);
	if (r < 0)
		SKIP_BECAUSE("no sensor here: %s", e.text);
	for (unsigned int i = 0; i < PROCESSES; i++) {
		seen.children[i] = fork();
		if (!seen.children[i])
			act(i);
	}
	drain_until_gone(s, &seen);
	/* Losses of this kind are told after a second and a half. */
	usleep(1600000);
	assert_true(sensor_drain(s, 0, take, &seen, &e) >= 0);
	sensor_stats(s, &stats);
	for (unsigned int i = 0; i < EVENT_LOSS_SKIPPED; i++)
		other += stats.lost[i];
	for (size_t i = 0, n = sensor_losses(s, lost, ARRAY_LEN(lost)); i < n; i++)
		of_all += lost[i].lost[EVENT_LOSS_SKIPPED];
	print_message("# %u of %u opens told, %llu calls passed over, %llu lost otherwise\n",
		      seen.opens, PROCESSES * OPENS, (unsigned long long)seen.skipped,
		      (unsigned long long)other);
	assert_true(seen.opens > 0);
	assert_true(seen.opens + seen.skipped + other >= PROCESSES * OPENS);
	assert_true(stats.lost[EVENT_LOSS_SKIPPED] >= seen.skipped);
	assert_true(of_all >= seen.skipped);
	sensor_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(told_or_counted) };

	return RUN_BACKEND_TESTS(tests, NULL, NULL);
}
