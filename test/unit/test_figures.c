/* What a control group used: both versions' files, groups that went, files that are not the kernel's. */
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "asset/figures.h"
#include "base/buf.h"
#include "base/file.h"

static char root[] = "/tmp/figuresXXXXXX";

static void put(const char *folder, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/%s", root, folder);
	assert_int_equal(file_make_dirs(path, 0755, NULL), 0);
	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/%s/%s", root, folder, file);
	assert_int_equal(file_write_atomic(AT_FDCWD, path, str_from(text), 0644, NULL), 0);
}

static void test_v1(void **state)
{
	struct figures_source *s = NULL;
	struct figures f = { 0 };

	(void)state;
	assert_int_equal(figures_new(root, &s, NULL), -ENOENT);
	put("cpuacct/docker/a", "cpuacct.usage", "123456789\n");
	put("pids/docker/a", "pids.current", "12\n");
	put("cpuacct/docker/b", "cpuacct.usage", "5\n");
	put("cpuacct/docker/c", "cpuacct.usage", "many\n");
	assert_int_equal(figures_new(root, &s, NULL), 0);
	assert_int_equal(figures_read(s, S("/docker/a"), &f), 0);
	assert_int_equal(f.cpu_ns, 123456789);
	assert_int_equal(f.threads, 12);
	assert_int_equal(figures_read(s, S("/docker/b"), &f), 0);
	assert_int_equal(f.cpu_ns, 5);
	assert_int_equal(f.threads, 0);
	assert_int_equal(figures_read(s, S("/docker/c"), &f), -EBADMSG);
	assert_int_equal(figures_read(s, S("/docker/gone"), &f), -ENOENT);
	figures_free(s);
}

static void test_v2(void **state)
{
	struct figures_source *s = NULL;
	struct figures f = { 0 };

	(void)state;
	put(".", "cgroup.controllers", "cpu pids\n");
	put("system.slice/x", "cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n");
	put("system.slice/x", "pids.current", "3\n");
	put("system.slice/y", "cpu.stat", "user_usec 1500\n");
	assert_int_equal(figures_new(root, &s, NULL), 0);
	assert_int_equal(figures_read(s, S("/system.slice/x"), &f), 0);
	assert_int_equal(f.cpu_ns, 1500000);
	assert_int_equal(f.threads, 3);
	assert_int_equal(figures_read(s, S("/system.slice/y"), &f), -EBADMSG);
	figures_free(s);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *w)
{
	(void)st, (void)kind, (void)w;
	return remove(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_v1), cmocka_unit_test(test_v2) };
	int r;

	if (!mkdtemp(root))
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return r;
}
