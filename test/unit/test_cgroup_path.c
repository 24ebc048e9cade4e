#include "unit.h"

#include "asset/cgroup_path.h"

#define A "4f1c9f0ab5a24b7e8c3fd0e1b2a39485766574839201a0b1c2d3e4f5a6b7c8d9"
#define B "00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee"
#define UID_ "0f3c2b1a-1111-2222-3333-444455556666"
#define UID_U "0f3c2b1a_1111_2222_3333_444455556666"
#define STATIC_UID "b8a1d5c0e3f24a6789b0c1d2e3f4a5b6"

struct row {
	const char *path;
	enum container_runtime runtime;
	const char *id; /* "" for the host */
	const char *container, *pod_uid, *outer;
};

#define HOST_ROW(path) \
	{ \
		path, CONTAINER_HOST, "", path, "", "" \
	}

static const struct row rows[] = {
	/* the host */
	HOST_ROW("/"),
	HOST_ROW(""),
	HOST_ROW("/init.scope"),
	HOST_ROW("/system.slice/docker.service"),
	HOST_ROW("/system.slice/containerd.service"),
	HOST_ROW("/system.slice/crio.service"),
	HOST_ROW("/system.slice/system-getty.slice/getty@tty1.service"),
	HOST_ROW("/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-1234.scope"),
	HOST_ROW("/user.slice/user-1000.slice/session-2.scope"),
	HOST_ROW("/docker"),
	HOST_ROW("/docker/buildkit"),
	HOST_ROW("/machine.slice"),
	HOST_ROW("/machine.slice/machine-qemu\\x2d1\\x2ddebian12.scope"),
	HOST_ROW("/machine.slice/machine-qemu\\x2d1\\x2ddebian12.scope/libvirt/emulator"),
	HOST_ROW("/lxc.monitor.web"),
	HOST_ROW("/lxc.pivot"),
	HOST_ROW("/system.slice/run-docker-runtime\\x2drunc-moby-" A "-runc.abc.mount"),
	/* Docker */
	{ "/docker/" A, CONTAINER_DOCKER, A, "/docker/" A, "", "" },
	{ "/docker/" A "/init.scope", CONTAINER_DOCKER, A, "/docker/" A, "", "" },
	{ "/docker/" A "/system.slice/ssh.service", CONTAINER_DOCKER, A, "/docker/" A, "", "" },
	{ "/system.slice/docker-" A ".scope", CONTAINER_DOCKER, A,
	  "/system.slice/docker-" A ".scope", "", "" },
	{ "/system.slice/docker-" A ".scope/init", CONTAINER_DOCKER, A,
	  "/system.slice/docker-" A ".scope", "", "" },
	{ "/system.slice/docker.service/docker/" A, CONTAINER_DOCKER, A,
	  "/system.slice/docker.service/docker/" A, "", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" A ".scope",
	  CONTAINER_DOCKER, A,
	  "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" A ".scope", "", "" },
	{ "/custom.slice/docker-" A ".scope", CONTAINER_DOCKER, A,
	  "/custom.slice/docker-" A ".scope", "", "" },
	{ "/actions_job/" A, CONTAINER_OTHER, A, "/actions_job/" A, "", "" },
	{ "/ecs/8a2b7f6c1d/" A, CONTAINER_OTHER, A, "/ecs/8a2b7f6c1d/" A, "", "" },
	{ "/system.slice:docker:" A, CONTAINER_DOCKER, A, "/system.slice:docker:" A, "", "" },
	/* docker build */
	{ "/docker/buildkit/x3yq0ba2v8kdrk8vj5mq5w9lm", CONTAINER_OTHER,
	  "x3yq0ba2v8kdrk8vj5mq5w9lm", "/docker/buildkit/x3yq0ba2v8kdrk8vj5mq5w9lm", "", "" },
	/* containerd */
	{ "/default/" A, CONTAINER_CONTAINERD, A, "/default/" A, "", "" },
	{ "/k8s.io/" A, CONTAINER_CONTAINERD, A, "/k8s.io/" A, "", "" },
	{ "/system.slice/nerdctl-" A ".scope", CONTAINER_CONTAINERD, A,
	  "/system.slice/nerdctl-" A ".scope", "", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-" A ".scope",
	  CONTAINER_CONTAINERD, A,
	  "/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-" A ".scope", "", "" },
	/* Kubernetes with containerd */
	{ "/kubepods/burstable/pod" UID_ "/" A, CONTAINER_CONTAINERD, A,
	  "/kubepods/burstable/pod" UID_ "/" A, UID_, "" },
	{ "/kubepods/besteffort/pod" UID_ "/" A, CONTAINER_CONTAINERD, A,
	  "/kubepods/besteffort/pod" UID_ "/" A, UID_, "" },
	{ "/kubepods/pod" UID_ "/" A "/sub/group", CONTAINER_CONTAINERD, A,
	  "/kubepods/pod" UID_ "/" A, UID_, "" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_U
	  ".slice/cri-containerd-" A ".scope",
	  CONTAINER_CONTAINERD, A,
	  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_U
	  ".slice/cri-containerd-" A ".scope",
	  UID_, "" },
	{ "/kubepods.slice/kubepods-pod" STATIC_UID ".slice/cri-containerd-" A ".scope",
	  CONTAINER_CONTAINERD, A,
	  "/kubepods.slice/kubepods-pod" STATIC_UID ".slice/cri-containerd-" A ".scope", STATIC_UID,
	  "" },
	{ "/system.slice/containerd.service/kubepods-besteffort-pod" UID_U
	  ".slice:cri-containerd:" A,
	  CONTAINER_CONTAINERD, A,
	  "/system.slice/containerd.service/kubepods-besteffort-pod" UID_U
	  ".slice:cri-containerd:" A,
	  UID_, "" },
	{ "/kubepods-burstable-pod" UID_U ".slice:cri-containerd:" A, CONTAINER_CONTAINERD, A,
	  "/kubepods-burstable-pod" UID_U ".slice:cri-containerd:" A, UID_, "" },
	{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
	  "kubelet-kubepods-besteffort-pod" UID_U ".slice/cri-containerd-" A ".scope",
	  CONTAINER_CONTAINERD, A,
	  "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
	  "kubelet-kubepods-besteffort-pod" UID_U ".slice/cri-containerd-" A ".scope",
	  UID_, "" },
	/* a pod's own group */
	HOST_ROW("/kubepods/burstable/pod" UID_),
	HOST_ROW("/kubepods/pod" UID_),
	HOST_ROW("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_U
		 ".slice"),
	/* Kubernetes with Docker */
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_U
	  ".slice/docker-" A ".scope",
	  CONTAINER_DOCKER, A,
	  "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_U
	  ".slice/docker-" A ".scope",
	  UID_, "" },
	/* CRI-O */
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_U ".slice/crio-" A
	  ".scope",
	  CONTAINER_CRIO, A,
	  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_U ".slice/crio-" A
	  ".scope",
	  UID_, "" },
	{ "/kubepods.slice/kubepods-pod" UID_U ".slice/crio-" A ".scope/container", CONTAINER_CRIO,
	  A, "/kubepods.slice/kubepods-pod" UID_U ".slice/crio-" A ".scope", UID_, "" },
	{ "/kubepods/burstable/pod" UID_ "/crio-" A, CONTAINER_CRIO, A,
	  "/kubepods/burstable/pod" UID_ "/crio-" A, UID_, "" },
	HOST_ROW("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_U
		 ".slice/crio-conmon-" A ".scope"),
	HOST_ROW("/kubepods/burstable/pod" UID_ "/crio-conmon-" A),
	HOST_ROW("/system.slice/crio-conmon-" A ".scope"),
	/* Podman */
	{ "/machine.slice/libpod-" A ".scope", CONTAINER_PODMAN, A,
	  "/machine.slice/libpod-" A ".scope", "", "" },
	{ "/machine.slice/libpod-" A ".scope/container", CONTAINER_PODMAN, A,
	  "/machine.slice/libpod-" A ".scope", "", "" },
	{ "/libpod_parent/libpod-" A, CONTAINER_PODMAN, A, "/libpod_parent/libpod-" A, "", "" },
	{ "/libpod_parent/libpod-" A "/ctr", CONTAINER_PODMAN, A, "/libpod_parent/libpod-" A, "",
	  "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope/container",
	  CONTAINER_PODMAN, A,
	  "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope", "", "" },
	{ "/system.slice/web.service/libpod-payload-" A, CONTAINER_PODMAN, A,
	  "/system.slice/web.service/libpod-payload-" A, "", "" },
	{ "/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope", CONTAINER_PODMAN, A,
	  "/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope", "", "" },
	{ "/libpod_parent/" B "/libpod-" A, CONTAINER_PODMAN, A, "/libpod_parent/" B "/libpod-" A,
	  "", "" },
	HOST_ROW("/machine.slice/libpod-conmon-" A ".scope"),
	HOST_ROW("/libpod_parent/libpod-conmon-" A),
	HOST_ROW("/libpod_parent/conmon"),
	/* systemd-nspawn, libvirt */
	{ "/machine.slice/systemd-nspawn@debian.service", CONTAINER_NSPAWN, "debian",
	  "/machine.slice/systemd-nspawn@debian.service", "", "" },
	{ "/machine.slice/systemd-nspawn@debian.service/payload/system.slice/cron.service",
	  CONTAINER_NSPAWN, "debian", "/machine.slice/systemd-nspawn@debian.service", "", "" },
	HOST_ROW("/machine.slice/systemd-nspawn@debian.service/supervisor"),
	{ "/machine.slice/machine-my\\x2dbox.scope/payload", CONTAINER_NSPAWN, "my-box",
	  "/machine.slice/machine-my\\x2dbox.scope", "", "" },
	{ "/machine.slice/machine-lxc\\x2d4711\\x2dweb.scope", CONTAINER_LXC, "4711-web",
	  "/machine.slice/machine-lxc\\x2d4711\\x2dweb.scope", "", "" },
	HOST_ROW("/machine.slice/machine-a\\x2fb.scope"),
	/* LXC */
	{ "/lxc.payload.web", CONTAINER_LXC, "web", "/lxc.payload.web", "", "" },
	{ "/lxc.payload.web/system.slice/nginx.service", CONTAINER_LXC, "web", "/lxc.payload.web",
	  "", "" },
	{ "/lxc/web", CONTAINER_LXC, "web", "/lxc/web", "", "" },
	{ "/lxc.payload/web/init.scope", CONTAINER_LXC, "web", "/lxc.payload/web", "", "" },
	/* nested */
	{ "/docker/" A "/docker/" B, CONTAINER_DOCKER, B, "/docker/" A "/docker/" B, "", A },
	{ "/system.slice/docker-" A ".scope/docker/" B "/x", CONTAINER_DOCKER, B,
	  "/system.slice/docker-" A ".scope/docker/" B, "", A },
	{ "/docker/" A "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_U
	  ".slice/cri-containerd-" B ".scope",
	  CONTAINER_CONTAINERD, B,
	  "/docker/" A "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_U
	  ".slice/cri-containerd-" B ".scope",
	  UID_, A },
	{ "/lxc.payload.web/docker/" B, CONTAINER_DOCKER, B, "/lxc.payload.web/docker/" B, "",
	  "web" },
	/* what only looks like one */
	HOST_ROW("/system.slice/docker-web.scope"),
	HOST_ROW("/system.slice/libpod-1234.scope"),
	HOST_ROW("/system.slice/foo-/docker-.scope"),
	HOST_ROW("/machine.slice/machine-.scope"),
	HOST_ROW("/lxc.payload."),
	HOST_ROW("/lxc.payload.."),
};

