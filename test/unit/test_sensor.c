/* Real deeds of a child, and what the sensor tells of them. Needs root and a kernel that takes BPF programs. */
#include "sensor_deeds.h"
#include "sensor_host.h"
#include "unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/arena.h"
#include "kern/sensor.h"

#define MAX_SEEN 4096

struct seen {
	struct event v;
	struct event_exec exec;
};

struct fixture {
	struct sensor *sensor;
	struct arena arena;
	struct seen *seen;
	size_t count;
	pid_t child;
	bool gone;
	char dir[64];
};

static struct kernel_clause everything;

static str copy(struct fixture *f, str s)
{
	return s.n ? arena_str(&f->arena, s) : s;
}

static void take(void *ctx, const struct event *v)
{
	struct fixture *f = ctx;
	struct seen *s;

	if (v->type != EVENT_LOSS && v->type != EVENT_CGROUP_MKDIR &&
	    v->type != EVENT_CGROUP_RMDIR && f->child && v->task.pid != (uint32_t)f->child)
		return;
	if (v->type == EVENT_PROCEXIT)
		f->gone = true;
	if (f->count == MAX_SEEN)
		return;
	s = &f->seen[f->count++];
	s->v = *v;
	s->v.path = copy(f, v->path);
	s->v.path2 = copy(f, v->path2);
	s->v.raw = copy(f, v->raw);
	s->v.raw2 = copy(f, v->raw2);
	s->v.text = copy(f, v->text);
	s->v.fd.path = copy(f, v->fd.path);
	s->v.cwd = copy(f, v->cwd);
	if (!v->exec)
		return;
	s->exec = *v->exec;
	s->exec.args = copy(f, v->exec->args);
	s->exec.env = copy(f, v->exec->env);
	s->exec.exe_path = copy(f, v->exec->exe_path);
	s->exec.cwd = copy(f, v->exec->cwd);
	s->exec.comm = copy(f, v->exec->comm);
	s->v.exec = &s->exec;
}

static void drain_until_gone(struct fixture *f)
{
	struct err e = { 0 };

	/* By the clock: what others do on this machine wakes, too. */
	for (time_t until = time(NULL) + 30; !f->gone && time(NULL) < until;) {
		struct pollfd p = { .fd = sensor_fd(f->sensor), .events = POLLIN };

		poll(&p, 1, 20);
		if (sensor_drain(f->sensor, 0, take, f, &e) < 0)
			fail_msg("%s", e.text);
	}
	if (!f->gone)
		fail_msg("the child's end was not told");
}

/* Runs @p action in a child and collects what is told of it. */
static int run_child(struct fixture *f, void (*action)(const char *dir))
{
	int status;

	f->count = 0;
	f->gone = false;
	fflush(NULL);
	f->child = fork();
	if (!f->child) {
		action(f->dir);
		_exit(0);
	}
	assert_true(f->child > 0);
	assert_int_equal(waitpid(f->child, &status, 0), f->child);
	drain_until_gone(f);
	return status;
}

/* The n-th event of the type. */
static const struct event *nth(const struct fixture *f, enum event_type type, size_t n)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->seen[i].v.type == type && n-- == 0)
			return &f->seen[i].v;
	for (size_t i = 0; i < f->count; i++)
		print_message("# told: %s\n", event_type_name(f->seen[i].v.type));
	fail_msg("no %s was told", event_type_name(type));
	return NULL;
}

static const struct event *told(const struct fixture *f, enum event_type type)
{
	return nth(f, type, 0);
}

static size_t count_of(const struct fixture *f, enum event_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->seen[i].v.type == type;
	return n;
}

static void open_sensor(struct fixture *f, const struct sensor_config *c,
			struct kernel_filter *filter)
{
	struct err e = { 0 };

	if (sensor_open(c, filter, &f->sensor, &e) < 0) {
		f->sensor = NULL;
		print_message("# skipped: %s\n", e.text);
	}
}

/* Whoever runs this on other kernels knows what each may lack. */
static void tell_gaps(const struct fixture *f)
{
	struct sensor_gap gaps[64];
	size_t n = sensor_gaps(f->sensor, gaps, ARRAY_LEN(gaps));

	for (size_t i = 0; i < n && i < ARRAY_LEN(gaps); i++)
		print_message("# gap: %s: %s\n", event_type_name(gaps[i].type), gaps[i].why);
}

