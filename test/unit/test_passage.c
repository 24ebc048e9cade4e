/* A user without rights comes to what is named below a closed folder, under its name, and sees nothing else of it; whoever made
 * the way is the only one it is there for. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/passage.h"
#include "base/privilege.h"
#include "base/process.h"

enum { NOBODY = 65534 };

static char root[] = "/tmp/skep-passage-XXXXXX";

static const char *below(const char *rest)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", root, rest);
	return path;
}

static void put(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	close(fd);
}

static bool opens(const char *rest)
{
	OWNED_FD fd = open(below(rest), O_RDONLY | O_CLOEXEC);

	return fd >= 0;
}

static int become_nobody(bool with_way)
{
	char own[160], open_one[160], absent[160];
	const char *const folders[] = { own, open_one, absent };
	struct err e = { 0 };

	snprintf(own, sizeof(own), "%s", below("closed/a/own"));
	snprintf(open_one, sizeof(open_one), "%s", below("free"));
	snprintf(absent, sizeof(absent), "%s", below("closed/absent"));
	if (with_way && passage_open(folders, ARRAY_LEN(folders), NOBODY, NOBODY, &e) < 0)
		return 1;
	return privilege_become(NOBODY, NOBODY, 0, &e) < 0;
}

static int without_a_way(void *ctx UNUSED)
{
	return become_nobody(false) || opens("closed/a/own/file") ? 1 : 42;
}

static int by_a_way(void *ctx UNUSED)
{
	if (become_nobody(true))
		return 1;
	if (!opens("closed/a/own/file") || !opens("free/file"))
		return 2;
	if (access(below("closed/a/other"), F_OK) == 0 || access(below("closed/file"), F_OK) == 0)
		return 3;
	/* What a folder itself forbids stays forbidden, and nothing is made beside it. */
	if (opens("closed/a/own/kept") || mkdir(below("closed/a/new"), 0755) == 0)
		return 4;
	return 42;
}

static void run(int (*fn)(void *ctx))
{
	struct process_end end;
	pid_t pid;

	assert_int_equal(process_start_open(fn, NULL, &pid, NULL), 0);
	assert_int_equal(process_wait(pid, &end, NULL), 0);
	assert_int_equal(end.exit_status, 42);
}

static void only_what_is_named(void **state UNUSED)
{
	if (geteuid() != 0)
		SKIP_BECAUSE("needs root");
	run(without_a_way);
	run(by_a_way);
	/* Here all is as it was. */
	assert_true(opens("closed/file") && access(below("closed/a/other"), F_OK) == 0);
}

static int make(void **state UNUSED)
{
	static const char *const folders[] = { "closed", "closed/a", "closed/a/own",
					       "closed/a/other", "free" };

	if (geteuid() != 0)
		return 0;
	umask(022);
	assert_non_null(mkdtemp(root));
	assert_int_equal(chmod(root, 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		assert_int_equal(mkdir(below(folders[i]), 0755), 0);
	put(below("closed/file"), 0644);
	put(below("closed/a/own/file"), 0644);
	put(below("closed/a/own/kept"), 0600);
	put(below("free/file"), 0644);
	return chmod(below("closed"), 0700);
}

static int clean(void **state UNUSED)
{
	static const char *const all[] = { "free/file",         "free",         "closed/a/own/kept",
					   "closed/a/own/file", "closed/a/own", "closed/a/other",
					   "closed/a",          "closed/file",  "closed" };

	for (size_t i = 0; geteuid() == 0 && i < ARRAY_LEN(all); i++)
		(void)remove(below(all[i]));
	return geteuid() == 0 ? rmdir(root) : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(only_what_is_named) };

	return cmocka_run_group_tests(tests, make, clean);
}
