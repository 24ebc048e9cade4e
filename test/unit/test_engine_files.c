#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "asset/cni.h"
#include "asset/mount_volume.h"
#include "asset/process_address.h"

#define POD "/var/lib/kubelet/pods/0f7a2b1c-1111-2222-3333-444455556666/"
#define STATIC_POD \
	"/var/snap/microk8s/common/var/lib/kubelet/pods/5e8b1f0c9d2a4b7c8e6f0123456789ab/"

static void test_mounts_tell_their_volume(void **state)
{
	static const struct {
		enum container_runtime runtime;
		const char *source, *id, *driver, *at;
	} rows[] = {
		{ CONTAINER_CONTAINERD, POD "volumes/kubernetes.io~csi/pvc-7/mount",
		  "kubernetes/0f7a2b1c-1111-2222-3333-444455556666/pvc-7", "kubernetes.io/csi",
		  POD "volumes/kubernetes.io~csi/pvc-7" },
		{ CONTAINER_CRIO, POD "volumes/kubernetes.io~projected/kube-api-access-x2",
		  "kubernetes/0f7a2b1c-1111-2222-3333-444455556666/kube-api-access-x2",
		  "kubernetes.io/projected",
		  POD "volumes/kubernetes.io~projected/kube-api-access-x2" },
		{ CONTAINER_CONTAINERD, POD "volume-subpaths/pvc-7/web/0",
		  "kubernetes/0f7a2b1c-1111-2222-3333-444455556666/pvc-7", "",
		  POD "volume-subpaths/pvc-7" },
		{ CONTAINER_CONTAINERD, STATIC_POD "volumes/kubernetes.io~empty-dir/tmp",
		  "kubernetes/5e8b1f0c9d2a4b7c8e6f0123456789ab/tmp", "kubernetes.io/empty-dir",
		  STATIC_POD "volumes/kubernetes.io~empty-dir/tmp" },
		{ CONTAINER_DOCKER, "/var/lib/docker/volumes/data/_data", "docker/data", "local",
		  "/var/lib/docker/volumes/data/_data" },
		{ CONTAINER_PODMAN, "/var/lib/containers/storage/volumes/db/_data/sub", "podman/db",
		  "local", "/var/lib/containers/storage/volumes/db/_data" },
		{ CONTAINER_CONTAINERD, "/var/lib/nerdctl/1935db59/volumes/default/db/_data",
		  "containerd/db", "local", "/var/lib/nerdctl/1935db59/volumes/default/db/_data" },
		{ CONTAINER_CONTAINERD, POD "etc-hosts", NULL, NULL, NULL },
		{ CONTAINER_CONTAINERD, POD "volumes/kubernetes.io~csi", NULL, NULL, NULL },
		{ CONTAINER_CONTAINERD, "/srv/pods/mine/volumes/a/b", NULL, NULL, NULL },
		{ CONTAINER_DOCKER, "/srv/_data", NULL, NULL, NULL },
		{ CONTAINER_DOCKER, "/var/lib/docker/volumes/_data", NULL, NULL, NULL },
		{ CONTAINER_DOCKER, "", NULL, NULL, NULL },
	};
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mount_volume v;
		int r = mount_volume(rows[i].runtime, str_from(rows[i].source), &a, &v);

		assert_int_equal(r, rows[i].id ? 0 : -ENOENT);
		if (r < 0)
			continue;
		assert_str(v.id, rows[i].id);
		assert_str(v.driver, rows[i].driver);
		assert_str(v.at, rows[i].at);
	}
	arena_done(&a);
}

#define NETAVARK \
	"{\"name\":\"podman\",\"id\":\"2f259bab\",\"driver\":\"bridge\",\"subnets\":" \
	"[{\"subnet\":\"10.88.0.0/16\",\"gateway\":\"10.88.0.1\"}]}"
#define CONFLIST \
	"{\"cniVersion\":\"1.0.0\",\"name\":\"shops\",\"plugins\":[{\"type\":\"bridge\",\"ipam\":" \
	"{\"type\":" \
	"\"host-local\",\"ranges\":[[{\"subnet\":\"10.1.0.0/24\"}],[{\"subnet\":\"fd00::/" \
	"64\"}]]}}," \
	"{\"type\":\"portmap\"}]}"
