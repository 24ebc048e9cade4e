#include "asset/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "asset/engine_db.h"
#include "asset/host_namespace.h"
#include "asset/place.h"
#include "asset/record.h"
#include "base/clock.h"
#include "base/file.h"
#include "codec/json.h"

#define DOCUMENT_MAX (2u << 20)
#define LIST_MAX (4u << 20)
#define NESTED_MAX (256u << 10) /* either, where an engine in a container wrote it */
#define PLACED_MEMORY (8u << 20)
#define REFRESH_NS 50000000u
/* Looking at every process takes its time: no more than a twentieth of one processor. */
#define REFRESH_SHARE 20
#define MAX_NAMESPACES 64
#define PID_MAX_BYTES 32
#define MOUNT_ID_MAX_BYTES 256

struct disk {
	int root_fd;
	const char *const *data_roots;
	struct places places;
	uint64_t next_refresh_ns; /* CLOCK_MONOTONIC */
	bool found;
};

/* One search. */
struct search {
	struct disk *disk;
	const struct disk_wanted *w;
	struct arena *a;
	struct container *ret;
	struct err *e;
	int base_fd;
	const char *path;    /* of the place */
	char name_space[64]; /* containerd's, where the bundle was */
	int rootfs_fd;       /* -1: not asked for, or not there */
	bool wants_rootfs;
	bool busy; /* a database changed faster than it could be read */
};

int disk_new(int root_fd, const char *const *data_roots, struct disk **ret, struct err *e)
{
	struct disk *d = calloc(1, sizeof(*d));

	if (!d)
		return err_set(e, ENOMEM, "no memory for the engines' folders");
	d->root_fd = root_fd;
	d->data_roots = data_roots;
	*ret = d;
	return 0;
}

void disk_free(struct disk *d)
{
	free(d);
}

void disk_refresh(struct disk *d, bool force)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC), end;

	if (!force && d->found && begin < d->next_refresh_ns)
		return;
	places_find(d->root_fd, d->data_roots, &d->places);
	d->found = true;
	end = clock_ns(CLOCK_MONOTONIC);
	d->next_refresh_ns = end + MAX((uint64_t)REFRESH_NS, (end - begin) * REFRESH_SHARE);
}

const struct places *disk_places(const struct disk *d)
{
	return &d->places;
}

static int open_below(const struct search *s, int flags, const char *fmt, ...) PRINTF_LIKE(3, 4);

static int open_below(const struct search *s, int flags, const char *fmt, ...)
{
	OWNED_BUF name = BUF_INIT;
	char rest[PATH_MAX];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(rest, sizeof(rest), fmt, args);
	va_end(args);
	buf_printf(&name, "%s/%s", s->path, rest);
	if (n < 0 || (size_t)n >= sizeof(rest) || buf_error(&name))
		return -ENAMETOOLONG;
	/* Whatever stands there must not make us wait; O_PATH opens nothing and takes no other flag. */
	return file_open_in_root(s->base_fd, buf_cstr(&name),
				 flags & O_PATH ? flags : flags | O_NONBLOCK, NULL);
}

static int read_json(const struct search *s, int fd, uint64_t max, struct value *ret)
{
	OWNED_FD own = fd;
	OWNED_BUF b = BUF_INIT;
	int r;

	if (fd < 0)
		return fd;
	r = file_read_fd(own, s->w->outer[0] ? NESTED_MAX : max, &b, s->e);
	return r < 0 ? r : json_parse(buf_str(&b), s->a, ret, s->e);
}

/* The engine replaces what it stores about images often and in place: no more than one try. */
static void complete_docker(const struct search *s, str driver)
{
	struct value list;

	if (!driver.n || str_find(driver, '/') < driver.n || str_starts(driver, S(".")))
		return;
	if (read_json(s, open_below(s, O_RDONLY, "image/%.*s/repositories.json", STR_ARG(driver)),
		      LIST_MAX, &list) == 0)
		record_docker_repositories(&list, s->a, s->ret);
}

