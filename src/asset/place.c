#include "asset/place.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "asset/host_namespace.h"
#include "base/file.h"
#include "codec/json.h"
#include "codec/toml.h"

#define CONFIG_MAX (64u << 10)
#define MAX_NESTED 64 /* processes in containers named as engines are, looked at in one go */
#define ARGS_MAX (64u << 10)
#define SCRATCH_BYTES (4u << 20)
#define MAX_ARGS 64
#define MAX_REMAPPED 4 /* folders of one data root */

/* X(kind, path): what an installation with nothing configured uses. */
static const struct {
	enum place_kind kind;
	const char *path;
} usual[] = {
	{ PLACE_DOCKER, "/var/lib/docker" },
	{ PLACE_DOCKER, "/var/snap/docker/common/var-lib-docker" },
	{ PLACE_CONTAINERD_STATE, "/run/containerd" },
	{ PLACE_CONTAINERD_STATE, "/run/docker/containerd/daemon" },
	{ PLACE_CONTAINERD_STATE, "/run/k3s/containerd" },
	{ PLACE_CONTAINERD_STATE, "/run/k0s/containerd" },
	{ PLACE_CONTAINERD_STATE, "/var/snap/microk8s/common/run/containerd" },
	{ PLACE_CONTAINERD_ROOT, "/var/lib/containerd" },
	{ PLACE_CONTAINERD_ROOT, "/var/lib/rancher/k3s/agent/containerd" },
	{ PLACE_CONTAINERD_ROOT, "/var/lib/k0s/containerd" },
	{ PLACE_CONTAINERD_ROOT, "/var/snap/microk8s/common/var/lib/containerd" },
	{ PLACE_STORAGE, "/run/containers/storage" },
	{ PLACE_STORAGE, "/var/lib/containers/storage" },
	{ PLACE_BUILDKIT, "/var/lib/buildkit/runc-overlayfs" },
};

static void add(struct places *s, enum place_kind kind, uint32_t pid, const char *outer, str path)
{
	struct place p = { .kind = kind, .pid = pid };

	path = str_skip_slashes(path);
	if (path.n == 0 || path.n >= sizeof(p.path) || s->count == PLACES_MAX ||
	    (*outer && s->nested == PLACES_MAX_NESTED))
		return;
	memcpy(p.path, path.p, path.n);
	snprintf(p.outer, sizeof(p.outer), "%s", outer);
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].kind == kind && s->list[i].pid == pid &&
		    str_is(path, s->list[i].path))
			return;
	s->nested += *outer != '\0';
	s->list[s->count++] = p;
}

/* A running engine: whose files it reads, and what it was told. */
struct engine_process {
	struct places *places;
	int base_fd;
	uint32_t pid;
	char outer[CGROUP_PATH_KEY_BYTES];
	str args[MAX_ARGS];
	size_t arg_count;
};

/* The value of --NAME=VALUE or --NAME VALUE; the last counts. */
static str argument(const struct engine_process *p, const char *name, const char *letter)
{
	str found = { NULL, 0 };

	for (size_t i = 1; i < p->arg_count; i++) {
		str a = p->args[i];
		str next = i + 1 < p->arg_count ? p->args[i + 1] : (str){ NULL, 0 };
		size_t n = strlen(name);

		if (str_is(a, name) || (letter && str_is(a, letter)))
			found = next;
		else if (str_starts(a, str_from(name)) && a.n > n && a.p[n] == '=')
			found = str_skip(a, n + 1);
	}
	return found;
}

static int read_config(const struct engine_process *p, str path, const char *otherwise,
		       struct buf *ret)
{
	OWNED_BUF name = BUF_INIT;
	OWNED_FD fd = -1;

	buf_add(&name, path.n ? path : str_from(otherwise));
	if (buf_error(&name))
		return -ENOMEM;
	fd = file_open_in_root(p->base_fd, buf_cstr(&name), O_RDONLY | O_NONBLOCK, NULL);
	return fd < 0 ? fd : file_read_fd(fd, CONFIG_MAX, ret, NULL);
}

static str or_else(str a, const char *b)
{
	return a.n ? a : str_from(b);
}

static void add_socket(struct engine_process *p, str host)
{
	struct places *s = p->places;

	/* Another root's socket has another path here, and a container's engine is not the host's. */
	if (!str_starts(host, S("unix://")) || p->outer[0] || s->socket_count == PLACES_MAX_SOCKETS)
		return;
	host = str_skip(host, 7);
	if (host.n == 0 || host.n >= PLACE_MAX_PATH || host.p[0] != '/')
		return;
	snprintf(s->docker_sockets[s->socket_count++], PLACE_MAX_PATH, "%.*s", STR_ARG(host));
}

