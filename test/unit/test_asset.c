#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/stat.h>

#include "asset/asset.h"
#include "asset/id_map.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "users_looked_up.h"

#define A "4f1c9f0ab5a24b7e8c3fd0e1b2a39485766574839201a0b1c2d3e4f5a6b7c8d9"
#define B "00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee"
#define IMG "af341ccd2df8b0e2d67cf8dd32e087bfda4e5756ebd1c76bbf3efa0dc246590e"
#define DIGEST "1111111111111111111111111111111111111111111111111111111111111111"
#define POD "0f3c2b1a-1111-2222-3333-444455556666"

/* A host's root in a temporary folder, and an asset that looks at it. */
struct fixture {
	char root[32];
	struct asset *a;
};

static void put(const struct fixture *f, const char *path, const char *text)
{
	char whole[512], *slash;

	snprintf(whole, sizeof(whole), "%s/%s", f->root, path);
	slash = strrchr(whole, '/');
	*slash = '\0';
	assert_int_equal(file_make_dirs(whole, 0755, NULL), 0);
	*slash = '/';
	assert_int_equal(file_write_atomic(AT_FDCWD, whole, str_from(text), 0644, NULL), 0);
}

static void open_asset(struct fixture *f, size_t max)
{
	struct asset_config c = {
		.root = f->root, .docker_host = "", .max_containers = max, .users = true
	};

	asset_free(TAKE(&f->a));
	assert_int_equal(asset_new(&c, &f->a, NULL), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->root, sizeof(f->root), "/tmp/assetXXXXXX");
	assert_non_null(mkdtemp(f->root));
	*state = f;
	open_asset(f, 0);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *w)
{
	(void)st;
	(void)kind;
	(void)w;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	asset_free(f->a);
	nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static const char docker_config[] =
	"{\"ID\":\"" A
	"\",\"Created\":\"2024-05-01T10:00:00.5Z\",\"Name\":\"/web\",\"Driver\":\"overlay2\","
	"\"Image\":\"sha256:" IMG "\",\"Config\":{\"Hostname\":\"h\",\"User\":\"www-data\","
	"\"Image\":\"nginx:1.25\",\"Labels\":{\"team\":\"blue\",\"odd\":7},"
	"\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f localhost || exit 1\"]}},"
	"\"State\":{\"Pid\":77,\"StartedAt\":\"0001-01-01T00:00:00Z\"},"
	"\"MountPoints\":{\"/data\":{\"Source\":\"/srv\",\"Destination\":\"/data\",\"RW\":true,"
	"\"Propagation\":\"rprivate\"}}}";

static void put_docker(const struct fixture *f, const char *host)
{
	put(f, "var/lib/docker/containers/" A "/config.v2.json", docker_config);
	put(f, "var/lib/docker/containers/" A "/hostconfig.json", host);
	put(f, "var/lib/docker/image/overlay2/repositories.json",
	    "{\"Repositories\":{\"nginx\":{\"nginx:1.25\":\"sha256:" IMG "\",\"nginx@sha256:" DIGEST
	    "\":\"sha256:" IMG "\"}}}");
}

static void reads_dockers_files(void **state)
{
	struct fixture *f = *state;
	const struct container *c;

	put_docker(f, "{\"Privileged\":false,\"CapDrop\":[\"ALL\"],\"CapAdd\":[\"NET_ADMIN\"],"
		      "\"PidMode\":\"host\",\"NetworkMode\":\"none\"}");
	c = asset_cgroup_made(f->a, 11, S("/docker/" A));
	assert_non_null(c);
	assert_int_equal(c->runtime, CONTAINER_DOCKER);
	assert_int_equal(c->known, CONTAINER_IDENTITY | CONTAINER_METADATA | CONTAINER_POD |
					   CONTAINER_HEALTHCHECK);
	assert_str(c->healthcheck, "/bin/sh -c curl -f localhost || exit 1");
	assert_str(c->id, A);
	assert_str(c->name, "web");
	assert_str(c->image, "nginx:1.25");
	assert_str(c->image_repository, "docker.io/library/nginx");
	assert_str(c->image_tag, "1.25");
	assert_str(c->image_digest, "sha256:" DIGEST);
	assert_str(c->user, "www-data");
	assert_str(c->cgroup_path, "/docker/" A);
	assert_int_equal(c->label_count, 1);
	assert_str(c->labels[0].value, "blue");
	assert_int_equal(c->mount_count, 1);
	assert_str(c->mounts[0].dest, "/data");
	assert_true(c->mounts[0].writable && c->host_pid && !c->host_network && !c->privileged);
	assert_int_equal(c->caps, 1u << 12);
	assert_int_equal(c->init_pid, 77);
	assert_int_equal(c->started_ns, 0);
	assert_int_equal(c->created_ns, 1714557600500000000u);
	/* Groups below belong to it, others do not. */
	assert_ptr_equal(asset_cgroup_made(f->a, 12, S("/docker/" A "/init")), c);
	assert_ptr_equal(asset_find(f->a, 12), asset_find(f->a, 11));
	assert_ptr_equal(asset_cgroup_made(f->a, 13, S("/docker")), asset_host(f->a));
	assert_ptr_equal(asset_find(f->a, 13), asset_host(f->a));
	assert_null(asset_find(f->a, 14));
}

static void tells_powers(void **state)
{
	struct fixture *f = *state;

	put_docker(f, "{\"Privileged\":true}");
	assert_true(asset_cgroup_made(f->a, 1, S("/docker/" A))->privileged);
	asset_cgroup_gone(f->a, 1);
	/* The same container starts again with other powers. */
	put_docker(f,
		   "{\"Privileged\":false,\"CapAdd\":[\"ALL\"],\"CapDrop\":[\"CAP_SYS_ADMIN\"]}");
	assert_false(asset_cgroup_made(f->a, 2, S("/docker/" A))->privileged);
	assert_int_equal(asset_find(f->a, 2)->caps, ((1ull << 41) - 1) & ~(1ull << 21));
	assert_int_equal(asset_find(f->a, 1)->cgroup_id, 2);
}

static const char cri_bundle[] =
	"{\"process\":{\"user\":{\"uid\":101,\"gid\":101},\"capabilities\":{\"bounding\":[\"CAP_"
	"CHOWN\"]}},"
	"\"hostname\":\"p\",\"mounts\":[{\"destination\":\"/"
	"proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/etc/x\",\"type\":\"bind\",\"source\":\"/var/"
	"x\",\"options\":[\"rbind\",\"rprivate\",\"ro\"]}],"
	"\"linux\":{\"maskedPaths\":[\"/proc/"
	"kcore\"],\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"}]},"
	"\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\","
	"\"io.kubernetes.cri.container-name\":\"app\",\"io.kubernetes.cri.image-name\":\"quay.io/x/"
	"app:v2\","
	"\"io.kubernetes.cri.sandbox-name\":\"app-0\",\"io.kubernetes.cri.sandbox-namespace\":"
	"\"prod\","
	"\"io.kubernetes.cri.sandbox-uid\":\"" POD "\"}}";