/* Where the storage driver mounts a container's files. */
static void open_docker_root(struct search *s, str driver)
{
	static const struct {
		const char *driver, *before, *after;
	} drivers[] = { { "overlay2", "overlay2", "merged" },
			{ "btrfs", "btrfs/subvolumes", "" },
			{ "vfs", "vfs/dir", "" } };
	OWNED_BUF b = BUF_INIT;
	OWNED_FD fd = -1;
	str id;

	for (size_t i = 0; s->wants_rootfs && i < ARRAY_LEN(drivers); i++) {
		if (!str_is(driver, drivers[i].driver))
			continue;
		fd = open_below(s, O_RDONLY, "image/%s/layerdb/mounts/%s/mount-id",
				drivers[i].driver, s->w->id);
		if (fd < 0 || file_read_fd(fd, MOUNT_ID_MAX_BYTES, &b, NULL) < 0)
			return;
		id = str_trim(buf_str(&b));
		if (id.n == 0 || str_find(id, '/') < id.n || id.p[0] == '.')
			return;
		s->rootfs_fd = open_below(s, O_PATH | O_DIRECTORY, "%s/%.*s/%s", drivers[i].before,
					  STR_ARG(id), drivers[i].after);
		return;
	}
}

static int find_docker(struct search *s)
{
	struct value config, host;
	int r = read_json(s, open_below(s, O_RDONLY, "containers/%s/config.v2.json", s->w->id),
			  DOCUMENT_MAX, &config);

	if (r < 0)
		return r;
	r = read_json(s, open_below(s, O_RDONLY, "containers/%s/hostconfig.json", s->w->id),
		      DOCUMENT_MAX, &host);
	if (r == 0)
		r = record_docker(&config, &host, s->a, s->ret, s->e);
	if (r == 0)
		complete_docker(s, value_get_str(&config, "Driver"));
	if (r == 0)
		open_docker_root(s, value_get_str(&config, "Driver"));
	return r;
}

/* A path into another process's namespaces may well lead to the host's. */
static bool is_hosts(const struct search *s, str path, const char *type)
{
	char name[PATH_MAX];

	if (!str_starts(path, S("/proc/")) || path.n >= sizeof(name))
		return str_is(path, "host");
	snprintf(name, sizeof(name), "%.*s", STR_ARG(str_skip(path, 1)));
	return host_namespace_is(s->disk->root_fd, name, type);
}

/* A bundle names its root from the host's view; containerd's, which lies in the bundle, is opened by whoever knows the bundle. */
static void open_bundle_root(struct search *s, str path)
{
	OWNED_BUF name = BUF_INIT;

	buf_add(&name, path);
	if (s->wants_rootfs && str_starts(path, S("/")) && !buf_error(&name))
		s->rootfs_fd =
			file_open_in_root(s->base_fd, buf_cstr(&name), O_PATH | O_DIRECTORY, NULL);
}

static int read_bundle(struct search *s, int fd)
{
	struct record_namespaces ns;
	struct value config;
	int r = read_json(s, fd, DOCUMENT_MAX, &config);

	if (r == 0)
		r = record_oci(&config, s->a, s->ret, &ns, s->e);
	if (r < 0)
		return r;
	open_bundle_root(s, value_str(value_path(&config, "root.path")));
	s->ret->host_pid = is_hosts(s, ns.pid, "pid");
	s->ret->shared_pid = ns.pid.n && !s->ret->host_pid;
	s->ret->host_network = is_hosts(s, ns.network, "net");
	s->ret->host_ipc = is_hosts(s, ns.ipc, "ipc");
	return 0;
}

/* Written by the shim when the first process is there: absent while the container starts. */
static uint32_t read_pid(const struct search *s, int fd)
{
	OWNED_FD own = fd;
	OWNED_BUF b = BUF_INIT;
	uint32_t pid;

	/* The numbers of an engine in a container are others. */
	if (fd < 0 || s->w->outer[0] || file_read_fd(own, PID_MAX_BYTES, &b, NULL) < 0 ||
	    str_u32(str_trim(buf_str(&b)), &pid) < 0)
		return 0;
	return pid;
}

static int find_in_namespace(struct search *s, const char *name_space)
{
	static const char *const runtimes[] = { "io.containerd.runtime.v2.task",
						"io.containerd.runtime.v1.linux" };
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_LEN(runtimes); i++)
		r = read_bundle(s, open_below(s, O_RDONLY, "%s/%s/%s/config.json", runtimes[i],
					      name_space, s->w->id));
	if (r == 0)
		s->ret->init_pid = read_pid(s, open_below(s, O_RDONLY, "%s/%s/%s/init.pid",
							  runtimes[0], name_space, s->w->id));
	if (r == 0 && s->wants_rootfs && s->rootfs_fd < 0)
		s->rootfs_fd = open_below(s, O_PATH | O_DIRECTORY, "%s/%s/%s/rootfs", runtimes[0],
					  name_space, s->w->id);
	if (r == 0)
		snprintf(s->name_space, sizeof(s->name_space), "%s", name_space);
	if (r == 0 && s->ret->runtime == CONTAINER_OTHER)
		s->ret->runtime = str_is(str_from(name_space), "moby") ? CONTAINER_DOCKER
								       : CONTAINER_CONTAINERD;
	return r;
}

