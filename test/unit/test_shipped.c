/* A copy of this program in a tree made for it says what it finds: the place of a program is the kernel's to tell. */
#include "unit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/shipped.h"

#define ASKED "rules"

static int say(void)
{
	char room[4096];
	struct arena a;
	str path;

	arena_init(&a, 0);
	path = shipped_path(ASKED, &a);
	if (path.n && realpath(path.p, room))
		fputs(room, stdout);
	arena_done(&a);
	return 0;
}

static void make(const char *root, const char *path, mode_t mode, str bytes)
{
	char full[PATH_MAX];
	char *slash;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	slash = strrchr(full, '/');
	*slash = '\0';
	assert_int_equal(file_make_dirs(full, 0755, NULL), 0);
	*slash = '/';
	assert_int_equal(file_write_atomic(AT_FDCWD, full, bytes, mode, NULL), 0);
}

/* What the copy at root/path finds, without the root. */
static str ask(const char *root, const char *path, struct buf *answer)
{
	char full[PATH_MAX];
	int pipes[2], status;
	pid_t pid;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		execl(full, full, "say", NULL);
		_exit(127);
	}
	close(pipes[1]);
	buf_reset(answer);
	assert_int_equal(file_read_fd(pipes[0], 4096, answer, NULL), 0);
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return str_skip(buf_str(answer), MIN(answer->n, strlen(root)));
}

static void test_places(void **state)
{
	OWNED_BUF self = BUF_INIT;
	OWNED_BUF answer = BUF_INIT;
	char root[] = "/tmp/skep-test-shipped-XXXXXX", full[PATH_MAX];
	static const char *const made[] = { "usr/share/skep/rules", "tree/content/rules",
					    "usr/bin/program", "tree/build/bin/program" };
	static const char *const folders[] = {
		"usr/share/skep", "usr/share",  "usr/bin", "usr", "tree/content",
		"tree/build/bin", "tree/build", "tree",    ""
	};

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/exe", 1 << 26, &self, NULL), 0);
	make(root, "usr/bin/program", 0755, buf_str(&self));
	make(root, "tree/build/bin/program", 0755, buf_str(&self));
	assert_str(ask(root, "usr/bin/program", &answer), "");

	make(root, "usr/share/skep/rules", 0644, S("x"));
	make(root, "tree/content/rules", 0644, S("x"));
	assert_str(ask(root, "usr/bin/program", &answer), "/usr/share/skep/rules");
	assert_str(ask(root, "tree/build/bin/program", &answer), "/tree/content/rules");

	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		snprintf(full, sizeof(full), "%s/%s", root, made[i]);
		unlink(full);
	}
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		snprintf(full, sizeof(full), "%s/%s", root, folders[i]);
		rmdir(full);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_places) };

	if (argc == 2 && strcmp(argv[1], "say") == 0)
		return say();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