static void reads_bundles_of_pods(void **state)
{
	struct fixture *f = *state;
	const struct container *c;

	put(f, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" A "/config.json", cri_bundle);
	c = asset_cgroup_made(f->a, 5, S("/kubepods/burstable/pod" POD "/" A));
	assert_non_null(c);
	assert_int_equal(c->runtime, CONTAINER_CONTAINERD);
	assert_str(c->pod_name, "app-0");
	assert_str(c->pod_namespace, "prod");
	assert_str(c->pod_uid, POD);
	assert_str(c->pod_container, "app");
	assert_str(c->image_repository, "quay.io/x/app");
	assert_str(c->user, "101:101");
	assert_int_equal(c->caps, 1);
	assert_true(c->host_network && !c->host_pid && !c->host_ipc && !c->privileged);
	assert_int_equal(c->mount_count, 1);
	assert_false(c->mounts[0].writable);
	assert_str(c->mounts[0].propagation, "rprivate");
}

static void knows_names_only_containerd_tells(void **state)
{
	struct fixture *f = *state;

	put(f, "run/containerd/io.containerd.runtime.v2.task/default/web-1/config.json",
	    "{\"process\":{},\"linux\":{}}");
	put(f, "run/containerd/io.containerd.runtime.v2.task/default/web-1/init.pid", "4711");
	assert_str(asset_cgroup_made(f->a, 5, S("/default/web-1"))->id, "web-1");
	assert_int_equal(asset_find(f->a, 5)->init_pid, 4711);
	assert_str(asset_cgroup_made(f->a, 6, S("/default/web-1/sub"))->id, "web-1");
	assert_ptr_equal(asset_cgroup_made(f->a, 7, S("/default/web-2")), asset_host(f->a));
	assert_ptr_equal(asset_cgroup_made(f->a, 8, S("/other/web-1")), asset_host(f->a));
}

static void reads_podmans_lists(void **state)
{
	struct fixture *f = *state;
	const struct container *c;

	put(f, "var/lib/containers/storage/overlay-containers/" A "/userdata/config.json",
	    "{\"process\":{\"capabilities\":{\"bounding\":[\"CAP_SYS_ADMIN\",\"CAP_SYS_MODULE\"]}},"
	    "\"linux\":{\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]},"
	    "\"namespaces\":[{\"type\":\"network\"},{\"type\":\"pid\"},{\"type\":\"ipc\"}]},"
	    "\"annotations\":{\"io.container.manager\":\"libpod\",\"mine\":\"1\"}}");
	put(f, "var/lib/containers/storage/overlay-containers/containers.json",
	    "[{\"id\":\"" B "\",\"names\":[\"no\"]},{\"id\":\"" A "\",\"names\":[\"box\"],"
	    "\"image\":\"" IMG
	    "\",\"metadata\":\"{\\\"image-name\\\":\\\"docker.io/library/alpine:3\\\","
	    "\\\"name\\\":\\\"box\\\"}\",\"created\":\"2024-05-01T10:00:00Z\"}]");
	c = asset_cgroup_made(f->a, 5, S("/machine.slice/libpod-" A ".scope/container"));
	assert_non_null(c);
	assert_int_equal(c->runtime, CONTAINER_PODMAN);
	assert_str(c->name, "box");
	assert_str(c->image_repository, "docker.io/library/alpine");
	assert_str(c->image_id, "sha256:" IMG);
	assert_true(c->privileged && !c->host_network);
	assert_int_equal(c->created_ns / 1000000000u, 1714557600);
}

/* A container of a pod has its pod's labels, whichever of the two is found first. */
static void knows_labels_of_pods(void **state)
{
	static const char sandbox[] =
		"{\"process\":{},\"linux\":{},\"annotations\":{\"io.kubernetes.cri.container-"
		"type\":\"sandbox\","
		"\"io.kubernetes.cri.sandbox-id\":\"" B "\",\"app\":\"shop\"}}";
	static const char other[] = "{\"process\":{},\"linux\":{},\"annotations\":{\"io.kubernetes."
				    "cri.container-type\":\"container\","
				    "\"io.kubernetes.cri.sandbox-id\":\"" B "\"}}";
	struct fixture *f = *state;

	put(f, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" A "/config.json", other);
	put(f, "run/containerd/io.containerd.runtime.v2.task/k8s.io/" B "/config.json", sandbox);
	for (int i = 0; i < 2; i++) {
		const char *first = i ? A : B, *second = i ? B : A;
		const struct container *c;
		char path[256];

		open_asset(f, 0);
		snprintf(path, sizeof(path), "/kubepods/pod" POD "/%s", first);
		assert_non_null(asset_cgroup_made(f->a, 1, str_from(path)));
		snprintf(path, sizeof(path), "/kubepods/pod" POD "/%s", second);
		assert_non_null(asset_cgroup_made(f->a, 2, str_from(path)));
		c = asset_find(f->a, i ? 1 : 2);
		assert_str(c->id, A);
		assert_str(c->pod_sandbox_id, B);
		assert_true(c->pod_label_count >= 1);
		assert_str(c->pod_labels[c->pod_label_count - 1].value, "shop");
	}
}

static void reads_crios_annotations(void **state)
{
	struct fixture *f = *state;
	const struct container *c;

	put(f, "run/containers/storage/overlay-containers/" A "/userdata/config.json",
	    "{\"process\":{},\"linux\":{\"maskedPaths\":[\"x\"],\"namespaces\":[]},\"annotations\":"
	    "{"
	    "\"io.kubernetes.cri-o.ContainerType\":\"sandbox\",\"io.kubernetes.cri-o.Name\":\"k8s_"
	    "POD_a\","
	    "\"io.kubernetes.cri-o.ImageName\":\"registry.k8s.io/pause:3.9\","
	    "\"io.kubernetes.cri-o.KubeName\":\"a\",\"io.kubernetes.cri-o.Namespace\":\"ns\","
	    "\"io.kubernetes.pod.uid\":\"" POD "\","
	    "\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\":\\\"a\\\"}\"}}");
	c = asset_cgroup_made(f->a, 5,
			      S("/kubepods.slice/kubepods-pod0f3c2b1a_1111_2222_3333_"
				"444455556666.slice/crio-" A ".scope"));
	assert_non_null(c);
	assert_int_equal(c->runtime, CONTAINER_CRIO);
	assert_true(c->pod_sandbox && c->host_pid);
	assert_str(c->pod_name, "a");
	assert_str(c->pod_namespace, "ns");
	assert_str(c->image_tag, "3.9");
	assert_int_equal(c->label_count, 1);
}

/* Files that come late are found; those that never come leave the identity. */
static void waits_for_late_files(void **state)
{
	struct fixture *f = *state;
	const uint64_t began = clock_ns(CLOCK_MONOTONIC);
	const struct container *c;
	struct asset_stats s;

	assert_null(asset_cgroup_made(f->a, 5, S("/docker/" A)));
	c = asset_find(f->a, 5);
	/* It is given up on after a while, which a busy machine may let pass. */
	if (clock_ns(CLOCK_MONOTONIC) - began < 50 * MS_NS)
		assert_null(c);
	put_docker(f, "{}");
	usleep(5000);
	c = asset_find(f->a, 5);
	assert_non_null(c);
	if (clock_ns(CLOCK_MONOTONIC) - began < 50 * MS_NS)
		assert_str(c->name, "web");

	assert_null(asset_cgroup_made(f->a, 6, S("/docker/" B)));
	usleep(120000);
	c = asset_find(f->a, 6);
	assert_non_null(c);
	assert_int_equal(c->known, CONTAINER_IDENTITY);
	assert_str(c->id, B);
	asset_stats(f->a, &s);
	assert_int_equal(s.unknown, 1);
}

/* Another for each container, and another when one began anew: who remembers by it remembers nothing of what was before. */
static void states_have_versions(void **state)
{
	struct fixture *f = *state;
	const struct container *c;
	uint64_t first, other;

	put_docker(f, "{}");
	c = asset_cgroup_made(f->a, 5, S("/docker/" A));
	assert_non_null(c);
	first = c->version;
	(void)asset_cgroup_made(f->a, 6, S("/docker/" B));
	usleep(120000);
	assert_non_null(asset_find(f->a, 6));
	other = asset_find(f->a, 6)->version;
	assert_int_equal(asset_find(f->a, 5)->version, first);
	asset_cgroup_gone(f->a, 5);
	put_docker(f, "{\"Privileged\":true}");
	c = asset_cgroup_made(f->a, 7, S("/docker/" A));
	assert_true(c && c->version && first && other && asset_host(f->a)->version);
	assert_true(c->version != first && c->version != other && first != other);
}

static void is_not_fooled_by_broken_files(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
		"", "{", "[]", "{\"ID\":7}", "null", "{\"ID\":\"x\",\"Config\":[],\"State\":\"no\"}"
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		put(f, "var/lib/docker/containers/" A "/config.v2.json", bad[i]);
		put(f, "var/lib/docker/containers/" A "/hostconfig.json", "[]");
		(void)asset_cgroup_made(f->a, 100 + i, S("/docker/" A));
		usleep(101000);
		assert_int_equal(asset_find(f->a, 100 + i)->known & CONTAINER_METADATA, 0);
	}
}

/* Process 500 is a dockerd in container B, with files of container A. */
static void put_nested_engine(const struct fixture *f)
{
	put(f, "proc/1/ns/user", "");
	put(f, "proc/1/ns/mnt", "");
	put(f, "proc/500/comm", "dockerd\n");
	put(f, "proc/500/cmdline", "dockerd");
	put(f, "proc/500/cgroup", "0::/docker/" B "/init\n");
	put(f, "proc/500/ns/mnt", "");
	put(f, "proc/500/root/var/lib/docker/containers/" A "/config.v2.json",
	    "{\"ID\":\"" A "\",\"Name\":\"/inner\",\"Config\":{\"Image\":\"inner:1\"}}");
	put(f, "proc/500/root/var/lib/docker/containers/" A "/hostconfig.json", "{}");
}

static void put_outer(const struct fixture *f, const char *host)
{
	put(f, "var/lib/docker/containers/" B "/config.v2.json",
	    "{\"ID\":\"" B "\",\"Name\":\"/outer\",\"Config\":{\"Image\":\"dind:1\"}}");
	put(f, "var/lib/docker/containers/" B "/hostconfig.json", host);
}

static void share_user_namespace(const struct fixture *f, const char *pid)
{
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/proc/1/ns/user", f->root);
	snprintf(to, sizeof(to), "%s/proc/%s/ns/user", f->root, pid);
	assert_int_equal(link(from, to), 0);
}

/* A process whose root may be looked into: it has the host's user namespace. */
static void put_process(const struct fixture *f, const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%s/ns/mnt", pid);
	put(f, "proc/1/ns/user", "");
	put(f, path, "");
	share_user_namespace(f, pid);
}

static void knows_containers_in_containers(void **state)
{
	struct fixture *f = *state;
	const struct container *c;

	put_nested_engine(f);
	share_user_namespace(f, "500");
	put_outer(f, "{\"Privileged\":true}");
	open_asset(f, 0);
	c = asset_cgroup_made(f->a, 5, S("/docker/" B "/docker/" A "/x"));
	assert_non_null(c);
	assert_str(c->id, A);
	assert_str(c->name, "inner");
	assert_str(asset_cgroup_made(f->a, 6, S("/docker/" B "/init"))->name, "outer");
	/* The host's container of the same id is another, and its files are the host's. */
	put_docker(f, "{}");
	assert_str(asset_cgroup_made(f->a, 7, S("/docker/" A))->name, "web");
	assert_str(asset_find(f->a, 5)->name, "inner");
}

/* Groups named like containers do not lead out of the container that made them. */
static void keeps_containers_inside_themselves(void **state)
{
	struct fixture *f = *state;
	const char *const hosts[] = { "{\"Privileged\":false}", "{\"Privileged\":true}" };

	/* Not privileged; privileged, with no engine but in a user namespace of its own. */
	put_docker(f, "{}");
	put_nested_engine(f);
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		put_outer(f, hosts[i]);
		if (i == 0)
			share_user_namespace(f, "500");
		else
			put(f, "proc/500/ns/user", "");
		open_asset(f, 0);
		assert_str(asset_cgroup_made(f->a, 7, S("/docker/" A))->name, "web");
		assert_str(asset_cgroup_made(f->a, 5, S("/docker/" B "/docker/" A))->name, "outer");
		assert_str(
			asset_cgroup_made(f->a, 6, S("/docker/" B "/x/docker-" A ".scope"))->name,
			"outer");
	}
}