static int find_containerd(struct search *s)
{
	int r = -ENOENT;
	size_t seen = 0;
	struct dirent *entry;
	DIR *d;

	if (s->w->name_space[0] && s->w->name_space[0] != '.')
		r = find_in_namespace(s, s->w->name_space);
	if (r != -ENOENT || s->w->strict)
		return r;
	d = file_open_folder(
		open_below(s, O_RDONLY | O_DIRECTORY, "io.containerd.runtime.v2.task"));
	if (!d)
		return -ENOENT;
	while (r == -ENOENT && seen++ < MAX_NAMESPACES && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			r = find_in_namespace(s, entry->d_name);
	closedir(d);
	return r;
}

static int find_buildkit(struct search *s)
{
	int r = read_bundle(s, open_below(s, O_RDONLY, "executor/%s/config.json", s->w->id));

	if (r == 0 && !s->ret->name.n)
		s->ret->name = S("buildkit");
	return r;
}

static int find_docker_build(struct search *s)
{
	int r = read_bundle(s,
			    open_below(s, O_RDONLY, "buildkit/executor/%s/config.json", s->w->id));

	if (r == 0 && !s->ret->name.n)
		s->ret->name = S("buildkit");
	return r;
}

/* Names and images of Podman's and CRI-O's containers stand in lists beside the folders. */
static void complete_storage(const struct search *s)
{
	static const char *const lists[] = { "containers.json", "volatile-containers.json" };
	static const char *const drivers[] = { "overlay", "vfs", "btrfs", "zfs" };

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		for (size_t j = 0; j < ARRAY_LEN(lists); j++) {
			struct value list;

			if (read_json(s,
				      open_below(s, O_RDONLY, "%s-containers/%s", drivers[i],
						 lists[j]),
				      LIST_MAX, &list) == 0 &&
			    record_storage(&list, str_from(s->w->id), s->a, s->ret) == 0)
				return;
		}
}

static void complete_podman(const struct search *s)
{
	OWNED_FD fd = open_below(s, O_RDONLY, "libpod/bolt_state.db");

	/* Newer Podman keeps another kind of database: its door tells the rest. */
	if (fd >= 0 && engine_db_podman(fd, str_from(s->w->id), s->a, s->ret, NULL) < 0)
		return;
}

static int find_storage(struct search *s)
{
	static const char *const drivers[] = { "overlay", "vfs", "btrfs", "zfs" };
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_LEN(drivers); i++)
		r = read_bundle(s, open_below(s, O_RDONLY, "%s-containers/%s/userdata/config.json",
					      drivers[i], s->w->id));
	return r;
}

static bool is_candidate(enum place_kind kind, enum container_runtime runtime)
{
	switch (runtime) {
	case CONTAINER_DOCKER:
		return kind == PLACE_DOCKER;
	case CONTAINER_CONTAINERD:
		/* In a pod the path of Docker's containers is the same. */
		return kind == PLACE_CONTAINERD_STATE || kind == PLACE_DOCKER;
	case CONTAINER_CRIO:
	case CONTAINER_PODMAN:
		return kind == PLACE_STORAGE;
	case CONTAINER_OTHER:
		return true;
	case CONTAINER_HOST:
	case CONTAINER_NSPAWN:
	case CONTAINER_LXC:
		break;
	}
	return false;
}

static int find_at(struct search *s, const struct place *p)
{
	OWNED_FD base = place_open(s->disk->root_fd, p);
	int r;

	if (base < 0)
		return -ENOENT;
	s->base_fd = base;
	s->path = p->path;
	switch (p->kind) {
	case PLACE_DOCKER:
		r = s->w->strict ? -ENOENT : find_docker(s);
		return r == -ENOENT && s->w->runtime == CONTAINER_OTHER ? find_docker_build(s) : r;
	case PLACE_CONTAINERD_STATE:
		return find_containerd(s);
	case PLACE_STORAGE:
		return find_storage(s);
	case PLACE_BUILDKIT:
		return find_buildkit(s);
	case PLACE_CONTAINERD_ROOT:
	case PLACE_KINDS:
		break;
	}
	return -ENOENT;
}