static void want(struct kernel_filter *filter, enum event_type from, enum event_type to,
		 struct kernel_clause *clause)
{
	for (enum event_type t = from; t <= to; t++) {
		filter->clauses[t] = clause;
		filter->clause_count[t] = 1;
	}
}

/* @return whether there is a sensor */
static bool begin(struct fixture *f, const struct sensor_config *c, struct kernel_filter *filter)
{
	*f = (struct fixture){ .seen = calloc(MAX_SEEN, sizeof(struct seen)) };
	arena_init(&f->arena, 64u << 20);
	snprintf(f->dir, sizeof(f->dir), "/tmp/test_sensor.%d", (int)getpid());
	mkdir(f->dir, 0755);
	if (geteuid() == 0)
		open_sensor(f, c, filter);
	else
		print_message("# skipped: needs root\n");
	return f->sensor;
}

static void end(struct fixture *f)
{
	sensor_close(f->sensor);
	arena_done(&f->arena);
	free(f->seen);
	rmdir(f->dir);
}

static int open_all(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct kernel_filter *filter = calloc(1, sizeof(*filter));
	const struct sensor_config c = { .backend = tested_backend() };

	assert_non_null(f);
	assert_non_null(filter);
	want(filter, EVENT_OPEN, EVENT_DNS, &everything);
	filter->failed_opens = true;
	filter->connected_sends = true;
	filter->received = true;
	if (begin(f, &c, filter))
		tell_gaps(f);
	free(filter);
	*state = f;
	return 0;
}

static int close_all(void **state)
{
	end(*state);
	free(*state);
	return 0;
}

#define NEED_SENSOR(f) \
	do { \
		if (!(f)->sensor) \
			SKIP_BECAUSE("no sensor here"); \
	} while (0)

#define SCRIPT_FLAGS (EVENT_EXE_SCRIPT | EVENT_EXE_SCRIPT_SEEN | EVENT_EXE_SCRIPT_UPPER)

static void processes(void **state)
{
	struct fixture *f = *state;
	const struct event *v;
	struct stat st;

	NEED_SENSOR(f);
	/* Kernels with fine times (6.13) note beside a time that it was read. */
	assert_int_equal(stat("/bin/true", &st), 0);
	run_child(f, deed_exec);
	assert_true(count_of(f, EVENT_CLONE) + count_of(f, EVENT_CLONE3) == 1);
	v = told(f, count_of(f, EVENT_CLONE) ? EVENT_CLONE : EVENT_CLONE3);
	assert_int_equal(v->arg[0], getpid());
	assert_int_equal(v->arg[1], v->exec->parent.start_ns);
	v = told(f, EVENT_EXECVE);
	assert_int_equal(v->exec->exe_inode, st.st_ino);
	assert_true(str_eq(v->exec->args, S("true\0" HOSTILE "\0\0")));
	assert_str(v->exec->cwd, f->dir);
	assert_str(v->exec->comm, "true");
	assert_str(v->raw, "/bin/true");
	assert_true(str_ends(v->exec->exe_path, S("/bin/true")));
	assert_int_equal(v->exec->exe_mtime_ns / 1000000000u, st.st_mtim.tv_sec);
	assert_int_equal(v->exec->exe_ctime_ns / 1000000000u, st.st_ctim.tv_sec);
	assert_int_equal(v->exec->exe_ctime_ns % 1000000000u, st.st_ctim.tv_nsec);
	assert_int_equal(v->exec->parent.pid, getpid());
	assert_int_equal(v->exec->vpid, f->child);
	assert_int_equal(v->exec->pgid, getpgrp());
	assert_true(v->task.start_ns && v->task.start_ns == told(f, EVENT_PROCEXIT)->task.start_ns);
	assert_true(v->exec->mnt_ns && v->exec->pid_ns && v->exec->net_ns && v->exec->user_ns);
	assert_int_equal(v->exec->exe_flags & EVENT_EXE_MEMFD, 0);
	assert_int_equal(v->exec->exe_flags & SCRIPT_FLAGS, EVENT_EXE_SCRIPT_SEEN);
	v = told(f, EVENT_PROCEXIT);
	assert_int_equal(v->res, 0);
	assert_int_equal(count_of(f, EVENT_EXECVE), 1);
	assert_int_equal(count_of(f, EVENT_PROCEXIT), 1);
}