static void take_docker(struct engine_process *p)
{
	OWNED_BUF b = BUF_INIT;
	struct value config = { 0 };
	struct arena a;
	str data;

	arena_init(&a, SCRATCH_BYTES);
	if (read_config(p, argument(p, "--config-file", NULL), "/etc/docker/daemon.json", &b) < 0 ||
	    json_parse(buf_str(&b), &a, &config, NULL) < 0)
		config = (struct value){ 0 };
	data = argument(p, "--data-root", "-g");
	if (!data.n)
		data = argument(p, "--graph", NULL);
	data = data.n ? data : value_get_str(&config, "data-root");
	add(p->places, PLACE_DOCKER, p->pid, p->outer, or_else(data, "/var/lib/docker"));
	data = argument(p, "--exec-root", NULL);
	data = data.n ? data : value_get_str(&config, "exec-root");
	data = arena_printf(&a, "%.*s/containerd/daemon", STR_ARG(or_else(data, "/run/docker")));
	add(p->places, PLACE_CONTAINERD_STATE, p->pid, p->outer, data);
	for (size_t i = 1; i + 1 < p->arg_count; i++)
		if (str_is(p->args[i], "-H") || str_is(p->args[i], "--host"))
			add_socket(p, p->args[i + 1]);
	VALUE_EACH (host, value_get(&config, "hosts"))
		add_socket(p, value_str(host));
	arena_done(&a);
}

static void take_containerd(struct engine_process *p)
{
	OWNED_BUF b = BUF_INIT;
	struct value config = { 0 };
	struct arena a;
	str state = argument(p, "--state", NULL), root = argument(p, "--root", NULL);

	arena_init(&a, SCRATCH_BYTES);
	if (read_config(p, argument(p, "--config", "-c"), "/etc/containerd/config.toml", &b) < 0 ||
	    toml_parse(buf_str(&b), &a, &config, NULL) < 0)
		config = (struct value){ 0 };
	state = state.n ? state : value_get_str(&config, "state");
	root = root.n ? root : value_get_str(&config, "root");
	add(p->places, PLACE_CONTAINERD_STATE, p->pid, p->outer, or_else(state, "/run/containerd"));
	add(p->places, PLACE_CONTAINERD_ROOT, p->pid, p->outer,
	    or_else(root, "/var/lib/containerd"));
	arena_done(&a);
}

/* Podman's API service, conmon's parent or CRI-O. */
static void take_storage(struct engine_process *p)
{
	add(p->places, PLACE_STORAGE, p->pid, p->outer,
	    or_else(argument(p, "--root", NULL), "/var/lib/containers/storage"));
	add(p->places, PLACE_STORAGE, p->pid, p->outer,
	    or_else(argument(p, "--runroot", NULL), "/run/containers/storage"));
}

/* One watches each container of Podman and CRI-O: --bundle ROOT/DRIVER-containers/ID/userdata */
static void take_conmon(struct engine_process *p)
{
	str path = argument(p, "--bundle", "-b");

	if (!str_ends(path, S("/userdata")))
		return;
	for (int i = 0; i < 3; i++)
		path = str_take(path, MIN(str_find_last(path, '/'), path.n));
	add(p->places, PLACE_STORAGE, p->pid, p->outer, path);
}

static void take_buildkit(struct engine_process *p)
{
	str root = argument(p, "--root", NULL);
	OWNED_BUF b = BUF_INIT;

	buf_printf(&b, "%.*s/runc-overlayfs", STR_ARG(or_else(root, "/var/lib/buildkit")));
	add(p->places, PLACE_BUILDKIT, p->pid, p->outer, buf_str(&b));
}

static const struct {
	const char *comm;
	void (*take)(struct engine_process *p);
} programs[] = {
	{ "dockerd", take_docker }, { "containerd", take_containerd }, { "podman", take_storage },
	{ "crio", take_storage },   { "buildkitd", take_buildkit },    { "conmon", take_conmon },
};

/* Of whatever hierarchy: a process in a container has a container's cgroup in one of them. */
static bool read_outer(int proc_fd, uint32_t pid, char *ret)
{
	OWNED_BUF b = BUF_INIT;
	struct cgroup_path c;
	char name[32];
	str rest;

	snprintf(name, sizeof(name), "%u/cgroup", pid);
	if (file_read(proc_fd, name, ARGS_MAX, &b, NULL) < 0)
		return false;
	rest = buf_str(&b);
	while (rest.n) {
		str line = str_line(&rest);

		(void)str_cut(&line, ':');
		(void)str_cut(&line, ':');
		cgroup_path_parse(line, &c);
		if (c.kind != CGROUP_PATH_CONTAINER)
			continue;
		memcpy(ret, c.key, sizeof(c.key));
		break;
	}
	return true;
}