#define CONF \
	"{\"name\":\"old\",\"type\":\"macvlan\",\"ipam\":{\"type\":\"host-local\",\"subnet\":" \
	"\"10.2.0.0/24\"}}"
#define RESULT(network, container) \
	"{\"kind\":\"cniCacheV1\",\"containerId\":\"" container "\",\"networkName\":\"" network \
	"\"}"

static void test_networks_are_what_files_say(void **state)
{
	static const char *const bad[] = { "",
					   "[]",
					   "{",
					   "{}",
					   "{\"name\":7}",
					   "{\"id\":\"\"}",
					   "{\"networkName\":\"shops\"}",
					   "{\"containerId\":\"c\"}" };
	struct cni_networks n = { 0 };
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(cni_take_config(str_from(bad[i]), &a, &n), 0);
		assert_int_equal(cni_take_netavark(str_from(bad[i]), &a, &n), 0);
		assert_int_equal(cni_take_result(str_from(bad[i]), &a, &n), 0);
	}
	assert_int_equal(n.count, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(cni_take_config(S(CONFLIST), &a, &n), 0);
	assert_int_equal(cni_take_config(S(CONF), &a, &n), 0);
	assert_int_equal(cni_take_netavark(S(NETAVARK), &a, &n), 0);
	assert_int_equal(cni_take_result(S(RESULT("shops", "default-c1")), &a, &n), 0);
	assert_int_equal(cni_take_result(S(RESULT("shops", "c2")), &a, &n), 0);
	assert_int_equal(cni_take_result(S(RESULT("gone", "c3")), &a, &n), 0);
	assert_int_equal(n.count, 4);
	assert_str(n.items[0].id, "shops");
	assert_str(n.items[0].driver, "bridge");
	assert_int_equal(n.items[0].subnet_count, 2);
	assert_str(n.items[0].subnets[1], "fd00::/64");
	assert_int_equal(n.items[0].member_count, 2);
	assert_str(n.items[0].members[0], "default-c1");
	assert_str(n.items[1].driver, "macvlan");
	assert_str(n.items[1].subnets[0], "10.2.0.0/24");
	assert_string_equal(n.items[2].engine, "podman");
	assert_str(n.items[2].name, "podman");
	assert_str(n.items[2].subnets[0], "10.88.0.0/16");
	assert_str(n.items[3].id, "gone");
	assert_int_equal(n.items[3].driver.n, 0);
	arena_done(&a);
}

#define TRIE \
	"Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.88.0.0\n        /16 link UNICAST\n" \
	"        |-- 10.88.0.5\n           /32 host LOCAL\n     |-- 10.88.255.255\n" \
	"        /32 link BROADCAST\n     |-- 127.0.0.1\n        /32 host LOCAL\n" \
	"Local:\n        |-- 10.88.0.5\n           /32 host LOCAL\n"
#define INET6 \
	"00000000000000000000000000000001 01 80 10 80       lo\n" \
	"fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n" \
	"fd000000000000000000000000000002 04 40 00 82     eth0\n" \
	"fd00 04 40 00 82     eth0\n"

static void test_addresses_are_those_others_reach(void **state)
{
	char text[NETWORK_TEXT_BYTES];
	struct networks own = { 0 };

	(void)state;
	process_address_take_trie(S(TRIE), &own);
	process_address_take_inet6(S(INET6), &own);
	assert_int_equal(own.count, 2);
	network_show(own.list[0].bytes, text);
	assert_string_equal(text, "10.88.0.5");
	network_show(own.list[1].bytes, text);
	assert_string_equal(text, "fd00::2");
	assert_int_equal(own.list[1].bits, 128);
	for (int i = 0; i < 2 * NETWORKS_MAX; i++) {
		char line[80];

		snprintf(line, sizeof(line), "|-- 10.0.0.%d\n/32 host LOCAL\n", i);
		process_address_take_trie(str_from(line), &own);
	}
	assert_int_equal(own.count, NETWORKS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts_tell_their_volume),
		cmocka_unit_test(test_networks_are_what_files_say),
		cmocka_unit_test(test_addresses_are_those_others_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
