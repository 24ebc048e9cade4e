/* Whose names an asset tells, and from which files they come. */
#include "asset_host.h"

#include <sys/stat.h>

#include "asset/id_map.h"
#include "users_looked_up.h"

/* "?": not known, "-": there is none. */
static const char *account(struct asset *a, const struct container *c, uint32_t pid,
			   enum account_part part, uint32_t number)
{
	const struct asset_account q = { c, { 0, pid }, part, number };
	static char text[64];
	uint64_t pending;
	str found = S("-");

	if (asset_account(a, &q, &found, &pending) == POLICY_UNKNOWN)
		found = S("?");
	snprintf(text, sizeof(text), "%.*s", STR_ARG(found));
	return text;
}

static const char *looked_up(struct asset *a, const struct container *c, uint32_t pid,
			     enum account_part part, uint32_t number)
{
	/* What is read first may be what the engine made. */
	for (int i = 0; i < 3; i++) {
		(void)account(a, c, pid, part, number);
		(void)look_at_users(asset_accounts(a), SIZE_MAX);
	}
	return account(a, c, pid, part, number);
}

static void reads_users_below_the_containers_root(void **state)
{
	struct fixture *f = *state;
	const struct container *c, *host;

	put_docker(f, "{}");
	put(f, "etc/passwd", "root:x:0:0::/:/bin/sh\nbroken\n::7\nme:x:1000:1000::/:/bin/sh\n");
	put(f, "etc/group", "root:x:0:\nwheel:x:10:me\n");
	put(f, "proc/77/root/etc/passwd",
	    "root:x:0:0::/:/bin/sh\napp:x:101:101::/srv/app:\nbare:x:103:103");
	put(f, "proc/77/root/etc/group", "appg:x:101:\n");
	put(f, "proc/77/uid_map", "0 0 4294967295\n");
	put(f, "proc/77/gid_map", "0 0 4294967295\n");
	put_process(f, "77");
	open_asset(f, 0);
	host = asset_host(f->a);
	c = asset_cgroup_made(f->a, 5, S("/docker/" A));
	assert_string_equal(account(f->a, host, 1, ACCOUNT_NAME, 1000), "?");
	assert_string_equal(looked_up(f->a, host, 1, ACCOUNT_NAME, 1000), "me");
	assert_string_equal(account(f->a, host, 1, ACCOUNT_GROUP_NAME, 10), "wheel");
	/* A process that is gone already does not keep the next one from being asked. */
	assert_string_equal(account(f->a, c, 76, ACCOUNT_NAME, 101), "?");
	usleep(60000);
	assert_string_equal(looked_up(f->a, c, 77, ACCOUNT_NAME, 101), "app");
	assert_string_equal(account(f->a, c, 77, ACCOUNT_HOME, 101), "/srv/app");
	assert_string_equal(account(f->a, c, 77, ACCOUNT_SHELL, 0), "/bin/sh");
	/* Empty is not unknown. */
	assert_string_equal(account(f->a, c, 77, ACCOUNT_SHELL, 101), "");
	assert_string_equal(account(f->a, c, 77, ACCOUNT_HOME, 103), "");
	assert_string_equal(account(f->a, c, 77, ACCOUNT_SHELL, 104), "-");
	assert_string_equal(account(f->a, c, 0, ACCOUNT_GROUP_NAME, 101), "appg");
	assert_string_equal(account(f->a, c, 77, ACCOUNT_NAME, 1000), "-");
	/* A new user's name is found at once; a number without one is not looked for each time. */
	put(f, "proc/77/root/etc/passwd",
	    "app:x:101:101::/:/bin/sh\nnew:x:102:102::/:/bin/sh\ncut:x:7:7::/:/");
	usleep(60000);
	assert_string_equal(looked_up(f->a, c, 77, ACCOUNT_NAME, 102), "new");
	usleep(60000);
	(void)looked_up(f->a, c, 77, ACCOUNT_NAME, 4000);
	usleep(60000);
	assert_string_equal(account(f->a, c, 77, ACCOUNT_NAME, 4000), "-");
	/* Another process of it whose root is gone: what was known is kept. */
	assert_string_equal(looked_up(f->a, c, 78, ACCOUNT_GROUP_NAME, 101), "appg");
}