struct told {
	unsigned int calls, started, stopped;
};

static void count(void *ctx, const struct container *c, bool started, bool stopped)
{
	struct told *t = ctx;

	(void)c;
	t->calls++;
	t->started += started;
	t->stopped += stopped;
}

static void tells_starts_and_stops(void **state)
{
	struct fixture *f = *state;
	struct told t = { 0 };

	put_docker(f, "{}");
	assert_true(asset_scan(f->a, NULL) >= 0);
	assert_int_equal(asset_poll(f->a, count, &t, NULL), 0);
	assert_int_equal(t.calls, 0);
	(void)asset_cgroup_made(f->a, 5, S("/docker/" A));
	assert_int_equal(asset_poll(f->a, count, &t, NULL), 0);
	assert_int_equal(t.calls, 1);
	assert_int_equal(t.started, 1);
	/* The file tells of an earlier run; this one began now. */
	assert_true(asset_find(f->a, 5)->started_ns > 1700000000ull * 1000000000u);
	assert_int_equal(asset_find(f->a, 5)->init_pid, 0);
	asset_cgroup_gone(f->a, 5);
	asset_cgroup_gone(f->a, 5);
	assert_int_equal(asset_poll(f->a, count, &t, NULL), 0);
	assert_int_equal(t.calls, 2);
	assert_int_equal(t.stopped, 1);
	/* It is remembered for events still on their way. */
	assert_str(asset_find(f->a, 5)->name, "web");
}

