/*
 * A sensor whose programs are loaded while its filter is not known yet sees what any other does; one that is not wanted after all
 * ends; a successor loads nothing; and what the kernel refuses is told as what it is. Needs root.
 */
#include "sensor_host.h"
#include "unit.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

/* What is said to come is loaded meanwhile; one that ends all the same ends, too. */
static void expecting_its_filter(void **state)
{
	struct sensor_config c = { .backend = SENSOR_TRACEPOINT };
	struct kernel_filter *filter = opens();
	struct sensor *s = NULL;
	struct err e = { 0 };

	(void)state;
	for (int begun = 0; begun < 2; begun++) {
		if (geteuid() || sensor_new(&c, true, &s, &e) < 0) {
			print_message("# skipped: %s\n", geteuid() ? "needs root" : e.text);
			break;
		}
		sensor_expect(s, filter);
		if (begun) {
			assert_int_equal(sensor_start(s, filter, &e), 0);
			sees(s);
		}
		sensor_close(s);
	}
	free(filter);
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

/* Writing into BPF maps, by this thread and those it starts. */
static void forbid_map_writes(void)
{
	struct sock_filter calls[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_MAP_UPDATE_ELEM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { ARRAY_LEN(calls), calls };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		_exit(2);
}

/* In a child of its own, which keeps the filter of its calls. @return an exit code */
static int start_refused(void)
{
	struct sensor_config c = { .backend = SENSOR_TRACEPOINT };
	struct kernel_filter *filter = opens();
	struct sensor *s = NULL;
	struct err e = { 0 };
	int r = sensor_new(&c, true, &s, &e);

	if (r < 0)
		return 3;
	forbid_map_writes();
	r = sensor_start(s, filter, &e);
	print_message("# %s\n", e.text);
	if (r != -EPERM || !strstr(e.text, "BPF map 'cgroups' (Operation not permitted)") ||
	    !strstr(e.text, "CAP_BPF"))
		return 1;
	return 0;
}

static void refused_map_is_told(void **state)
{
	struct sensor *s = NULL;
	struct sensor_config c = { .backend = SENSOR_TRACEPOINT };
	int status;
	pid_t child;

	(void)state;
	if (!start(&c, &s))
		return;
	sensor_close(s);
	fflush(NULL);
	child = fork();
	if (!child) {
		status = start_refused();
		fflush(NULL);
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
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
		cmocka_unit_test(ahead_of_its_filter),  cmocka_unit_test(expecting_its_filter),
		cmocka_unit_test(not_wanted_after_all), cmocka_unit_test(successor_loads_nothing),
		cmocka_unit_test(refused_map_is_told),
	};

	return RUN_SENSOR_TESTS(tests, NULL, NULL);
}
