#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int file_open_in_root(int root_fd, const char *path, int flags, struct err *e)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	return (int)fd;
}

DIR *file_open_folder(int fd)
{
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0) {
		const int error = errno;

		close(fd);
		errno = error;
	}
	return d;
}

int file_read_fd(int fd, uint64_t max, struct buf *b, struct err *e)
{
	const size_t step = 64 * 1024;
	struct stat st;
	uint64_t total = 0;

	/* Not by fstat(), which the C library makes a call by path of: base/sandbox.h forbids those. */
	if (syscall(SYS_fstat, fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uint64_t)st.st_size > max)
			return err_set(e, E2BIG, "file of %lld bytes is over the limit of %llu",
				       (long long)st.st_size, (unsigned long long)max);
		if (!buf_reserve(b, (size_t)st.st_size + 1))
			return err_sys(e, -buf_error(b), "cannot hold the file");
	}
	for (;;) {
		char *at = buf_reserve(b, b->cap - b->n > 1 ? b->cap - b->n : step);
		ssize_t n;

		if (!at)
			return err_sys(e, -buf_error(b), "cannot hold the file");
		n = read(fd, at, b->cap - b->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "read failed");
		if (n == 0)
			return 0;
		b->n += (size_t)n;
		total += (size_t)n;
		if (total > max)
			return err_set(e, E2BIG, "file is over the limit of %llu bytes",
				       (unsigned long long)max);
	}
}

int file_read_at(int fd, uint64_t offset, void *to, size_t n)
{
	char *at = to;

	while (n) {
		ssize_t got = pread(fd, at, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -ENODATA;
		at += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

int file_read(int dir_fd, const char *path, uint64_t max, struct buf *b, struct err *e)
{
	OWNED_FD fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	r = file_read_fd(fd, max, b, e);
	return r < 0 ? err_wrap(e, r, "'%s'", path) : 0;
}

int file_write_all(int fd, str bytes, struct err *e)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "write failed");
		bytes = str_skip(bytes, (size_t)n);
	}
	return 0;
}

static int write_new(int fd, str bytes, mode_t mode, struct err *e)
{
	int r = file_write_all(fd, bytes, e);

	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0)
		return err_sys(e, errno, "cannot set permissions");
	if (fsync(fd) < 0)
		return err_sys(e, errno, "cannot sync");
	return 0;
}

/* As root, a rename onto /dev/null would take the device away from everybody. */
static bool is_special(int dir_fd, const char *path)
{
	struct stat st;

	return fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode);
}

static int write_in_place(int dir_fd, const char *path, str bytes, struct err *e)
{
	OWNED_FD fd = openat(dir_fd, path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(e, errno, "cannot write '%s'", path);
	r = file_write_all(fd, bytes, e);
	return r < 0 ? err_wrap(e, r, "cannot write '%s'", path) : 0;
}

int file_write_atomic(int dir_fd, const char *path, str bytes, mode_t mode, struct err *e)
{
	static _Atomic unsigned int serial;
	char tmp[PATH_MAX];
	int n = snprintf(tmp, sizeof(tmp), "%s.tmp-%ld-%u", path, (long)getpid(), serial++);
	int r;

	if (n < 0 || (size_t)n >= sizeof(tmp))
		return err_set(e, ENAMETOOLONG, "path '%s' is too long", path);
	if (is_special(dir_fd, path))
		return write_in_place(dir_fd, path, bytes, e);
	OWNED_FD fd =
		openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, errno, "cannot create '%s'", tmp);
	r = write_new(fd, bytes, mode, e);
	if (r == 0 && renameat(dir_fd, tmp, dir_fd, path) < 0)
		r = err_sys(e, errno, "cannot rename into place");
	if (r < 0) {
		unlinkat(dir_fd, tmp, 0);
		return err_wrap(e, r, "cannot write '%s'", path);
	}
	return 0;
}

int file_make_dirs(const char *path, mode_t mode, struct err *e)
{
	char step[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(step))
		return err_set(e, ENAMETOOLONG, "path '%s' is too long", path);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(step, path, i);
		step[i] = '\0';
		if (mkdir(step, mode) < 0 && errno != EEXIST)
			return err_sys(e, errno, "cannot make folder '%s'", step);
	}
	return 0;
}

int file_lock(const char *path, int *ret, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	int error;

	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error = errno == EWOULDBLOCK ? EBUSY : errno;
		close(fd);
		return err_sys(e, error, "cannot lock '%s'", path);
	}
	*ret = fd;
	return 0;
}
