/* What a child does by io_uring is told as if by system calls. Needs root. */
#include "sensor_host.h"
#include "unit.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "kern/sensor.h"

struct seen {
	uint32_t pid;
	bool opened, removed, made, gone;
};

/* The child calls it after its parent, whose number it has. */
static const char *own_folder(void)
{
	static char path[64];

	if (!path[0])
		snprintf(path, sizeof(path), "/tmp/test_sensor_uring.%d", (int)getpid());
	return path;
}

static void take(void *ctx, const struct event *v)
{
	struct seen *s = ctx;

	if (v->task.pid != s->pid)
		return;
	if (v->type == EVENT_PROCEXIT)
		s->gone = true;
	if (!(v->marks & EVENT_IO_URING))
		return;
	s->opened |= v->type == EVENT_OPENAT && str_is(v->path, "/etc/passwd") &&
		     v->fd.number >= 0 && v->fd.kind == EVENT_FD_FILE &&
		     v->fd.file_flags & EVENT_FILE_SEEN && !(v->fd.file_flags & EVENT_FILE_CREATED);
	s->made |= v->type == EVENT_MKDIRAT && str_is(v->path, own_folder()) && v->mode == 0700;
	s->removed |= v->type == EVENT_UNLINKAT && str_is(v->path, own_folder()) &&
		      v->flags == AT_REMOVEDIR;
}

/* One request after the other; three are all it takes. */
static void requests(const struct io_uring_sqe *sqes, unsigned int n)
{
	struct io_uring_params p = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 4, &p);
	uint8_t *sq;
	struct io_uring_sqe *slots;

	if (fd < 0)
		_exit(77);
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(uint32_t), PROT_READ | PROT_WRITE,
		  MAP_SHARED, fd, IORING_OFF_SQ_RING);
	slots = mmap(NULL, p.sq_entries * sizeof(*slots), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     IORING_OFF_SQES);
	if (sq == MAP_FAILED || slots == MAP_FAILED)
		_exit(77);
	for (unsigned int i = 0; i < n; i++) {
		slots[i] = sqes[i];
		((uint32_t *)(void *)(sq + p.sq_off.array))[i] = i;
		__atomic_store_n((uint32_t *)(void *)(sq + p.sq_off.tail), i + 1, __ATOMIC_RELEASE);
		syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	}
}

static void act(void)
{
	/* Relative to the folder they are in. */
	const char *name = own_folder() + strlen("/tmp/");
	const struct io_uring_sqe sqes[] = {
		{ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t) "/etc/passwd" },
		{ .opcode = IORING_OP_MKDIRAT,
		  .fd = AT_FDCWD,
		  .addr = (uintptr_t)name,
		  .len = 0700 },
		{ .opcode = IORING_OP_UNLINKAT,
		  .fd = AT_FDCWD,
		  .addr = (uintptr_t)name,
		  .unlink_flags = AT_REMOVEDIR },
	};

	if (chdir("/tmp"))
		_exit(77);
	requests(sqes, ARRAY_LEN(sqes));
}

static void by_uring(void **state)
{
	static struct kernel_clause everything;
	struct sensor_config c = { .backend = SENSOR_TRACEPOINT };
	struct kernel_filter *filter = calloc(1, sizeof(*filter));
	const enum event_type types[] = { EVENT_OPENAT, EVENT_MKDIRAT, EVENT_UNLINKAT };
	struct seen seen = { 0 };
	struct err e = { 0 };
	struct sensor *s;
	int status, r;
	pid_t child;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		filter->clauses[types[i]] = &everything;
		filter->clause_count[types[i]] = 1;
	}
	r = geteuid() ? -EPERM : sensor_open(&c, filter, &s, &e);
	free(filter);
	if (r < 0)
		SKIP_BECAUSE("no sensor here: %s", e.text);
	(void)own_folder();
	child = fork();
	if (!child) {
		act();
		_exit(0);
	}
	seen.pid = (uint32_t)child;
	waitpid(child, &status, 0);
	/* By the clock: what others do on this machine wakes, too. */
	for (time_t until = time(NULL) + 30; !seen.gone && time(NULL) < until;) {
		struct pollfd p = { .fd = sensor_fd(s), .events = POLLIN };

		poll(&p, 1, 20);
		assert_true(sensor_drain(s, 0, take, &seen, &e) >= 0);
	}
	sensor_close(s);
	if (status)
		SKIP_BECAUSE("no io_uring here");
	assert_true(seen.opened);
	assert_true(seen.made);
	assert_true(seen.removed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_uring),
	};

	return RUN_SENSOR_TESTS(tests, NULL, NULL);
}
