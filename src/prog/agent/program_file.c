#include "prog/agent/program_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* The kernel's own number of a device (MKDEV), not the one it shows programs. */
static dev_t device_of(uint32_t kernel)
{
	return makedev(kernel >> 20, kernel & 0xfffff);
}

/* btrfs shows programs a device a subvolume, which is none of the kernel's. */
static bool has_devices_of_its_own(int fd)
{
	struct statfs s;

	return fstatfs(fd, &s) == 0 && (unsigned long)s.f_type == BTRFS_SUPER_MAGIC;
}

/*
 * What a process runs cannot be written (ETXTBSY), but unlinked, which changes the file's ctime: where it still runs, that is no reason
 * to take it for another.
 */
static bool is_it(const struct hash_file *f, int fd, const struct stat *st, bool runs)
{
	return S_ISREG(st->st_mode) && st->st_ino == f->inode &&
	       timespec_ns(st->st_mtim) == f->mtime_ns &&
	       (timespec_ns(st->st_ctim) == f->ctime_ns || runs) &&
	       (st->st_dev == device_of(f->device) || has_devices_of_its_own(fd));
}

/* A place that was looked at without opening, opened. */
static int open_place(int place, const struct program_file *f, bool runs, struct stat *ret)
{
	char name[40];
	struct stat st;
	int fd;

	if (fstat(place, &st) < 0)
		return -errno;
	if (!is_it(&f->file, place, &st, runs))
		return -ESTALE;
	if ((uint64_t)st.st_size > HASH_MAX_BYTES)
		return -EFBIG;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
	fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = st;
	return fd;
}

static int place_running(int root_fd, const struct program_file *f)
{
	char name[32];
	int place;

	snprintf(name, sizeof(name), "proc/%u/exe", f->pid);
	place = openat(root_fd, name, O_PATH | O_CLOEXEC);
	return place < 0 ? -errno : place;
}

static int open_running(int root_fd, const struct program_file *f, struct stat *ret)
{
	OWNED_FD place = place_running(root_fd, f);

	return place < 0 ? place : open_place(place, f, true, ret);
}

/** @param pid 0: the host's root itself */
static int open_below(int root_fd, const struct program_file *f, uint32_t pid, struct stat *ret)
{
	char name[32] = ".";
	OWNED_FD root = -1;
	OWNED_FD place = -1;

	if (pid)
		snprintf(name, sizeof(name), "proc/%u/root", pid);
	root = openat(root_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	place = file_open_in_root(root, f->path, O_PATH | O_CLOEXEC, NULL);
	return place < 0 ? place : open_place(place, f, false, ret);
}

static enum hash_gap gap_of(int r)
{
	switch (r) {
	case -ENOENT:
	case -ESRCH:
	case -ENOTDIR:
		return HASH_GONE;
	case -ESTALE:
		return HASH_CHANGED;
	case -EFBIG:
		return HASH_TOO_LARGE;
	default:
		return HASH_UNREADABLE;
	}
}

/* How much a failure says of the file: that it is too large is said of the very one, that a root cannot be entered of none. */
static int weight(int r)
{
	static const uint8_t weights[HASH_GAP_COUNT] = {
		[HASH_GONE] = 1, [HASH_CHANGED] = 2, [HASH_UNREADABLE] = 3, [HASH_TOO_LARGE] = 4
	};

	return r < 0 ? weights[gap_of(r)] : 0;
}

int program_file_open(int root_fd, const struct program_file *f, struct stat *ret,
		      enum hash_gap *ret_gap)
{
	int fd = open_running(root_fd, f, ret), failed = MIN(fd, 0);

	for (size_t i = 0; fd < 0 && f->path[0] == '/' && i <= HASH_ROOTS; i++) {
		if (i == HASH_ROOTS ? !f->host : !f->roots[i])
			continue;
		fd = open_below(root_fd, f, i == HASH_ROOTS ? 0 : f->roots[i], ret);
		if (weight(MIN(fd, 0)) > weight(failed))
			failed = fd;
	}
	if (fd < 0)
		*ret_gap = gap_of(failed);
	return fd < 0 ? failed : fd;
}

static bool still_runs(int root_fd, const struct program_file *f)
{
	OWNED_FD place = place_running(root_fd, f);
	struct stat st;

	return place >= 0 && fstat(place, &st) == 0 && is_it(&f->file, place, &st, true);
}

bool program_file_unchanged(int root_fd, const struct program_file *f, const struct stat *before,
			    const struct stat *after)
{
	return before->st_ino == after->st_ino && before->st_size == after->st_size &&
	       timespec_ns(before->st_mtim) == timespec_ns(after->st_mtim) &&
	       (timespec_ns(before->st_ctim) == timespec_ns(after->st_ctim) ||
		still_runs(root_fd, f));
}