static void knows_every_engine(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct cgroup_path c;

		cgroup_path_parse(str_from(r->path), &c);
		if (c.runtime != r->runtime)
			fail_msg("%s: runtime %s, want %s", r->path,
				 container_runtime_name(c.runtime),
				 container_runtime_name(r->runtime));
		if (c.kind != (r->id[0] ? CGROUP_PATH_CONTAINER : CGROUP_PATH_HOST))
			fail_msg("%s: kind %d", r->path, c.kind);
		assert_string_equal(c.id, r->id);
		assert_string_equal(c.outer, r->outer);
		assert_str(c.container, r->container);
		if (r->id[0])
			assert_string_equal(c.pod_uid, r->pod_uid);
	}
}

static void leaves_free_names_to_containerds_files(void **state)
{
	struct cgroup_path c;

	(void)state;
	cgroup_path_parse(S("/default/web-1/child"), &c);
	assert_int_equal(c.kind, CGROUP_PATH_MAYBE);
	assert_string_equal(c.id, "web-1");
	assert_str(c.name_space, "default");
	assert_str(c.container, "/default/web-1");
	cgroup_path_parse(S("/system.slice/web"), &c);
	assert_int_equal(c.kind, CGROUP_PATH_HOST);
	cgroup_path_parse(S("/one"), &c);
	assert_int_equal(c.kind, CGROUP_PATH_HOST);
	cgroup_path_parse(S("/a/.."), &c);
	assert_int_equal(c.kind, CGROUP_PATH_HOST);
}

