#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "prog/agent/scan_cgroup.h"

/* Files stand in for the kernel's: what is written where, and when nothing is. */
static char mount[64];
#define MINE SCAN_CGROUP_NAME "1-a"
#define OTHERS SCAN_CGROUP_NAME "1-b"

static void put(const char *path, const char *text)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", mount, path);
	*strrchr(whole, '/') = '\0';
	assert_int_equal(file_make_dirs(whole, 0755, NULL), 0);
	snprintf(whole, sizeof(whole), "%s/%s", mount, path);
	assert_int_equal(file_write_atomic(AT_FDCWD, whole, str_from(text), 0644, NULL), 0);
}

static void expect(const char *path, const char *text)
{
	OWNED_BUF b = BUF_INIT;
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", mount, path);
	assert_int_equal(file_read(AT_FDCWD, whole, 4096, &b, NULL), 0);
	assert_str(buf_str(&b), text);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(mount, sizeof(mount), "/tmp/skep-cgroup-XXXXXX");
	return mkdtemp(mount) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(mount, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void version_1(void **state)
{
	struct scan_cgroup g;

	(void)state;
	for (int i = 0; i < 2; i++) {
		put("cpu/mine/" MINE "/cpu.cfs_quota_us", "");
		put("cpu/mine/" MINE "/cpu.cfs_period_us", "");
		put("cpu/mine/" MINE "/cgroup.procs", "");
		put("memory/" MINE "/memory.limit_in_bytes", "");
		put("memory/" MINE "/cgroup.procs", "");
		assert_int_equal(scan_cgroup_make(mount, "4:memory:/\n3:cpu,cpuacct:/mine\n0::/x\n",
						  1, MINE, &g, NULL),
				 0);
		expect("cpu/mine/" MINE "/cpu.cfs_quota_us", "50000");
		expect("memory/" MINE "/memory.limit_in_bytes", "2147483648");
		assert_int_equal(g.count, 2);
		assert_int_equal(scan_cgroup_enter(&g), 0);
		expect("cpu/mine/" MINE "/cgroup.procs", "0");
		expect("memory/" MINE "/cgroup.procs", "0");
		for (size_t k = 0; k < g.count; k++) {
			close(g.procs[k]);
			close(g.locks[k]);
		}
	}
	assert_int_equal(scan_cgroup_make(mount, "3:cpu:/mine\n", 1, MINE, &g, NULL), -ENOENT);
}

static int remove_files(const char *folder)
{
	static const char *const files[] = { "cpu.max", "memory.max", "cgroup.procs" };
	char whole[256];
	int n = 0;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(whole, sizeof(whole), "%s/%s/%s", mount, folder, files[i]);
		n += unlink(whole) == 0;
	}
	return n;
}

static bool is_there(const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", mount, path);
	return access(whole, F_OK) == 0;
}

static int open_folder(const char *path)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%s/%s", mount, path);
	assert_int_equal(file_make_dirs(whole, 0755, NULL), 0);
	return open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Another agent's stays while that agent lives, and goes when it is dead; what has another name is nobody's business. */
static void others(void **state)
{
	int other = open_folder("unit/" OTHERS), unknown = open_folder("unit/scanner");
	struct scan_cgroup g;

	(void)state;
	put("cgroup.controllers", "cpu memory pids\n");
	put("unit/cgroup.subtree_control", "cpu memory\n");
	for (int locked = 1; locked >= 0; locked--) {
		put("unit/" MINE "/cpu.max", "");
		put("unit/" MINE "/memory.max", "");
		put("unit/" MINE "/cgroup.procs", "");
		assert_int_equal(flock(other, locked ? LOCK_EX : LOCK_UN), 0);
		assert_int_equal(scan_cgroup_make(mount, "0::/unit\n", 1, MINE, &g, NULL), 0);
		assert_int_equal(is_there("unit/" OTHERS), locked);
		/* Nor does another of the same name get it. */
		if (locked)
			assert_int_equal(scan_cgroup_make(mount, "0::/unit\n", 1, MINE,
							  &(struct scan_cgroup){ 0 }, NULL),
					 -EBUSY);
		/* The kernel's files vanish with their group; these do not. */
		assert_int_equal(remove_files("unit/" MINE), 3);
		scan_cgroup_remove(&g);
		assert_false(is_there("unit/" MINE));
	}
	assert_true(is_there("unit/scanner"));
	close(other);
	close(unknown);
}

static void make_unified(const char *given, const char *procs)
{
	put("cgroup.controllers", "cpu memory pids\n");
	put("unit/cgroup.subtree_control", given);
	put("unit/cgroup.procs", procs);
	put("unit/agent/cgroup.procs", "");
	put("unit/" MINE "/cpu.max", "");
	put("unit/" MINE "/memory.max", "");
	put("unit/" MINE "/cgroup.procs", "");
}

static void version_2(void **state)
{
	char self[24];
	struct scan_cgroup g;

	(void)state;
	snprintf(self, sizeof(self), "%d\n", (int)getpid());
	/* A group that others share is left alone. */
	make_unified("", "1\n");
	assert_int_equal(scan_cgroup_make(mount, "0::/unit\n", getpid(), MINE, &g, NULL), -EBUSY);
	expect("unit/cgroup.subtree_control", "");
	expect("unit/agent/cgroup.procs", "");
	/* The agent's own is divided. */
	make_unified("", self);
	assert_int_equal(scan_cgroup_make(mount, "0::/unit\n", getpid(), MINE, &g, NULL), 0);
	expect("unit/cgroup.subtree_control", "+cpu +memory");
	expect("unit/" MINE "/cpu.max", "50000 100000");
	expect("unit/" MINE "/memory.max", "2147483648");
	assert_int_equal(g.count, 1);
	close(g.procs[0]);
	close(g.locks[0]);
	/* Who comes later finds it divided, and itself in the leaf. */
	make_unified("cpu memory\n", "1\n");
	assert_int_equal(scan_cgroup_make(mount, "0::/unit/agent\n", getpid(), MINE, &g, NULL), 0);
	expect("unit/" MINE "/cpu.max", "50000 100000");
	close(g.procs[0]);
	close(g.locks[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(version_1, set_up, tear_down),
		cmocka_unit_test_setup_teardown(version_2, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