/* What a script was started from is found after the kernel has let go of it. */
static void scripts(void **state)
{
	struct fixture *f = *state;
	const struct event *v;

	NEED_SENSOR(f);
	assert_int_equal(run_child(f, deed_script), 0);
	v = told(f, EVENT_EXECVE);
	assert_str(v->raw, "./script");
	assert_true(str_ends(v->exec->exe_path, S("/bin/true")));
	assert_int_equal(v->exec->exe_flags & SCRIPT_FLAGS & ~(uint32_t)EVENT_EXE_SCRIPT_UPPER,
			 EVENT_EXE_SCRIPT | EVENT_EXE_SCRIPT_SEEN);
	/* In the container's own layer if the test's folder is. */
	v = told(f, EVENT_OPENAT);
	assert_int_equal(!!(told(f, EVENT_EXECVE)->exec->exe_flags & EVENT_EXE_SCRIPT_UPPER),
			 !!(v->fd.file_flags & EVENT_FILE_UPPER));
}

static void inputs(void **state)
{
	const uint32_t both = EVENT_EXE_INPUT_NETWORK | EVENT_EXE_INPUT_UPPER;
	struct fixture *f = *state;

	NEED_SENSOR(f);
	run_child(f, deed_exec);
	assert_int_equal(told(f, EVENT_EXECVE)->exec->exe_flags & both, 0);
	assert_int_equal(run_child(f, deed_reads_file), 0);
	/* In the container's own layer if the test's folder is. */
	assert_int_equal(told(f, EVENT_EXECVE)->exec->exe_flags & both,
			 told(f, EVENT_OPENAT)->fd.file_flags & EVENT_FILE_UPPER
				 ? EVENT_EXE_INPUT_UPPER
				 : 0);
	assert_int_equal(run_child(f, deed_reads_removed), 0);
	assert_int_equal(told(f, EVENT_EXECVE)->exec->exe_flags & both, 0);
	assert_int_equal(run_child(f, deed_reads_network), 0);
	assert_int_equal(count_of(f, EVENT_EXECVE), 1);
	assert_int_equal(told(f, EVENT_EXECVE)->exec->exe_flags & both, EVENT_EXE_INPUT_NETWORK);
	assert_int_equal(run_child(f, deed_reads_shut), 0);
	assert_int_equal(told(f, EVENT_EXECVE)->exec->exe_flags & both, EVENT_EXE_INPUT_NETWORK);
}

static void long_arguments(void **state)
{
	struct fixture *f = *state;
	const struct event *v;

	NEED_SENSOR(f);
	assert_int_equal(run_child(f, deed_long_exec), 0);
	v = told(f, EVENT_EXECVE);
	assert_int_equal(v->exec->args.n, 128 * 1024);
	assert_true(v->marks & EVENT_TRUNCATED);
	assert_int_equal(v->exec->args.p[70000], 'x');
	assert_true(v->exec->cwd.n > 0);
	run_child(f, deed_medium_exec);
	v = told(f, EVENT_EXECVE);
	assert_int_equal(v->exec->args.n, 40000);
	assert_false(v->marks & EVENT_TRUNCATED);
}

static void memfds(void **state)
{
	struct fixture *f = *state;

	NEED_SENSOR(f);
	run_child(f, deed_memfd);
	assert_str(told(f, EVENT_MEMFD_CREATE)->text, "thing");
	assert_true(told(f, EVENT_EXECVEAT)->exec->exe_flags & EVENT_EXE_MEMFD);
	assert_str(told(f, EVENT_EXECVEAT)->exec->exe_path, "memfd:thing");
}

static void below(const struct fixture *f, str path, const char *name)
{
	char want_path[128];

	snprintf(want_path, sizeof(want_path), "%s/%s", f->dir, name);
	assert_str(path, want_path);
}