/* Podman's pods stand there by their ids; so does a container of Docker's that was told to. */
static void leaves_podmans_pods_to_dockers_files(void **state)
{
	struct cgroup_path c;

	(void)state;
	cgroup_path_parse(S("/libpod_parent/" B "/x"), &c);
	assert_int_equal(c.kind, CGROUP_PATH_MAYBE);
	assert_int_equal(c.runtime, CONTAINER_DOCKER);
	assert_string_equal(c.id, B);
	assert_string_equal(c.key, B);
	assert_str(c.container, "/libpod_parent/" B);
	cgroup_path_parse(S("/libpod_parent/conmon"), &c);
	assert_int_equal(c.kind, CGROUP_PATH_HOST);
}

static void shortens_ids(void **state)
{
	struct container c = { .runtime = CONTAINER_DOCKER, .id = S(A) };

	(void)state;
	assert_str(container_short_id(&c), "4f1c9f0ab5a2");
	c.id = S("my-long-machine-name");
	assert_str(container_short_id(&c), "my-long-machine-name");
	c.short_id_bytes = 5;
	assert_str(container_short_id(&c), "my-lo");
	c.runtime = CONTAINER_HOST;
	assert_str(container_short_id(&c), "host");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_every_engine),
		cmocka_unit_test(leaves_free_names_to_containerds_files),
		cmocka_unit_test(leaves_podmans_pods_to_dockers_files),
		cmocka_unit_test(shortens_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