static void scans_a_tree(void **state)
{
	struct fixture *f = *state;
	struct asset_hierarchy h;
	struct stat st;
	char path[256];

	put_docker(f, "{}");
	put(f, "sys/fs/cgroup/cgroup.controllers", "");
	put(f, "sys/fs/cgroup/docker/" A "/deep/cgroup.procs", "");
	put(f, "sys/fs/cgroup/system.slice/cron.service/cgroup.procs", "");
	put(f, "proc/42/cgroup", "1:name=systemd:/x\n0::/docker/" A "/deep\n");
	open_asset(f, 0);
	asset_hierarchy(f->a, &h);
	assert_null(h.controller);
	assert_int_equal(asset_scan(f->a, NULL), 1);
	assert_int_equal(asset_scan(f->a, NULL), 1);
	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/docker/" A "/deep", f->root);
	assert_int_equal(stat(path, &st), 0);
	assert_str(asset_find(f->a, st.st_ino)->name, "web");
	{
		uint64_t id;

		assert_int_equal(asset_cgroup_of(f->a, 42, &id, NULL), 0);
		assert_int_equal(id, st.st_ino);
		assert_int_equal(asset_cgroup_of(f->a, 43, &id, NULL), -ESRCH);
	}
	/* What went between two scans is noticed. */
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(asset_scan(f->a, NULL), 0);
}