#define SEEN_AND_CREATED (EVENT_FILE_SEEN | EVENT_FILE_CREATED)

static void files(void **state)
{
	struct fixture *f = *state;
	const struct event *v;

	NEED_SENSOR(f);
	run_child(f, deed_files);
	v = told(f, EVENT_OPENAT);
	below(f, v->path, HOSTILE);
	below(f, v->fd.path, HOSTILE);
	assert_str(v->raw, HOSTILE);
	assert_int_equal(v->flags & (O_CREAT | O_WRONLY | O_TRUNC), O_CREAT | O_WRONLY | O_TRUNC);
	assert_int_equal(v->mode, 0755);
	assert_int_equal(v->fd.number, v->res);
	assert_int_equal(v->fd.kind, EVENT_FD_FILE);
	assert_true(v->fd.inode != 0);
	assert_int_equal(v->fd.file_flags & SEEN_AND_CREATED, SEEN_AND_CREATED);
	v = nth(f, EVENT_OPENAT, 1);
	assert_int_equal(v->res, -ENOENT);
	assert_int_equal(v->fd.number, -1);
	assert_int_equal(v->fd.file_flags, 0);
	assert_str(v->path, "/no/such");
	v = nth(f, EVENT_OPENAT, 2);
	below(f, v->path, "b");
	assert_int_equal(v->flags & (O_CREAT | O_TRUNC), O_CREAT | O_TRUNC);
	assert_int_equal(v->fd.file_flags & SEEN_AND_CREATED, EVENT_FILE_SEEN);
	below(f, told(f, EVENT_FCHMOD)->path, HOSTILE);
	assert_int_equal(told(f, EVENT_FCHMOD)->mode, 0600);
	assert_int_equal(told(f, EVENT_FTRUNCATE)->arg[0], 5);
	v = told(f, EVENT_RENAME);
	below(f, v->path, HOSTILE);
	below(f, v->path2, "b");
	assert_str(v->raw2, "up/.././b");
	assert_true(v->marks & EVENT_RACY);
	below(f, told(f, EVENT_LINK)->path2, "c");
	assert_str(told(f, EVENT_SYMLINK)->path, "../x");
	below(f, told(f, EVENT_SYMLINK)->path2, "s");
	below(f, nth(f, EVENT_UNLINKAT, 1)->path, "s");
	below(f, told(f, EVENT_UNLINK)->path, "c");
	below(f, told(f, EVENT_MKDIR)->path, "d");
	below(f, nth(f, EVENT_MKDIRAT, 1)->path, "d/e");
	assert_int_equal(nth(f, EVENT_MKDIRAT, 1)->mode, 0750);
	below(f, nth(f, EVENT_UNLINKAT, 2)->path, "d/e");
	assert_int_equal(nth(f, EVENT_UNLINKAT, 2)->flags, AT_REMOVEDIR);
	assert_int_equal(told(f, EVENT_CHMOD)->mode, 04755);
	assert_int_equal(told(f, EVENT_CHOWN)->arg[0], 0);
	assert_int_equal(told(f, EVENT_CHOWN)->arg[1], -1);
	assert_int_equal(told(f, EVENT_MKNODAT)->mode, S_IFIFO | 0600);
	below(f, told(f, EVENT_RMDIR)->path, "d");
}

