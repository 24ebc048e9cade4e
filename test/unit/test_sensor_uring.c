/* What a child does by io_uring is told as if by system calls. Needs root. */
#include "sensor_host.h"
#include "unit.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "kern/sensor.h"

struct seen {
	uint32_t pid;
	bool opened, removed, made, gone;
	unsigned int connected, abstract; /* to the name that was bound */
};

/* The child calls it after its parent, whose number it has. */
static const char *own_folder(void)
{
	static char path[64];

	if (!path[0])
		snprintf(path, sizeof(path), "/tmp/test_sensor_uring.%d", (int)getpid());
	return path;
}

/* A local socket there, and one without a file. */
static const char *own_socket(void)
{
	static char path[80];

	if (!path[0])
		snprintf(path, sizeof(path), "%s.sock", own_folder());
	return path;
}

static const char *own_name(void)
{
	static char name[96];

	if (!name[0])
		snprintf(name, sizeof(name), "@%s", own_socket());
	return name;
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
	if (v->type != EVENT_CONNECT || v->fd.kind != EVENT_FD_UNIX)
		return;
	s->connected += str_is(v->fd.path, own_socket());
	s->abstract += str_is(v->fd.path, own_name());
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

/* @param name  in the file system, or behind '@' without a file @return its bytes in all */
static socklen_t address(const char *name, struct sockaddr_un *ret)
{
	size_t n = strlen(name);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, name, n);
	if (name[0] == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] != '@'));
}

static void listen_at(const char *name)
{
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;

	if (bind(s, (struct sockaddr *)&a, address(name, &a)) || listen(s, 4))
		_exit(1);
}

static void connect_to(const char *name)
{
	struct sockaddr_un a;
	const struct io_uring_sqe sqe = { .opcode = IORING_OP_CONNECT,
					  .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
					  .off = address(name, &a),
					  .addr = (uintptr_t)&a };

	requests(&sqe, 1);
}

/* By the name that was bound and by another, which a link gives it. */
static void act_by_sockets(void)
{
	char other[96];

	snprintf(other, sizeof(other), "%s.link", own_socket());
	listen_at(own_socket());
	listen_at(own_name());
	if (symlink(own_socket(), other))
		_exit(1);
	connect_to(own_socket());
	connect_to(other);
	connect_to(own_name());
	unlink(other);
	unlink(own_socket());
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
	act_by_sockets();
}

static void by_uring(void **state)
{
	static struct kernel_clause everything;
	struct sensor_config c = { .backend = SENSOR_TRACEPOINT };
	struct kernel_filter *filter = calloc(1, sizeof(*filter));
	const enum event_type types[] = { EVENT_OPENAT, EVENT_MKDIRAT, EVENT_UNLINKAT,
					  EVENT_CONNECT };
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
	(void)own_name();
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
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		SKIP_BECAUSE("no io_uring here");
	assert_int_equal(status, 0);
	assert_true(seen.opened);
	assert_true(seen.made);
	assert_true(seen.removed);
	assert_int_equal(seen.connected, 2);
	assert_int_equal(seen.abstract, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_uring),
	};

	return RUN_SENSOR_TESTS(tests, NULL, NULL);
}