static void follows_one_v1_controller(void **state)
{
	struct fixture *f = *state;
	struct asset_hierarchy h;

	put(f, "sys/fs/cgroup/pids/docker/" A "/cgroup.procs", "");
	put(f, "sys/fs/cgroup/unified/cgroup.controllers", "");
	put(f, "proc/cgroups",
	    "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t1\t1\npids\t8\t1\t1\n");
	put_docker(f, "{}");
	open_asset(f, 0);
	asset_hierarchy(f->a, &h);
	assert_string_equal(h.controller, "pids");
	assert_int_equal(h.number, 8);
	assert_int_equal(asset_scan(f->a, NULL), 1);
}

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

/* A host on which containers come and go for months: nothing grows, and whom it forgets it does not confuse. */
static void stays_flat(void **state)
{
	struct fixture *f = *state;
	struct asset_stats s;
	size_t before = 0, after;

	put_docker(f, "{}");
	open_asset(f, 512);
	for (uint64_t i = 1; i <= 100000; i++) {
		char path[128];

		snprintf(path, sizeof(path), "/docker/%064llx", (unsigned long long)i);
		(void)asset_cgroup_made(f->a, i, str_from(path));
		if (i > 100)
			asset_cgroup_gone(f->a, i - 100);
		if (i % 1000 == 0)
			assert_int_equal(asset_poll(f->a, NULL, NULL, NULL), 0);
		if (i == 5000)
			before = mallinfo2().uordblks;
	}
	after = mallinfo2().uordblks;
	asset_stats(f->a, &s);
	assert_int_equal(s.containers, 100);
	/* 100 run, a quarter of 512 is remembered. */
	assert_int_equal(s.evicted, 100000 - 100 - 128);
	assert_true(s.cgroups <= 4 * 512);
	assert_true(after < before + 65536);
	assert_null(asset_find(f->a, 99000));
	usleep(110000);
	assert_non_null(asset_find(f->a, 99999));
}

