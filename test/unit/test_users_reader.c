/* A reader in a real child, over real files; what it is told to say is checked as if somebody else said it. */
#include "unit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "prog/agent/users_reader.h"

enum { MOST = 1024, SILENT_S = 10 };

static char folder[] = "/tmp/skep-users-XXXXXX";
static int folder_fd, fuse = -1;

static void put(const char *root, str text)
{
	char path[200];
	OWNED_FD fd = -1;

	snprintf(path, sizeof(path), "%s/%s/etc", folder, root);
	assert_int_equal(file_make_dirs(path, 0755, NULL), 0);
	snprintf(path, sizeof(path), "%s/%s/etc/passwd", folder, root);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_int_equal(file_write_all(fd, text, NULL), 0);
}

struct said {
	struct buf text;
	struct account_version last;
};

static void on_user(void *ctx, size_t root, const struct account *x)
{
	struct said *s = ctx;

	buf_printf(&s->text, "%zu:%.*s=%u,%u,%zu,%.*s ", root, STR_ARG(x->name), x->user, x->group,
		   x->home.n, STR_ARG(x->shell));
}

static void on_end(void *ctx, size_t file, const struct users_end *end)
{
	struct said *s = ctx;

	buf_printf(&s->text, "%zu.%d-%u ", file, end->gap, end->left_out);
	s->last = end->version;
}

static int start(struct users_reader *r, const char *const *names, size_t count)
{
	struct account_source files[8] = { 0 };

	for (size_t i = 0; i < count; i++) {
		snprintf(files[i].path, sizeof(files[i].path), "%s", names[i]);
		files[i].fd = folder_fd;
		files[i].max_bytes = ACCOUNTS_MAX_BYTES;
	}
	return users_reader_start(r, files, count, MOST, SILENT_S, NULL);
}

static int work(struct users_reader *r, struct said *s, uint64_t later_ns)
{
	const struct users_calls calls = { on_user, on_end, s };
	int done;

	for (int i = 0; i < 2000; i++) {
		done = users_reader_work(r, clock_ns(CLOCK_MONOTONIC) + later_ns, &calls);
		if (done)
			return done;
		usleep(5000);
	}
	return 0;
}

static void ends(struct users_reader *r)
{
	pid_t pid = users_reader_leave(r);
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void tells_what_the_files_say(void **state)
{
	const char *const names[] = { "plain", "none", "large", "fifo", "out", "gone" };
	struct said s = { BUF_INIT };
	struct users_reader r;
	OWNED_BUF large = BUF_INIT;
	char path[200];

	(void)state;
	put("plain", S("root:x:0:0::/root:/bin/sh\nbroken\n::7\nme:x:1000:100::/:\n"));
	assert_int_equal(file_make_dirs(folder, 0755, NULL), 0);
	snprintf(path, sizeof(path), "%s/none", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	while (large.n <= ACCOUNTS_MAX_BYTES)
		buf_add(&large, S("app:x:101:101::/:/bin/sh\n"));
	put("large", buf_str(&large));
	/* Whoever opened it would wait for a writer. */
	put("fifo", S(""));
	snprintf(path, sizeof(path), "%s/fifo/etc/passwd", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	/* The host's file is out of reach, whatever links there. */
	put("out", S(""));
	snprintf(path, sizeof(path), "%s/out/etc/passwd", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../../plain/etc/passwd", path), 0);
	assert_int_equal(start(&r, names, ARRAY_LEN(names)), 0);
	assert_int_equal(work(&r, &s, 0), 1);
	assert_string_equal(
		buf_cstr(&s.text),
		"0:root=0,0,5,/bin/sh 0:me=1000,100,1, 0.0-0 1.1-0 2.5-0 3.4-0 4.1-0 5.2-0 ");
	ends(&r);
	buf_done(&s.text);
}

static void bounds_what_it_tells(void **state)
{
	const char *const names[] = { "many" };
	struct said s = { BUF_INIT };
	struct users_reader r;
	OWNED_BUF text = BUF_INIT;

	(void)state;
	for (int i = 0; i <= (int)ACCOUNTS_TEXT_MAX; i++)
		buf_byte(&text, 'n');
	buf_add(&text, S(":x:1:1:::\n"));
	for (int i = 0; i < MOST + 5; i++)
		buf_printf(&text, "u:x:%d:1::\n", i);
	put("many", buf_str(&text));
	assert_int_equal(start(&r, names, 1), 0);
	assert_int_equal(work(&r, &s, 0), 1);
	assert_true(str_starts(buf_str(&s.text), S("0:u=0,1,0, ")));
	assert_true(str_ends(buf_str(&s.text), S("0:u=1023,1,0, 0.0-6 ")));
	ends(&r);
	buf_done(&s.text);
}

/* A file system nobody serves: whoever looks waits for ever. */
static bool mount_silent(const char *path)
{
	char options[100];

	fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	return fuse >= 0 && mount("none", path, "fuse", 0, options) == 0;
}

static void knows_who_holds_it_up(void **state)
{
	const char *const names[] = { "plain", "silent" };
	struct said s = { BUF_INIT };
	struct users_reader r;
	char path[200];

	(void)state;
	put("plain", S("root:x:0:0::/root:/bin/sh\n"));
	put("silent", S(""));
	snprintf(path, sizeof(path), "%s/silent/etc", folder);
	if (!mount_silent(path))
		SKIP_BECAUSE("needs root and /dev/fuse");
	assert_int_equal(start(&r, names, 2), 0);
	while (r.at != 1)
		assert_int_equal(users_reader_work(&r, clock_ns(CLOCK_MONOTONIC), NULL), 0);
	/* Nobody waits meanwhile. */
	assert_int_equal(users_reader_work(&r, clock_ns(CLOCK_MONOTONIC), NULL), 0);
	assert_int_equal(work(&r, &s, SILENT_S * SECOND_NS), -ETIMEDOUT);
	assert_int_equal(r.at, 1);
	ends(&r);
	assert_int_equal(start(&r, names, 2), 0);
	while (r.at != 1)
		assert_int_equal(users_reader_work(&r, clock_ns(CLOCK_MONOTONIC), NULL), 0);
	assert_int_equal(kill(r.pid, SIGKILL), 0);
	assert_int_equal(work(&r, &s, 0), -ECHILD);
	assert_int_equal(r.at, 1);
	ends(&r);
	assert_int_equal(s.text.n, 0);
}

static void remove_all(void)
{
	char *const args[] = { (char[]){ "rm" }, (char[]){ "-rf" }, folder, NULL };
	pid_t pid = fork();

	if (pid == 0)
		_exit(execvp("rm", args));
	(void)waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_the_files_say),
		cmocka_unit_test(bounds_what_it_tells),
		cmocka_unit_test(knows_who_holds_it_up),
	};
	int failed;

	/* What is mounted here goes with this process. */
	(void)!(unshare(CLONE_NEWNS) == 0 &&
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	if (!mkdtemp(folder))
		return 1;
	folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	/* Whoever waits for it gets an error. */
	if (fuse >= 0) {
		char path[200];

		close(fuse);
		snprintf(path, sizeof(path), "%s/silent/etc", folder);
		(void)umount2(path, MNT_DETACH);
	}
	remove_all();
	return failed;
}
