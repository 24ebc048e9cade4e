/*
 * What a system call costs that no rule asks about: bench/unwatched [traced]
 *
 * `traced`: while the kernel tells this program of the return of another call, and nobody else of anything. That alone sends
 * every call of every process the kernel's slow way; what it costs is the least that tracepoints of system calls can.
 *
 * Prints ns of processor time for getppid(2) and for read(2) of one byte of /dev/zero, each the least of many slices: what
 * else runs can only add to one.
 */
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "kern/hook_place.h"

enum { CALLS = 20000, SLICES = 400 };

static void call(int zero)
{
	char byte;

	if (zero < 0)
		(void)syscall(SYS_getppid);
	else if (read(zero, &byte, 1) != 1)
		_exit(1);
}

static double least_ns(int zero)
{
	double least = 1e9;

	for (int i = 0; i < SLICES; i++) {
		uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID), ns;

		for (int k = 0; k < CALLS; k++)
			call(zero);
		ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
		least = MIN(least, (double)ns / CALLS);
	}
	return least;
}

static int trace(int processor)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	int tracefs = hook_place_tracefs(),
	    id = tracefs < 0 ? tracefs : hook_place_event(tracefs, "pivot_root");

	attr.config = (uint64_t)(unsigned int)id;
	return id < 0 ? id : (int)syscall(SYS_perf_event_open, &attr, -1, processor, -1, 0);
}

int main(int argc, char **argv)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)argv;
	if (zero < 0 || (argc > 1 && trace(0) < 0))
		return 1;
	printf("%.2f %.2f\n", least_ns(-1), least_ns(zero));
	return 0;
}