/* Image and labels stand in containerd's database alone. */
static void complete_containerd(struct search *s)
{
	OWNED_FD fd = open_below(s, O_RDONLY, "io.containerd.metadata.v1.bolt/meta.db");

	/* Another containerd's may have no such container: the next is asked. */
	if (fd >= 0 && engine_db_containerd(fd, str_from(s->name_space), str_from(s->w->id), s->a,
					    s->ret, NULL) == -EAGAIN)
		s->busy = true;
}

/* What another place than the bundle's own knows: names and images. */
static void complete_at(struct search *s, const struct place *p)
{
	OWNED_FD base = place_open(s->disk->root_fd, p);

	if (base < 0)
		return;
	s->base_fd = base;
	s->path = p->path;
	if (p->kind == PLACE_CONTAINERD_ROOT && s->ret->runtime == CONTAINER_CONTAINERD)
		complete_containerd(s);
	if (p->kind == PLACE_STORAGE &&
	    (s->ret->runtime == CONTAINER_PODMAN || s->ret->runtime == CONTAINER_CRIO))
		complete_storage(s);
	if (p->kind == PLACE_STORAGE && s->ret->runtime == CONTAINER_PODMAN)
		complete_podman(s);
}

/* Who starts a container of containerd without a name for it has named it by its id. */
static str own_name(const char *id, struct arena *a)
{
	const struct container c = { .runtime = CONTAINER_CONTAINERD, .id = str_from(id) };

	return arena_str(a, container_short_id(&c));
}

int disk_find(struct disk *d, const struct disk_wanted *w, struct arena *a, struct container *ret,
	      int *ret_root, struct err *e)
{
	struct container found;
	struct search s = {
		.disk = d,
		.w = w,
		.a = a,
		.ret = &found,
		.e = e,
		.rootfs_fd = -1,
		/* A root an engine in a container made is that container's to arrange. */
		.wants_rootfs = ret_root && !w->outer[0]
	};
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < d->places.count; i++)
		if (is_candidate(d->places.list[i].kind, w->runtime) &&
		    str_is(str_from(w->outer), d->places.list[i].outer))
			r = find_at(&s, &d->places.list[i]);
	if (r < 0) {
		fd_close(&s.rootfs_fd);
		return r == -ENOENT
			       ? err_set(e, ENOENT, "no engine's files tell of container %s", w->id)
			       : r;
	}
	for (size_t i = 0; i < d->places.count; i++)
		if (str_is(str_from(w->outer), d->places.list[i].outer))
			complete_at(&s, &d->places.list[i]);
	if (found.runtime == CONTAINER_CONTAINERD && !found.name.n)
		found.name = own_name(w->id, a);
	*ret = found;
	if (ret_root)
		*ret_root = s.rootfs_fd;
	return s.busy;
}

static str within_slashes(str path)
{
	while (str_starts(path, S("/")))
		path = str_skip(path, 1);
	while (str_ends(path, S("/")))
		path.n--;
	return path;
}

static bool is_placed_by(struct search *s, const struct place *p, str group)
{
	OWNED_FD base = place_open(s->disk->root_fd, p);
	struct value host;
	str told;

	s->base_fd = base;
	s->path = p->path;
	if (base < 0 ||
	    read_json(s, open_below(s, O_RDONLY, "containers/%s/hostconfig.json", s->w->id),
		      DOCUMENT_MAX, &host) < 0)
		return false;
	told = within_slashes(value_get_str(&host, "CgroupParent"));
	return told.n && str_eq(told, within_slashes(group));
}

bool disk_is_placed(struct disk *d, const char *id, str group)
{
	const struct disk_wanted w = { .id = id, .outer = "" };
	struct arena a;
	struct search s = { .disk = d, .w = &w, .a = &a };
	bool is = false;

	arena_init(&a, PLACED_MEMORY);
	for (size_t i = 0; !is && i < d->places.count; i++)
		if (d->places.list[i].kind == PLACE_DOCKER && !d->places.list[i].outer[0])
			is = is_placed_by(&s, &d->places.list[i], group);
	arena_done(&a);
	return is;
}