static void sockets(void **state)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct fixture *f = *state;
	const struct event *v, *c;

	NEED_SENSOR(f);
	assert_int_equal(run_child(f, deed_sockets), 0);
	assert_int_equal(told(f, EVENT_SOCKET)->arg[0], AF_INET);
	v = told(f, EVENT_LISTEN);
	assert_int_equal(v->arg[0], 7);
	c = told(f, EVENT_CONNECT);
	assert_int_equal(c->fd.kind, EVENT_FD_IPV4);
	assert_int_equal(c->fd.role, 'c');
	assert_int_equal(c->fd.protocol, IPPROTO_TCP);
	assert_int_equal(c->fd.remote.port, v->fd.local.port);
	assert_memory_equal(c->fd.remote.ip, loopback, 4);
	assert_true(c->fd.connected && !(c->marks & EVENT_RACY));
	v = told(f, EVENT_ACCEPT4);
	assert_int_equal(v->fd.remote.port, c->fd.local.port);
	assert_int_equal(v->fd.role, 's');
	assert_int_equal(v->fd.number, v->res);
	v = told(f, EVENT_SENDTO);
	assert_true(v->res == 3 && v->fd.connected);
	assert_str(told(f, EVENT_RECVFROM)->text, "abc");
	v = told(f, EVENT_DUP2);
	assert_int_equal(v->arg[1], 0);
	assert_int_equal(v->fd.kind, EVENT_FD_IPV4);
	assert_int_equal(v->fd.remote.port, c->fd.remote.port);
	v = nth(f, EVENT_CONNECT, 1);
	assert_int_equal(v->res, -ECONNREFUSED);
	assert_int_equal(v->fd.kind, EVENT_FD_IPV4);
	assert_memory_equal(v->fd.remote.ip, loopback, 4);
	assert_int_equal(v->fd.remote.port, 1);
	assert_true(v->marks & EVENT_RACY);
	v = nth(f, EVENT_BIND, 1);
	assert_int_equal(v->fd.kind, EVENT_FD_UNIX);
	below(f, v->fd.path, "sock");
	v = nth(f, EVENT_CONNECT, 2);
	assert_int_equal(v->res, -ECONNREFUSED);
	below(f, v->fd.path, "sock");
	assert_true(v->marks & EVENT_RACY);
	/* Whoever gives a socket another name connects to the one it was bound to. */
	v = nth(f, EVENT_CONNECT, 3);
	assert_int_equal(v->res, 0);
	below(f, v->fd.path, "sock");
	below(f, v->raw, "other");
	assert_true(v->fd.connected && !(v->marks & EVENT_RACY));
	below(f, nth(f, EVENT_DUP2, 1)->fd.path, "sock");
	v = nth(f, EVENT_SENDTO, 1);
	assert_int_equal(v->fd.protocol, IPPROTO_UDP);
	assert_true(v->fd.remote.port == 9 && !v->fd.connected);
}

static void questions(void **state)
{
	struct fixture *f = *state;

	NEED_SENSOR(f);
	run_child(f, deed_dns);
	/* The last by IPv6. */
	for (size_t i = 0; i < (has_loopback6() ? 4 : 3); i++) {
		const struct event *v = nth(f, EVENT_DNS, i);

		assert_str(v->text, "www.example.org");
		assert_int_equal(v->arg[0], 28);
		assert_int_equal(v->fd.remote.port, 53);
		assert_int_equal(v->fd.protocol, IPPROTO_UDP);
	}
}

static bool given(const struct fixture *f, enum event_type type)
{
	struct sensor_gap gaps[64];
	size_t n = sensor_gaps(f->sensor, gaps, ARRAY_LEN(gaps));

	for (size_t i = 0; i < n && i < ARRAY_LEN(gaps); i++)
		if (gaps[i].type == type)
			return false;
	return true;
}

static void calls(void **state)
{
	struct fixture *f = *state;
	const struct event *v;

	NEED_SENSOR(f);
	run_child(f, deed_calls);
	assert_int_equal(told(f, EVENT_PTRACE)->arg[0], 16);
	assert_int_equal(told(f, EVENT_PTRACE)->arg[1], f->child);
	assert_int_equal(told(f, EVENT_KILL)->arg[1], f->child);
	assert_int_equal(told(f, EVENT_UNSHARE)->flags, 0x04000000);
	assert_int_equal(told(f, EVENT_SETNS)->flags, 0x20000);
	assert_int_equal(told(f, EVENT_SETUID)->arg[1], -1);
	assert_int_equal(told(f, EVENT_SETRESGID)->arg[1], 0);
	assert_int_equal(told(f, EVENT_BPF)->arg[0], 5);
	assert_int_equal(told(f, EVENT_BPF)->arg[1], 26);
	v = told(f, EVENT_MOUNT);
	assert_str(v->path, "/no/target");
	assert_str(v->path2, "src");
	assert_str(v->text, "tmpfs");
	assert_int_equal(v->flags, 6);
	assert_int_equal(told(f, EVENT_UMOUNT2)->flags, 2);
	if (given(f, EVENT_DELETE_MODULE)) /* not by a kernel without modules */
		assert_str(told(f, EVENT_DELETE_MODULE)->text, "nomodule");
	assert_int_equal(told(f, EVENT_USERFAULTFD)->arg[0], 1);
	assert_str(told(f, EVENT_ADD_KEY)->text, "skep-test");
	assert_int_equal(told(f, EVENT_PROCESS_VM_READV)->arg[1], 1);
	assert_int_equal(told(f, EVENT_MPROTECT)->arg[0], 8192);
	assert_int_equal(told(f, EVENT_MMAP)->arg[1], 7);
	assert_str(told(f, EVENT_CHROOT)->path, "/no/root");
}

