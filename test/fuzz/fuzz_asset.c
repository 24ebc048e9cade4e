/*
 * A host whose files say anything: engines' configuration, command lines and documents, a container's users, the kernel's
 * figures. Places keep to their form, a container is found under its own id or not at all and can be rendered, a user's name is
 * one, and it all ends.
 *
 * Input: the number of a file in the list below, its content up to the next byte 0x1e, the next number, and so on.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asset/asset.h"
#include "asset/figures.h"
#include "asset/hierarchy.h"
#include "asset/place.h"
#include "asset/record.h"
#include "base/file.h"
#include "codec/json.h"
#include "input.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define STORAGE "var/lib/containers/storage/"

static const char *const files[] = {
	"proc/7/comm",
	"proc/7/cmdline",
	"proc/7/cgroup",
	"etc/docker/daemon.json",
	"etc/containerd/config.toml",
	"var/lib/docker/containers/" A "/config.v2.json",
	"var/lib/docker/containers/" A "/hostconfig.json",
	"var/lib/docker/image/overlay2/repositories.json",
	"run/containerd/io.containerd.runtime.v2.task/moby/" A "/config.json",
	"run/containerd/io.containerd.runtime.v2.task/moby/" A "/init.pid",
	"var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
	STORAGE "overlay-containers/containers.json",
	STORAGE "overlay-containers/" A "/userdata/config.json",
	STORAGE "overlay-containers/" A "/userdata/pidfile",
	STORAGE "libpod/bolt_state.db",
	"etc/passwd",
	"etc/group",
	"proc/7/root/etc/passwd",
	"proc/7/root/etc/group",
	"sys/fs/cgroup/docker/" A "/cpu.stat",
	"sys/fs/cgroup/docker/" A "/pids.current",
	"var/lib/buildkit/runc-overlayfs/executor/" A "/config.json",
	"proc/cgroups",
};

static char root[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *w)
{
	(void)st, (void)kind, (void)w;
	return remove(path);
}

static void remove_root(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void path_of(const char *name, char ret[256])
{
	snprintf(ret, 256, "%s/%s", root, name);
}

static void put(const char *name, str content)
{
	char path[256];
	int fd;

	path_of(name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert(fd >= 0 && file_write_all(fd, content, NULL) == 0);
	close(fd);
}

static void make_folders_of(const char *name)
{
	char path[256];

	path_of(name, path);
	*strrchr(path, '/') = '\0';
	assert(file_make_dirs(path, 0755, NULL) == 0);
}

/* Once. Processes 1 and 7 share their namespaces. */
static void make_root(void)
{
	static const char *const namespaces[] = { "user", "mnt", "pid", "ipc", "net" };
	char from[256], to[256], name[32];

	if (root[0])
		return;
	snprintf(root, sizeof(root), "%s/asset-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(root));
	atexit(remove_root);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		make_folders_of(files[i]);
	make_folders_of("proc/1/ns/x");
	make_folders_of("proc/7/ns/x");
	put("sys/fs/cgroup/cgroup.controllers", S("cpu"));
	for (size_t i = 0; i < ARRAY_LEN(namespaces); i++) {
		snprintf(name, sizeof(name), "proc/1/ns/%s", namespaces[i]);
		put(name, S(""));
		path_of(name, from);
		snprintf(name, sizeof(name), "proc/7/ns/%s", namespaces[i]);
		path_of(name, to);
		assert(link(from, to) == 0);
	}
}

static void check_places(int root_fd)
{
	static struct places found;

	places_find(root_fd, NULL, &found);
	assert(found.count && found.count <= PLACES_MAX && found.nested <= PLACES_MAX_NESTED &&
	       found.socket_count <= PLACES_MAX_SOCKETS);
	for (size_t i = 0; i < found.count; i++) {
		const struct place *p = &found.list[i];

		assert(p->kind < PLACE_KINDS && p->path[0] && p->path[0] != '/' &&
		       strnlen(p->path, sizeof(p->path)) < sizeof(p->path) &&
		       strnlen(p->outer, sizeof(p->outer)) < sizeof(p->outer));
		assert(p->pid == 0 || p->pid == 7);
	}
	for (size_t i = 0; i < found.socket_count; i++)
		assert(found.docker_sockets[i][0] == '/' &&
		       strnlen(found.docker_sockets[i], PLACE_MAX_PATH) < PLACE_MAX_PATH);
}

/* Nothing is read here: what is asked for is queued, and known to nobody. */
static void check_account(struct asset *a, const struct container *c)
{
	const struct asset_account q = { c, { 0, 7 }, ACCOUNT_NAME, 33 };
	struct account_source asked[ACCOUNTS_BATCH];
	uint64_t pending;
	str name;

	assert(asset_account(a, &q, &name, &pending) == POLICY_UNKNOWN);
	if (accounts_ask(asset_accounts(a), asked))
		accounts_over(asset_accounts(a), SIZE_MAX, NULL);
}

static void check_container(struct asset *a, const struct container *c)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	if (!c)
		return;
	assert(c->runtime == CONTAINER_HOST || str_is(c->id, A));
	assert(c->label_count <= RECORD_MAX_LABELS && c->mount_count <= RECORD_MAX_MOUNTS);
	json_out_init(&j, &out, false);
	container_render(c, &j);
	assert(!buf_error(&out));
	check_account(a, c);
}

static void check_figures(void)
{
	struct figures_source *s;
	struct figures f;

	assert(figures_new(root, &s, NULL) == 0);
	(void)!figures_read(s, S("/docker/" A), &f);
	figures_free(s);
}

static void check_process(int root_fd)
{
	struct hierarchy h;
	OWNED_BUF path = BUF_INIT;

	assert(hierarchy_open(root_fd, &h, NULL) == 0);
	if (hierarchy_of_process(&h, root_fd, 7, &path, NULL) == 0)
		assert(str_find(buf_str(&path), '\n') == path.n);
	hierarchy_done(&h);
}

static void check_all(void)
{
	static const char *const paths[] = {
		"/docker/" A,
		"/moby/" A,
		"/libpod_parent/" A,
		"/machine.slice/libpod-" A ".scope/container",
		"/kubepods.slice/kubepods-pod0f3c2b1a_1111_2222_3333_444455556666.slice/crio-" A
		".scope",
	};
	struct asset_config config = { .root = root, .docker_host = "", .max_containers = 8 };
	OWNED_FD root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct asset *a;

	check_places(root_fd);
	check_process(root_fd);
	check_figures();
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert(asset_new(&config, &a, NULL) == 0);
		check_container(a, asset_cgroup_made(a, 100 + i, str_from(paths[i])));
		check_container(a, asset_find(a, 100 + i));
		check_container(a, asset_host(a));
		asset_free(a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, MIN(size, (size_t)65536));
	bool there[ARRAY_LEN(files)] = { 0 };
	char path[256];

	make_root();
	while (in.rest.n) {
		size_t which = input_byte(&in) % ARRAY_LEN(files);

		put(files[which], str_cut(&in.rest, '\x1e'));
		there[which] = true;
	}
	check_all();
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (there[i]) {
			path_of(files[i], path);
			unlink(path);
		}
	return 0;
}
