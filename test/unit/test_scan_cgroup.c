#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "prog/agent/scan_cgroup.h"

/* Files stand in for the kernel's: what is written where, and when nothing is. */
static char mount[64];

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
		put("cpu/mine/skep-scanner/cpu.cfs_quota_us", "");
		put("cpu/mine/skep-scanner/cpu.cfs_period_us", "");
		put("cpu/mine/skep-scanner/cgroup.procs", "");
		put("memory/skep-scanner/memory.limit_in_bytes", "");
		put("memory/skep-scanner/cgroup.procs", "");
		assert_int_equal(scan_cgroup_make(mount, "4:memory:/\n3:cpu,cpuacct:/mine\n0::/x\n",
						  1, &g, NULL),
				 0);
		expect("cpu/mine/skep-scanner/cpu.cfs_quota_us", "50000");
		expect("memory/skep-scanner/memory.limit_in_bytes", "2147483648");
		assert_int_equal(g.count, 2);
		assert_int_equal(scan_cgroup_enter(&g), 0);
		expect("cpu/mine/skep-scanner/cgroup.procs", "0");
		expect("memory/skep-scanner/cgroup.procs", "0");
		close(g.procs[0]);
		close(g.procs[1]);
	}
	assert_int_equal(scan_cgroup_make(mount, "3:cpu:/mine\n", 1, &g, NULL), -ENOENT);
}

static void make_unified(const char *given, const char *procs)
{
	put("cgroup.controllers", "cpu memory pids\n");
	put("unit/cgroup.subtree_control", given);
	put("unit/cgroup.procs", procs);
	put("unit/agent/cgroup.procs", "");
	put("unit/scanner/cpu.max", "");
	put("unit/scanner/memory.max", "");
	put("unit/scanner/cgroup.procs", "");
}

static void version_2(void **state)
{
	char self[24];
	struct scan_cgroup g;

	(void)state;
	snprintf(self, sizeof(self), "%d\n", (int)getpid());
	/* A group that others share is left alone. */
	make_unified("", "1\n");
	assert_int_equal(scan_cgroup_make(mount, "0::/unit\n", getpid(), &g, NULL), -EBUSY);
	expect("unit/cgroup.subtree_control", "");
	expect("unit/agent/cgroup.procs", "");
	/* The agent's own is divided. */
	make_unified("", self);
	assert_int_equal(scan_cgroup_make(mount, "0::/unit\n", getpid(), &g, NULL), 0);
	expect("unit/cgroup.subtree_control", "+cpu +memory");
	expect("unit/scanner/cpu.max", "50000 100000");
	expect("unit/scanner/memory.max", "2147483648");
	assert_int_equal(g.count, 1);
	close(g.procs[0]);
	/* Who comes later finds it divided, and itself in the leaf. */
	make_unified("cpu memory\n", "1\n");
	assert_int_equal(scan_cgroup_make(mount, "0::/unit/agent\n", getpid(), &g, NULL), 0);
	expect("unit/scanner/cpu.max", "50000 100000");
	close(g.procs[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(version_1, set_up, tear_down),
		cmocka_unit_test_setup_teardown(version_2, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