static void act_nothing(const char *dir)
{
	(void)dir;
}

/* The same process number twice: the keys differ. */
static void reused_number(void **state)
{
	struct fixture *f = *state;
	uint64_t first = 0;
	pid_t pid = 0;

	NEED_SENSOR(f);
	/* Another process may get the number first, and may keep it: then it is tried with another. */
	for (int i = 0; i < 100 && (!pid || f->child != pid); i++) {
		FILE *last = fopen("/proc/sys/kernel/ns_last_pid", "w");

		if (!last)
			SKIP_BECAUSE("process numbers cannot be chosen");
		if (i % 10)
			fprintf(last, "%d", (int)pid - 1);
		fclose(last);
		run_child(f, act_nothing);
		if (i % 10)
			continue;
		first = told(f, EVENT_PROCEXIT)->task.start_ns;
		pid = f->child;
		f->child = 0;
	}
	if (f->child != pid)
		SKIP_BECAUSE("the number was not given again");
	assert_true(told(f, EVENT_PROCEXIT)->task.start_ns > first);
}

static void snapshot(void **state)
{
	struct fixture *f = *state;
	struct err e = { 0 };
	bool me = false;

	NEED_SENSOR(f);
	f->child = 0;
	f->count = 0;
	prctl(PR_SET_NAME, "hidden"); /* while the sensor looks on */
	assert_int_equal(sensor_snapshot(f->sensor, take, f, &e), 0);
	prctl(PR_SET_NAME, "test_sensor");
	for (size_t i = 0; i < f->count; i++) {
		const struct event *v = &f->seen[i].v;

		assert_int_equal(v->type, EVENT_EXECVE);
		assert_true(v->marks & EVENT_REPLAYED);
		for (size_t k = 0; k < f->count; k++)
			if (process_key_eq(f->seen[k].v.task, v->exec->parent))
				assert_true(k < i);
		if (v->task.pid != (uint32_t)getpid())
			continue;
		me = true;
		assert_true(str_search(v->exec->args, S("test_sensor")) < v->exec->args.n);
		assert_true(str_ends(v->exec->exe_path, S("/test_sensor")));
		assert_str(v->exec->comm, "test_sensor");
		assert_int_equal(v->exec->parent.pid, getppid());
	}
	assert_true(me);
}

/* What the group's processes lost by @p cause since the last time. */
static uint64_t lost_by_own_group(struct sensor *s, enum event_loss cause)
{
	struct sensor_loss lost[64];
	size_t n = sensor_losses(s, lost, ARRAY_LEN(lost));
	struct stat st;

	assert_int_equal(stat(deed_own_group(), &st), 0);
	for (size_t i = 0; i < n; i++)
		if (lost[i].cgroup_id == st.st_ino)
			return lost[i].lost[cause];
	return 0;
}