static void split_args(struct engine_process *p, str text)
{
	while (text.n && p->arg_count < MAX_ARGS)
		p->args[p->arg_count++] = str_cut(&text, '\0');
}

static void take_process(struct places *s, int root_fd, int proc_fd, uint32_t pid,
			 void (*take)(struct engine_process *p), size_t *nested)
{
	struct engine_process p = { .places = s };
	struct place where = { .pid = pid };
	OWNED_BUF args = BUF_INIT;
	OWNED_FD base = -1;
	char name[32];

	snprintf(name, sizeof(name), "%u/cmdline", pid);
	if (file_read(proc_fd, name, ARGS_MAX, &args, NULL) < 0 || args.n == 0 ||
	    !read_outer(proc_fd, pid, p.outer))
		return;
	snprintf(name, sizeof(name), "proc/%u/ns/user", pid);
	if (p.outer[0] && (++*nested > MAX_NESTED || !host_namespace_is(root_fd, name, "user")))
		return;
	snprintf(name, sizeof(name), "proc/%u/ns/mnt", pid);
	p.pid = host_namespace_is(root_fd, name, "mnt") ? 0 : pid;
	base = place_open(root_fd, &where);
	/* Who may not look into processes takes an engine of no container for one that has the host's files. */
	if (base < 0 && !p.outer[0]) {
		p.pid = 0;
		base = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (base < 0)
		return;
	p.base_fd = base;
	split_args(&p, buf_str(&args));
	take(&p);
}

static void take_processes(struct places *s, int root_fd)
{
	DIR *d = file_open_folder(openat(root_fd, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;
	size_t nested = 0;

	if (!d)
		return;
	while ((entry = readdir(d))) {
		OWNED_BUF comm = BUF_INIT;
		char name[32];
		uint32_t pid;

		if (str_u32(str_from(entry->d_name), &pid) < 0)
			continue;
		snprintf(name, sizeof(name), "%u/comm", pid);
		if (file_read(dirfd(d), name, 64, &comm, NULL) < 0)
			continue;
		for (size_t i = 0; i < ARRAY_LEN(programs); i++)
			if (str_is(str_trim(buf_str(&comm)), programs[i].comm))
				take_process(s, root_fd, dirfd(d), pid, programs[i].take, &nested);
	}
	closedir(d);
}

static bool is_remapped(str name)
{
	uint32_t user, group;

	return str_u32(str_cut(&name, '.'), &user) == 0 && str_u32(name, &group) == 0;
}

/* With --userns-remap all that dockerd has lies in a folder of its data root, named by root's numbers: UID.GID. */
static void add_remapped(struct places *s, int root_fd)
{
	for (size_t i = 0, count = s->count; i < count; i++) {
		const struct place p = s->list[i];
		OWNED_FD base = p.kind == PLACE_DOCKER ? place_open(root_fd, &p) : -1;
		DIR *d = base < 0 ? NULL
				  : file_open_folder(file_open_in_root(
					    base, p.path, O_RDONLY | O_DIRECTORY, NULL));
		size_t found = 0;

		for (struct dirent *f; d && found < MAX_REMAPPED && (f = readdir(d));) {
			char path[2 * PLACE_MAX_PATH];

			if (!is_remapped(str_from(f->d_name)))
				continue;
			snprintf(path, sizeof(path), "%s/%.32s", p.path, f->d_name);
			add(s, PLACE_DOCKER, p.pid, p.outer, str_from(path));
			found++;
		}
		if (d)
			closedir(d);
	}
}

/* Engines that do not run now are configured all the same. */
static void take_configuration(struct places *s, int root_fd)
{
	struct engine_process p = { .places = s, .base_fd = root_fd };

	take_docker(&p);
	take_containerd(&p);
}

void places_find(int root_fd, const char *const *data_roots, struct places *ret)
{
	*ret = (struct places){ 0 };
	for (size_t i = 0; data_roots && data_roots[i]; i++)
		for (int kind = 0; kind < PLACE_KINDS; kind++)
			add(ret, (enum place_kind)kind, 0, "", str_from(data_roots[i]));
	take_configuration(ret, root_fd);
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		add(ret, usual[i].kind, 0, "", str_from(usual[i].path));
	take_processes(ret, root_fd);
	add_remapped(ret, root_fd);
}

int place_open(int root_fd, const struct place *p)
{
	char name[32] = ".";
	int fd;

	if (p->pid)
		snprintf(name, sizeof(name), "proc/%u/root", p->pid);
	fd = openat(root_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
