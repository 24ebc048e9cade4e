/* Real processes and files: what ran is what is hashed, wherever it went; nothing else is. */
#include "unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "prog/agent/hasher.h"
#include "prog/agent/program_file.h"

/* Locks that this thread takes while no other gets one; before the last of them all others may go first. */
static _Thread_local bool is_first;
static _Atomic int taken_alone;

/* In the library's place. */
int pthread_mutex_lock(pthread_mutex_t *m)
{
	int (*lock)(pthread_mutex_t *) = dlsym(RTLD_NEXT, "pthread_mutex_lock");

	if (is_first && taken_alone && --taken_alone == 0)
		usleep(20000);
	while (!is_first && taken_alone)
		usleep(100);
	return lock(m);
}

static char folder[] = "/tmp/skep-hasher-XXXXXX";

static uint64_t ns_of(struct timespec t)
{
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static struct hash_file file_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (struct hash_file){ st.st_ino, ns_of(st.st_ctim), ns_of(st.st_mtim),
				   (uint32_t)(major(st.st_dev) << 20 | minor(st.st_dev)) };
}

/* A copy of a program, with something after its end. */
static const char *copy(char path[64], const char *name, const char *more, uint8_t sha256[32])
{
	OWNED_BUF b = BUF_INIT;
	OWNED_FD fd = -1;

	snprintf(path, 64, "%s/%s", folder, name);
	assert_int_equal(file_read(AT_FDCWD, "/bin/sleep", 1 << 24, &b, NULL), 0);
	buf_add(&b, str_from(more));
	sha256_of(buf_str(&b), sha256);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_int_equal(file_write_all(fd, buf_str(&b), NULL), 0);
	return path;
}

static pid_t start(const char *path)
{
	pid_t pid = fork();
	char link[64], leads[64];

	if (pid == 0) {
		execl(path, path, "60", NULL);
		_exit(1);
	}
	/* Until it runs that. */
	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	for (;;) {
		ssize_t n = readlink(link, leads, sizeof(leads) - 1);

		leads[MAX(n, 0)] = '\0';
		if (strcmp(leads, path) == 0)
			return pid;
		usleep(1000);
	}
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void keep(void *ctx, const struct hash_answer *a)
{
	*(struct hash_answer *)ctx = *a;
}

static struct hash_answer asked(struct hasher *h, const struct hash_question *q)
{
	struct hash_answer a = { .gap = HASH_GAP_COUNT };
	struct pollfd p = { .fd = hasher_fd(h), .events = POLLIN };

	assert_true(hasher_ask(h, q));
	while (a.gap == HASH_GAP_COUNT) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		hasher_take(h, keep, &a);
	}
	assert_int_equal(a.file.inode, q->file.inode);
	return a;
}

static struct hasher *open_hasher(void)
{
	struct hasher *h;

	assert_int_equal(hasher_new(NULL, &h, NULL), 0);
	return h;
}

static struct hash_question question(const char *path, pid_t pid)
{
	return (struct hash_question){ .file = file_of(path),
				       .kinds = 1u << DIGEST_SHA256 | 1u << DIGEST_MD5,
				       .pid = (uint32_t)pid,
				       .path = str_from(path) };
}

static void of_a_process(void **state UNUSED)
{
	struct hasher *h = open_hasher();
	uint8_t want[32];
	char path[64];
	pid_t pid = start(copy(path, "runs", "1", want));
	struct hash_question q;
	struct hash_answer a;

	/* What was made just now may be changed without a trace; however long a busy machine took to run it. */
	assert_int_equal(chmod(path, 0755), 0);
	q = question(path, pid);
	a = asked(h, &q);
	assert_true(a.known && !a.settled);
	assert_memory_equal(a.sums.sum[DIGEST_SHA256], want, sizeof(want));
	assert_int_equal(a.sums.kinds, q.kinds);
	usleep(1100000);
	assert_true(asked(h, &q).settled);
	/* Removed while it runs: it is still what runs. */
	assert_int_equal(unlink(path), 0);
	a = asked(h, &q);
	assert_true(a.known && !a.settled);
	assert_memory_equal(a.sums.sum[DIGEST_SHA256], want, sizeof(want));
	stop(pid);
	a = asked(h, &q);
	assert_true(!a.known && a.gap == HASH_GONE);
	hasher_free(h);
}

/* As malware does that removes itself: between the first of its bytes that are read and the last. */
static void removed_while_it_is_read(void **state UNUSED)
{
	OWNED_FD root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct program_file f = { 0 };
	struct stat before, after;
	enum hash_gap gap;
	uint8_t sum[32];
	char path[64];
	pid_t pid = start(copy(path, "removes", "5", sum));
	OWNED_FD fd = -1;

	f.file = file_of(path);
	f.pid = (uint32_t)pid;
	fd = program_file_open(root, &f, &before, &gap);
	assert_true(fd >= 0);
	usleep(20000); /* the clock of files stands for some milliseconds */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(fstat(fd, &after), 0);
	assert_true(program_file_unchanged(root, &f, &before, &after));
	/* Written, though it is given its old time again: it does not run any more. */
	stop(pid);
	assert_false(program_file_unchanged(root, &f, &before, &after));
	after.st_ctim = before.st_ctim;
	assert_true(program_file_unchanged(root, &f, &before, &after));
	after.st_mtim.tv_nsec ^= 1;
	assert_false(program_file_unchanged(root, &f, &before, &after));
}