/* A ring too small, then a budget too small: told and lost add up. */
static void losses(void **state)
{
	const struct sensor_config configs[] = {
		{ .backend = tested_backend(),
		  .bulk_ring_bytes = 65536,
		  .burst = 1000000,
		  .rate_per_s = 1000000 },
		{ .backend = tested_backend(), .burst = 10, .rate_per_s = 1 },
	};
	const enum event_loss causes[] = { EVENT_LOSS_RING_BULK, EVENT_LOSS_RATE };
	struct kernel_path path = { KERNEL_PATH_EXACT, str_from(deed_own_file()) };
	const struct kernel_path *paths[] = { &path };
	struct kernel_clause clause = { .paths_any = true, .paths = paths, .path_count = 1 };
	struct kernel_filter *filter = calloc(1, sizeof(*filter));
	struct fixture f;

	(void)state;
	want(filter, EVENT_OPENAT, EVENT_OPENAT, &clause);
	for (size_t i = 0; i < ARRAY_LEN(configs); i++) {
		struct sensor_stats after;
		uint64_t lost;

		if (begin(&f, &configs[i], filter)) {
			assert_int_equal(mkdir(deed_own_group(), 0755), 0);
			assert_int_equal(run_child(&f, deed_own_opens), 0);
			lost = lost_by_own_group(f.sensor, causes[i]);
			sensor_stats(f.sensor, &after);
			assert_true(lost > 0 && after.lost[causes[i]] >= lost);
			assert_true(count_of(&f, EVENT_OPENAT) > 5);
			assert_int_equal(count_of(&f, EVENT_OPENAT) + lost, DEED_OPENS);
			assert_int_equal(lost_by_own_group(f.sensor, causes[i]), 0);
			assert_int_equal(rmdir(deed_own_group()), 0);
		}
		end(&f);
	}
	unlink(deed_own_file());
	free(filter);
}

