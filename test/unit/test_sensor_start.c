/*
 * A sensor whose programs are loaded while its filter is not known yet sees what any other does; one that is not wanted after all
 * ends; and a successor loads nothing. Needs root.
 */
#include "sensor_host.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kern/sensor.h"

enum { KEPT = 128 };

struct seen {
	uint32_t pid;
	unsigned int opens, snapshot;
};

static void take(void *ctx, const struct event *v)
{
	struct seen *s = ctx;

	s->opens += v->type == EVENT_OPENAT && v->task.pid == s->pid;
	s->snapshot += v->type == EVENT_EXECVE && v->task.pid == s->pid;
}

static struct kernel_filter *opens(void)
{
	static struct kernel_clause everything;
	struct kernel_filter *filter = calloc(1, sizeof(*filter));

	assert_non_null(filter);
	filter->clauses[EVENT_OPENAT] = &everything;
	filter->clause_count[EVENT_OPENAT] = 1;
	return filter;
}

/* Ourselves among the processes that run, and an open of ours. */
static void sees(struct sensor *s)
{
	struct seen seen = { .pid = (uint32_t)getpid() };
	struct err e = { 0 };

	assert_true(sensor_snapshot(s, take, &seen, &e) >= 0);
	assert_int_equal(seen.snapshot, 1);
	assert_true(sensor_drain(s, 0, take, &seen, &e) >= 0); /* what a predecessor left */
	seen.opens = 0;
	close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
	assert_true(sensor_drain(s, 0, take, &seen, &e) > 0);
	assert_int_equal(seen.opens, 1);
}

/* @return whether there is one; why not is told */
static bool start(struct sensor_config *c, struct sensor **ret)
{
	struct kernel_filter *filter = opens();
	struct err e = { 0 };
	int r = geteuid() ? -EPERM : sensor_new(c, true, ret, &e);

	if (r == 0)
		r = sensor_start(*ret, filter, &e);
	free(filter);
	if (r < 0)
		print_message("# skipped: %s\n", geteuid() ? "needs root" : e.text);
	return r == 0;
}

static void ahead_of_its_filter(void **state)
{
	struct sensor_config c = { .backend = SENSOR_TRACEPOINT };
	struct sensor *s = NULL;

	(void)state;
	if (!start(&c, &s))
		return;
	sees(s);
	sensor_close(s);
}

static void not_wanted_after_all(void **state)
{
	struct sensor_config c = { .backend = SENSOR_TRACEPOINT };
	struct sensor *s = NULL;
	struct err e = { 0 };

	(void)state;
	if (geteuid() || sensor_new(&c, true, &s, &e) < 0)
		SKIP_BECAUSE("no sensor here: %s", e.text);
	sensor_close(s);
}

/* @param ret_loose  counts those that no link holds: iterators */
static unsigned int program_of(int fd, unsigned int *ret_loose)
{
	char path[64], line[128];
	unsigned int id = 0, type = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	assert_non_null(f);
	while (!id && fgets(line, sizeof(line), f))
		if (sscanf(line, "prog_type: %u", &type) == 1)
			++*ret_loose;
		else
			(void)!sscanf(line, "prog_id: %u", &id);
	fclose(f);
	return id;
}

/* By their numbers in the kernel, which are never given twice: links name theirs, too. */
static unsigned int programs(const struct sensor *s, unsigned int ret[KEPT])
{
	int kept[KEPT];
	unsigned int count = 0, loose = 0;
	size_t n = sensor_keep(s, kept, KEPT);

	for (size_t i = 0; i < n; i++) {
		ret[count] = program_of(kept[i], &loose);
		count += ret[count] != 0;
	}
	assert_int_equal(loose, 1);
	return count;
}

static void successor_loads_nothing(void **state)
{
	struct sensor_config c = { .backend = SENSOR_TRACEPOINT };
	unsigned int before[KEPT], after[KEPT], count;
	struct sensor *s = NULL, *next = NULL;
	int kept[KEPT];

	(void)state;
	if (!start(&c, &s))
		return;
	count = programs(s, before);
	c.kept = kept;
	c.kept_count = sensor_keep(s, kept, KEPT);
	assert_true(start(&c, &next));
	assert_int_equal(programs(next, after), count);
	assert_memory_equal(before, after, count * sizeof(before[0]));
	sensor_close(s);
	sees(next);
	sensor_close(next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ahead_of_its_filter),
		cmocka_unit_test(not_wanted_after_all),
		cmocka_unit_test(successor_loads_nothing),
	};

	return RUN_SENSOR_TESTS(tests, NULL, NULL);
}
