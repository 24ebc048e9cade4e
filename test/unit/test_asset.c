#include "asset_host.h"

#include <malloc.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"

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

/* Where Docker is told to make a container's group, it is that container, and nobody else is. */
static void knows_containers_placed_anywhere(void **state)
{
	static const char *const parents[] = { "/docker/" B, "docker/" B "/x/", "/libpod_parent",
					       "/lxc/machine" };
	static const char *const paths[] = { "/docker/" B, "/docker/" B "/x", "/libpod_parent",
					     "/lxc/machine" };
	struct fixture *f = *state;

	asset_cgroup_made(f->a, 50, S("/docker/" B));
	for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
		const struct container *c;
		char host[256], path[256];
		uint64_t id = 10 + 2 * i;

		snprintf(host, sizeof(host), "{\"Privileged\":false,\"CgroupParent\":\"%s\"}",
			 parents[i]);
		put_docker(f, host);
		snprintf(path, sizeof(path), "%s/%s", paths[i], A);
		c = asset_cgroup_made(f->a, id, str_from(path));
		assert_non_null(c);
		assert_str(c->id, A);
		assert_str(c->name, "web");
		assert_int_equal(c->runtime, CONTAINER_DOCKER);
		snprintf(path, sizeof(path), "%s/%s/child", paths[i], A);
		assert_ptr_equal(asset_cgroup_made(f->a, id + 1, str_from(path)),
				 asset_find(f->a, id));
		asset_cgroup_gone(f->a, id);
	}
	/* Whoever makes a group of its name elsewhere is not it. The other has no files, which is waited for. */
	usleep(120000);
	assert_ptr_equal(asset_cgroup_made(f->a, 60, S("/libpod_parent/" A)), asset_host(f->a));
	assert_ptr_equal(asset_cgroup_made(f->a, 61, S("/docker/" B "/" A)), asset_find(f->a, 50));
	assert_str(asset_find(f->a, 61)->id, B);
}

/* Docker keeps the name that was asked for, which may be the beginning of an id. */
static void takes_no_id_for_a_repository(void **state)
{
	static const char config[] =
		"{\"ID\":\"" A "\",\"Name\":\"/web\",\"Driver\":\"overlay2\","
		"\"Image\":\"sha256:" IMG "\",\"Config\":{\"Image\":\"af341ccd2df8\"}}";
	struct fixture *f = *state;
	const struct container *c;

	put_docker(f, "{}");
	put(f, "var/lib/docker/containers/" A "/config.v2.json", config);
	c = asset_cgroup_made(f->a, 1, S("/docker/" A));
	assert_str(c->image_repository, "docker.io/library/nginx");
	assert_str(c->image_tag, "1.25");
	asset_cgroup_gone(f->a, 1);
	/* An image without a name has no repository. */
	put(f, "var/lib/docker/image/overlay2/repositories.json", "{}");
	c = asset_cgroup_made(f->a, 2, S("/docker/" A));
	assert_str(c->image_repository, "");
	assert_str(c->image_tag, "");
	assert_str(c->image, "af341ccd2df8");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_dockers_files),
		TEST(tells_powers),
		TEST(knows_containers_placed_anywhere),
		TEST(takes_no_id_for_a_repository),
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
		TEST(stays_flat),
		TEST(bounds_what_one_container_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
