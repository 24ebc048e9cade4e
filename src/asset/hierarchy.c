#include "asset/hierarchy.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"

#define MOUNT "sys/fs/cgroup"
#define PROC_FILE_MAX (64u << 10)
#define HANDLE_KERNFS 0xfe
#define WALK_BYTES_MAX (64u << 20)
enum { PROCESS_TEXT = 16 }; /* the first number in a list, with its line's end */

static const char *const controllers[] = { "memory", "pids", "cpu", "devices" };

/* /proc/cgroups: "memory\t4\t24\t1" */
static uint32_t number_of(int root_fd, const char *controller)
{
	OWNED_BUF b = BUF_INIT;
	uint32_t number = 0;
	str rest;

	if (file_read(root_fd, "proc/cgroups", PROC_FILE_MAX, &b, NULL) < 0)
		return 0;
	rest = buf_str(&b);
	while (rest.n) {
		str line = str_line(&rest);

		if (str_is(str_cut(&line, '\t'), controller) &&
		    str_u32(str_cut(&line, '\t'), &number) < 0)
			number = 0;
	}
	return number;
}

static int open_folder(int root_fd, const char *path)
{
	return file_open_in_root(root_fd, path, O_RDONLY | O_DIRECTORY, NULL);
}

int hierarchy_open(int root_fd, struct hierarchy *ret, struct err *e)
{
	struct hierarchy h = { .fd = open_folder(root_fd, MOUNT) };

	if (h.fd >= 0 && faccessat(h.fd, "cgroup.controllers", F_OK, 0) == 0) {
		*ret = h;
		return 0;
	}
	for (size_t i = 0; h.fd >= 0 && i < ARRAY_LEN(controllers); i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), MOUNT "/%s", controllers[i]);
		fd = open_folder(root_fd, path);
		if (fd < 0)
			continue;
		close(h.fd);
		h = (struct hierarchy){ .fd = fd,
					.controller = controllers[i],
					.number = number_of(root_fd, controllers[i]) };
		*ret = h;
		return 0;
	}
	fd_close(&h.fd);
	return err_set(e, ENOENT, "no control groups are mounted on /%s", MOUNT);
}

void hierarchy_done(struct hierarchy *h)
{
	fd_close(&h->fd);
}

int hierarchy_process(const struct hierarchy *h, str path, uint32_t *ret)
{
	static const char *const files[] = { "cgroup.procs", "container/cgroup.procs" };
	int r = -ENOENT;

	path = str_skip_slashes(path);
	for (size_t i = 0; h->fd >= 0 && path.n && r == -ENOENT && i < ARRAY_LEN(files); i++) {
		OWNED_BUF name = BUF_INIT;
		char text[PROCESS_TEXT];
		OWNED_FD fd = -1;
		ssize_t n;
		str rest;

		buf_printf(&name, "%.*s/%s", STR_ARG(path), files[i]);
		fd = buf_error(&name) ? -1 : openat(h->fd, buf_cstr(&name), O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, text, sizeof(text));
		rest = (str){ text, n > 0 ? (size_t)n : 0 };
		if (str_u32(str_line(&rest), ret) == 0)
			r = 0;
	}
	return r;
}

int hierarchy_id(const struct hierarchy *h, str path, uint64_t *ret)
{
	OWNED_BUF b = BUF_INIT;
	struct stat st;

	path = str_skip_slashes(path);
	buf_add(&b, path.n ? path : S("."));
	if (buf_error(&b))
		return -ENOMEM;
	if (h->fd < 0)
		return -ENOENT;
	if (fstatat(h->fd, buf_cstr(&b), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

static int name_of(int fd, char *to, size_t size, size_t *ret)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, to, size);
	if (n < 0)
		return -errno;
	if ((size_t)n == size)
		return -ENAMETOOLONG;
	*ret = (size_t)n;
	return 0;
}

int hierarchy_path(const struct hierarchy *h, uint64_t id, struct buf *ret)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} u = { .handle = { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS } };
	char top[4096], name[4096];
	size_t top_n, n;
	OWNED_FD fd = -1;
	str path;
	int r;

	memcpy(u.handle.f_handle, &id, sizeof(id));
	fd = h->fd < 0 ? -1 : open_by_handle_at(h->fd, &u.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return h->fd < 0 ? -ENOENT : -errno;
	r = name_of(h->fd, top, sizeof(top), &top_n);
	if (r == 0)
		r = name_of(fd, name, sizeof(name), &n);
	if (r < 0)
		return r;
	path = (str){ name, n };
	if (!str_starts(path, (str){ top, top_n }) || str_ends(path, S(" (deleted)")))
		return -ESTALE;
	path = str_skip(path, top_n);
	buf_add(ret, path.n ? path : S("/"));
	return buf_error(ret);
}