/* Processes missed are found again. */
static void state_loss(void **state)
{
	struct sensor_config c = { .backend = tested_backend(), .state_ring_bytes = 4096 };
	struct kernel_filter *filter = calloc(1, sizeof(*filter));
	struct err e = { 0 };
	struct fixture f;
	pid_t child;

	(void)state;
	if (begin(&f, &c, filter)) {
		for (int i = 0; i < 60; i++) {
			child = fork();
			if (!child)
				_exit(0);
			waitpid(child, NULL, 0);
		}
		child = fork();
		if (!child) {
			pause();
			_exit(0);
		}
		for (int i = 0; i < 1000 && !count_of(&f, EVENT_LOSS); i++) {
			usleep(20000);
			assert_true(sensor_drain(f.sensor, 0, take, &f, &e) >= 0);
		}
		assert_int_equal(told(&f, EVENT_LOSS)->arg[1], EVENT_LOSS_RING_STATE);
		assert_true(told(&f, EVENT_LOSS)->arg[0] > 0);
		f.count = 0;
		f.child = child;
		assert_int_equal(sensor_snapshot(f.sensor, take, &f, &e), 0);
		assert_int_equal(told(&f, EVENT_EXECVE)->task.pid, child);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	end(&f);
	free(filter);
}

static size_t times_told_of(struct sensor *s, const char *program)
{
	struct sensor_stats *stats = calloc(1, sizeof(*stats));
	size_t times = 0;

	assert_non_null(stats);
	sensor_stats(s, stats);
	for (size_t i = 0; i < stats->hook_count; i++)
		times += strcmp(stats->hooks[i].program, program) == 0;
	free(stats);
	return times;
}

/* Whichever row of the table comes first and however many there are, each program's cost is told once. */
static void costs(void **state)
{
	struct fixture *f = *state;

	NEED_SENSOR(f);
	assert_int_equal(times_told_of(f->sensor, "on_exec"), 1);
	assert_int_equal(times_told_of(f->sensor, "on_packet"), 1);
	assert_int_equal(times_told_of(f->sensor, "nobody"), 0);
}

/* What happens while nobody reads is there for the successor, once. */
static void handing_over(void **state)
{
	struct sensor_config c = { .backend = SENSOR_TRACEPOINT };
	struct kernel_filter *filter = calloc(1, sizeof(*filter));
	struct fixture f;
	int kept[128], status;

	(void)state;
	want(filter, EVENT_OPENAT, EVENT_OPENAT, &everything);
	if (begin(&f, &c, filter)) {
		c.kept_count = sensor_keep(f.sensor, kept, ARRAY_LEN(kept));
		for (size_t i = 0; i < c.kept_count; i++)
			kept[i] = dup(kept[i]);
		sensor_close(f.sensor);
		f.child = fork();
		if (!f.child) {
			deed_one_open(f.dir);
			_exit(0);
		}
		waitpid(f.child, &status, 0);
		c.kept = kept;
		open_sensor(&f, &c, filter);
		for (size_t i = 0; i < c.kept_count; i++)
			close(kept[i]);
		assert_non_null(f.sensor);
		drain_until_gone(&f);
		assert_int_equal(count_of(&f, EVENT_OPENAT), 1);
		assert_int_equal(count_of(&f, EVENT_PROCEXIT), 1);
		assert_int_equal(times_told_of(f.sensor, "on_open"), 1);
		run_child(&f, deed_one_open);
		assert_int_equal(count_of(&f, EVENT_OPENAT), 1);
	}
	end(&f);
	free(filter);
}

/* What rules ask for beside events is told with those types, and with no other. */
static void asked_for(void **state)
{
	struct kernel_filter *filter = calloc(1, sizeof(*filter));
	struct sensor_config c = { .backend = tested_backend() };
	const struct event *v;
	struct fixture f;

	(void)state;
	want(filter, EVENT_OPENAT, EVENT_OPENAT, &everything);
	want(filter, EVENT_DUP2, EVENT_DUP2, &everything);
	filter->wants[EVENT_OPENAT] = KERNEL_WANT_CWD | KERNEL_WANT_STDIO;
	filter->wants[EVENT_EXECVE] = KERNEL_WANT_STDIO;
	filter->wants[EVENT_PROCEXIT] = KERNEL_WANT_CWD;
	if (begin(&f, &c, filter)) {
		size_t opens, all = 0;

		assert_int_equal(run_child(&f, deed_asked), 0);
		opens = count_of(&f, EVENT_OPENAT);
		for (size_t i = 0; i < f.count; i++) {
			const struct event *o = &f.seen[i].v;

			/* The loader of the program opens files, too. */
			if (o->type != EVENT_OPENAT || !str_is(o->raw, "/etc/passwd"))
				continue;
			assert_true(i >= 3 && f.seen[i - 1].v.type == EVENT_STDIO &&
				    f.seen[i - 3].v.type == EVENT_STDIO);
			assert_int_equal(o->threads, 2);
			assert_str(o->cwd, all++ ? "/dev" : f.dir);
			assert_int_equal(f.seen[i - 3].v.fd.kind, 'f');
			assert_str(f.seen[i - 3].v.fd.path, "/dev/null");
			assert_int_equal(f.seen[i - 2].v.fd.kind, 'p');
			assert_int_equal(f.seen[i - 1].v.fd.number, 2);
			/* The object back-end tells an open before its number leads anywhere. */
			assert_int_equal(f.seen[i - 1].v.fd.kind, all == 2 ? 'u'
								  : c.backend == SENSOR_OBJECT
									  ? 0
									  : 'f');
		}
		assert_int_equal(all, 2);
		assert_int_equal(count_of(&f, EVENT_STDIO), 3 * (opens + 1));
		v = told(&f, EVENT_EXECVE);
		assert_int_equal(v[0].threads, 1);
		assert_int_equal(v[0].cwd.n, 0);
		assert_str(v[0].exec->cwd, "/dev");
		assert_str(told(&f, EVENT_PROCEXIT)->cwd, "/dev");
		assert_int_equal(told(&f, EVENT_DUP2)->cwd.n, 0);
	}
	end(&f);
	free(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes),  cmocka_unit_test(scripts),
		cmocka_unit_test(inputs),     cmocka_unit_test(long_arguments),
		cmocka_unit_test(memfds),     cmocka_unit_test(files),
		cmocka_unit_test(sockets),    cmocka_unit_test(questions),
		cmocka_unit_test(calls),      cmocka_unit_test(reused_number),
		cmocka_unit_test(snapshot),   cmocka_unit_test(losses),
		cmocka_unit_test(state_loss), cmocka_unit_test(handing_over),
		cmocka_unit_test(asked_for),  cmocka_unit_test(costs),
	};

	/* A test that hangs is named by the line that is missing. */
	setvbuf(stdout, NULL, _IOLBF, 0);

	return RUN_BACKEND_TESTS(tests, open_all, close_all);
}