/* A name must not be told of a process that has the number of one that is gone, and is not of the container. */
static void asks_only_processes_of_the_container(void **state)
{
	struct fixture *f = *state;
	const struct container *c;

	put_docker(f, "{}");
	put(f, "sys/fs/cgroup/cgroup.controllers", "");
	put(f, "sys/fs/cgroup/docker/" A "/cgroup.procs", "");
	put(f, "sys/fs/cgroup/else/cgroup.procs", "");
	put(f, "proc/77/cgroup", "0::/else\n");
	put(f, "proc/78/cgroup", "0::/docker/" A "\n");
	put(f, "proc/77/root/etc/passwd", "wrong:x:101:101::/:/\n");
	put(f, "proc/78/root/etc/passwd", "right:x:101:101::/:/\n");
	put(f, "proc/78/uid_map", "0 0 4294967295\n");
	put(f, "proc/78/gid_map", "0 0 4294967295\n");
	open_asset(f, 0);
	assert_int_equal(asset_scan(f->a, NULL), 1);
	{
		char path[256];
		struct stat st;

		snprintf(path, sizeof(path), "%s/sys/fs/cgroup/docker/" A, f->root);
		assert_int_equal(stat(path, &st), 0);
		c = asset_cgroup_made(f->a, st.st_ino, S("/docker/" A));
	}
	assert_non_null(c);
	assert_string_equal(looked_up(f->a, c, 77, ACCOUNT_NAME, 101), "?");
	usleep(60000);
	assert_string_equal(looked_up(f->a, c, 78, ACCOUNT_NAME, 101), "right");
}

/* An engine that nobody asks, whose files were read before there was a process: the control group tells one. */
static void finds_any_process(void **state)
{
	struct fixture *f = *state;
	const struct container *c;

	put(f, "sys/fs/cgroup/cgroup.controllers", "");
	put(f, "sys/fs/cgroup/default/web-1/cgroup.procs", "");
	put(f, "sys/fs/cgroup/default/web-1/container/cgroup.procs", "77\n78\n");
	put(f, "run/containerd/io.containerd.runtime.v2.task/default/web-1/config.json",
	    "{\"process\":{},\"linux\":{}}");
	open_asset(f, 0);
	c = asset_cgroup_made(f->a, 5, S("/default/web-1"));
	assert_int_equal(c->init_pid, 0);
	assert_int_equal(asset_process_of(f->a, c), 77);
}

static void tells_numbers_as_a_namespace_has_them(void **state)
{
	struct id_map m;
	uint32_t n;

	(void)state;
	assert_int_equal(
		id_map_parse(
			S("         0       1000          1\n         1     100000      65536\n"),
			&m, NULL),
		0);
	assert_true(id_map_inside(&m, 1000, &n) && n == 0);
	assert_true(id_map_inside(&m, 100000, &n) && n == 1);
	assert_true(id_map_inside(&m, 165535, &n) && n == 65536);
	assert_false(id_map_inside(&m, 165536, &n));
	assert_false(id_map_inside(&m, 0, &n));
	assert_true(id_map_outside(&m, 0, &n) && n == 1000);
	assert_true(id_map_outside(&m, 65536, &n) && n == 165535);
	assert_false(id_map_outside(&m, 65537, &n));
	assert_int_equal(id_map_parse(S("         0          0 4294967295\n"), &m, NULL), 0);
	assert_true(id_map_inside(&m, 4294967294, &n) && n == 4294967294);
	assert_int_equal(id_map_parse(S(""), &m, NULL), -EBADMSG);
	assert_int_equal(id_map_parse(S("0 0\n"), &m, NULL), -EBADMSG);
}