static void bounds_what_one_container_says(void **state)
{
	struct fixture *f = *state;
	OWNED_BUF b = BUF_INIT;
	const struct container *c;
	struct asset_stats s;

	buf_printf(&b,
		   "{\"ID\":\"" A "\",\"Name\":\"/big\",\"Config\":{\"Image\":\"a\",\"Labels\":{");
	for (int i = 0; i < 2000; i++)
		buf_printf(&b, "%s\"k%d\":\"%0200d\"", i ? "," : "", i, i);
	buf_printf(&b, "}}}");
	put_docker(f, "{}");
	put(f, "var/lib/docker/containers/" A "/config.v2.json", buf_cstr(&b));
	c = asset_cgroup_made(f->a, 5, S("/docker/" A));
	assert_non_null(c);
	assert_str(c->name, "big");
	assert_true(c->label_count > 50 && c->label_count < 256);
	assert_int_equal(c->labels[10].value.n, 200);
	asset_stats(f->a, &s);
	assert_int_equal(s.cut, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_dockers_files),
		TEST(tells_powers),
		TEST(reads_bundles_of_pods),
		TEST(knows_names_only_containerd_tells),
		TEST(reads_podmans_lists),
		TEST(knows_labels_of_pods),
		TEST(reads_crios_annotations),
		TEST(waits_for_late_files),
		TEST(states_have_versions),
		TEST(is_not_fooled_by_broken_files),
		TEST(knows_containers_in_containers),
		TEST(keeps_containers_inside_themselves),
		TEST(tells_starts_and_stops),
		TEST(scans_a_tree),
		TEST(follows_one_v1_controller),
		TEST(reads_users_below_the_containers_root),
		TEST(asks_only_processes_of_the_container),
		TEST(finds_any_process),
		cmocka_unit_test(tells_numbers_as_a_namespace_has_them),
		TEST(knows_users_of_short_containers),
		TEST(knows_users_of_remapped_containers),
		TEST(stays_flat),
		TEST(bounds_what_one_container_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