static void of_one_that_went(void **state UNUSED)
{
	struct hasher *h = open_hasher();
	uint8_t want[32], other[32];
	char path[64];
	struct hash_question q;
	struct hash_answer a;
	pid_t gone = start(copy(path, "went", "2", want));

	q = question(path, gone);
	stop(gone);
	/* Nobody says where else to look. */
	a = asked(h, &q);
	assert_true(!a.known && a.gap == HASH_GONE);
	q.host = true;
	a = asked(h, &q);
	assert_true(a.known);
	assert_memory_equal(a.sums.sum[DIGEST_SHA256], want, sizeof(want));
	/* Below the root of another process, as of one container. */
	q.host = false;
	q.roots[1] = (uint32_t)getpid();
	assert_true(asked(h, &q).known);
	/* Another file at its place is not taken for it. */
	assert_int_equal(unlink(path), 0);
	copy(path, "went", "3", other);
	a = asked(h, &q);
	assert_true(!a.known && a.gap == HASH_CHANGED);
	/* Nor a pipe, which is not even opened. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	a = asked(h, &q);
	assert_true(!a.known && a.gap == HASH_CHANGED);
	/* Nor what the process runs by now. */
	q.file.inode++;
	q.roots[1] = 0;
	q.pid = (uint32_t)getpid();
	a = asked(h, &q);
	assert_true(!a.known && a.gap == HASH_CHANGED);
	hasher_free(h);
}

static void not_of_large_files(void **state UNUSED)
{
	struct hasher *h = open_hasher();
	struct hash_question q;
	uint8_t sum[32];
	char path[64];

	copy(path, "large", "4", sum);
	assert_int_equal(truncate(path, (off_t)HASH_MAX_BYTES + 1), 0);
	q = question(path, 0);
	q.host = true;
	assert_int_equal(asked(h, &q).gap, HASH_TOO_LARGE);
	assert_int_equal(truncate(path, (off_t)HASH_MAX_BYTES), 0);
	q.file = file_of(path);
	assert_true(asked(h, &q).known);
	hasher_free(h);
}

struct order {
	uint64_t inode[2];
	size_t n;
};

static void note(void *ctx, const struct hash_answer *a)
{
	struct order *o = ctx;

	assert_true(a->known && o->n < 2);
	o->inode[o->n++] = a->file.inode;
}

/* The small one, though it was asked for last. */
static void small_ones_first(void **state UNUSED)
{
	struct hasher *h = open_hasher();
	struct pollfd p = { .fd = hasher_fd(h), .events = POLLIN };
	char large[64], small[64];
	struct order o = { .n = 0 };
	struct hash_question q;
	uint8_t sum[32];

	copy(large, "large", "5", sum);
	assert_int_equal(truncate(large, (off_t)HASH_MAX_BYTES), 0);
	copy(small, "small", "6", sum);
	q = question(large, 0);
	q.host = true;
	assert_true(hasher_ask(h, &q));
	q = question(small, 0);
	q.host = true;
	assert_true(hasher_ask(h, &q));
	while (o.n < 2) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		hasher_take(h, note, &o);
	}
	assert_int_equal(o.inode[0], q.file.inode);
	hasher_free(h);
}

static void takes_no_more_than_it_answers(void **state UNUSED)
{
	struct hasher *h = open_hasher();
	struct hash_question q;
	uint8_t sum[32];
	char path[64];
	size_t taken = 0;

	copy(path, "many", "7", sum);
	assert_int_equal(truncate(path, (off_t)HASH_MAX_BYTES), 0);
	q = question(path, 0);
	q.host = true;
	for (int i = 0; i < 1000; i++)
		taken += hasher_ask(h, &q);
	assert_true(taken >= 256 && taken < 300);
	/* While it is at work. */
	hasher_free(h);
}

/* Though it did nothing before, and went to work while it was looked at. */
static void is_not_stuck_that_just_began(void **state UNUSED)
{
	struct hasher *h = open_hasher();
	struct pollfd p = { .fd = hasher_fd(h), .events = POLLIN };
	struct hash_answer a = { .gap = HASH_GAP_COUNT };
	struct hash_question q;
	uint8_t sum[32];
	char path[64];

	copy(path, "large", "8", sum);
	assert_int_equal(truncate(path, (off_t)HASH_MAX_BYTES), 0);
	q = question(path, 0);
	q.host = true;
	/* Those of the question, of the look for answers, and of the one at what it does. */
	is_first = true;
	taken_alone = 3;
	assert_true(hasher_ask(h, &q));
	hasher_take(h, keep, &a);
	assert_int_equal(taken_alone, 0);
	while (a.gap == HASH_GAP_COUNT) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		hasher_take(h, keep, &a);
	}
	assert_true(a.known);
	hasher_free(h);
}

static int make(void **state UNUSED)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_all(void **state UNUSED)
{
	static const char *const names[] = { "runs", "went", "large", "small", "many" };
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_process),
		cmocka_unit_test(removed_while_it_is_read),
		cmocka_unit_test(of_one_that_went),
		cmocka_unit_test(not_of_large_files),
		cmocka_unit_test(small_ones_first),
		cmocka_unit_test(takes_no_more_than_it_answers),
		cmocka_unit_test(is_not_stuck_that_just_began),
	};

	return cmocka_run_group_tests_name("hasher", tests, make, remove_all);
}