/* A container's first process may be gone before anyone asks: its users are read from the root the engine made. */
static void knows_users_of_short_containers(void **state)
{
	struct fixture *f = *state;
	const struct container *c;

	put_docker(f, "{}");
	put(f, "var/lib/docker/image/overlay2/layerdb/mounts/" A "/mount-id", "mid");
	put(f, "var/lib/docker/overlay2/mid/merged/etc/passwd", "app:x:101:101::/:/bin/sh\n");
	put(f, "run/containerd/io.containerd.runtime.v2.task/default/web-1/config.json",
	    "{\"root\":{\"path\":\"rootfs\"},\"process\":{},\"linux\":{}}");
	put(f, "run/containerd/io.containerd.runtime.v2.task/default/web-1/rootfs/etc/group",
	    "g:x:5:\n");
	open_asset(f, 0);
	assert_true(asset_scan(f->a, NULL) >= 0);
	c = asset_cgroup_made(f->a, 5, S("/docker/" A));
	assert_string_equal(looked_up(f->a, c, 4711, ACCOUNT_NAME, 101),
			    geteuid() == 0 ? "app" : "?");
	/* The engine has made no file of users: whether it has none is not known yet. */
	c = asset_cgroup_made(f->a, 6, S("/default/web-1"));
	assert_string_equal(looked_up(f->a, c, 4712, ACCOUNT_NAME, 5), "?");
}

/* dockerd --userns-remap: its folder is another, and a number is what the container calls it, or nobody. */
static void knows_users_of_remapped_containers(void **state)
{
	struct fixture *f = *state;
	const struct container *c;

	put(f, "var/lib/docker/1000.1000/containers/" A "/config.v2.json", docker_config);
	put(f, "var/lib/docker/1000.1000/containers/" A "/hostconfig.json", "{}");
	put(f, "var/lib/docker/1000.1000/image/overlay2/layerdb/mounts/" A "/mount-id", "mid");
	put(f, "var/lib/docker/1000.1000/overlay2/mid/merged/etc/passwd",
	    "root:x:0:0::/:/bin/sh\nnode:x:1000:1000::/:/bin/sh\n");
	put(f, "proc/77/uid_map",
	    "         0       1000          1\n         1     100000      65536\n");
	open_asset(f, 0);
	assert_true(asset_scan(f->a, NULL) >= 0);
	c = asset_cgroup_made(f->a, 5, S("/docker/" A));
	assert_non_null(c);
	assert_string_equal(looked_up(f->a, c, 77, ACCOUNT_NAME, 1000), "root");
	assert_string_equal(account(f->a, c, 77, ACCOUNT_NAME, 100999), "node");
	assert_string_equal(account(f->a, c, 77, ACCOUNT_NAME, 0), "-");
	/* Nobody is left who would tell: of files that are not the host's root's no number is taken for a name. */
	put(f, "proc/77/uid_map", "");
	if (geteuid() == 0) {
		char path[256];

		snprintf(path, sizeof(path),
			 "%s/var/lib/docker/1000.1000/overlay2/mid/merged/etc/passwd", f->root);
		assert_int_equal(chown(path, 1000, 1000), 0);
		open_asset(f, 0);
		assert_true(asset_scan(f->a, NULL) >= 0);
		c = asset_cgroup_made(f->a, 5, S("/docker/" A));
		assert_string_equal(looked_up(f->a, c, 77, ACCOUNT_NAME, 1000), "?");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_users_below_the_containers_root),
		TEST(asks_only_processes_of_the_container),
		TEST(finds_any_process),
		cmocka_unit_test(tells_numbers_as_a_namespace_has_them),
		TEST(knows_users_of_short_containers),
		TEST(knows_users_of_remapped_containers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