/* "0::/path", "4:memory:/path", "4:cpu,cpuacct:/path"; the path may hold any byte but a newline. */
static bool is_line_of(str names, const char *controller)
{
	if (!controller)
		return names.n == 0;
	while (names.n)
		if (str_is(str_cut(&names, ','), controller))
			return true;
	return false;
}

str hierarchy_path_in(str text, const char *controller)
{
	while (text.n) {
		str line = str_line(&text);

		(void)str_cut(&line, ':');
		if (is_line_of(str_cut(&line, ':'), controller))
			return line;
	}
	return (str){ 0 };
}

int hierarchy_of_process(const struct hierarchy *h, int root_fd, uint32_t pid, struct buf *ret,
			 struct err *e)
{
	OWNED_BUF b = BUF_INIT;
	char file[64];
	str path;
	int r;

	snprintf(file, sizeof(file), "proc/%u/cgroup", pid);
	r = file_read(root_fd, file, PROC_FILE_MAX, &b, e);
	if (r < 0)
		return r == -ENOENT ? err_set(e, ESRCH, "there is no process %u", pid) : r;
	path = hierarchy_path_in(buf_str(&b), h->controller);
	if (!path.p)
		return err_set(e, EBADMSG,
			       "process %u is in no cgroup of the hierarchy that is followed", pid);
	buf_add(ret, path);
	return buf_error(ret);
}

/* Paths wait in one buffer, each with its NUL: no recursion, no open folders but one. */
static int walk_folder(const struct hierarchy *h, const char *path, struct buf *waiting,
		       size_t *count)
{
	DIR *d = file_open_folder(
		openat(h->fd, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	struct dirent *entry;
	OWNED_BUF parent = BUF_INIT;

	/* It went meanwhile. */
	if (!d)
		return 0;
	/* The buffer that holds the path may move. */
	buf_add(&parent, str_from(path));
	while ((entry = readdir(d)) && *count < HIERARCHY_MAX_CGROUPS) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (parent.n)
			buf_printf(waiting, "%s/", buf_cstr(&parent));
		buf_add(waiting, str_from(entry->d_name));
		buf_byte(waiting, '\0');
		++*count;
	}
	closedir(d);
	return buf_error(&parent) ? -ENOMEM : buf_error(waiting);
}

int hierarchy_walk(const struct hierarchy *h, void (*fn)(void *ctx, uint64_t id, str path),
		   void *ctx, struct err *e)
{
	OWNED_BUF waiting = { .max = WALK_BYTES_MAX };
	OWNED_BUF path = BUF_INIT;
	size_t count = 1, at = 0;
	int r = 0;

	if (h->fd < 0)
		return err_set(e, ENOENT, "no control groups are mounted on /%s", MOUNT);
	buf_byte(&waiting, '\0');
	while (r == 0 && at < waiting.n) {
		str name = { waiting.p + at, strlen(waiting.p + at) };
		uint64_t id;

		at += name.n + 1;
		buf_reset(&path);
		buf_byte(&path, '/');
		buf_add(&path, name);
		if (hierarchy_id(h, name, &id) == 0)
			fn(ctx, id, buf_str(&path));
		r = walk_folder(h, buf_cstr(&path) + 1, &waiting, &count);
	}
	if (r < 0)
		return err_sys(e, -r, "cannot walk the control groups");
	return count < HIERARCHY_MAX_CGROUPS
		       ? 0
		       : err_set(e, E2BIG, "there are more than %d control groups",
				 HIERARCHY_MAX_CGROUPS);
}
