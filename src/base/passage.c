#include "base/passage.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"

struct way {
	char path[PATH_MAX];
	size_t closed; /* the outermost folder on it that the user may not pass is so long; 0: there is none */
	int fd;
};

static bool may_pass(const struct stat *st, uid_t uid, gid_t gid)
{
	mode_t bit = st->st_uid == uid ? S_IXUSR : st->st_gid == gid ? S_IXGRP : S_IXOTH;

	return (st->st_mode & bit) != 0;
}

static size_t find_closed(const char *path, uid_t uid, gid_t gid)
{
	char step[PATH_MAX];
	struct stat st;

	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		memcpy(step, path, i);
		step[i] = '\0';
		if (stat(step, &st) == 0 && !may_pass(&st, uid, gid))
			return i;
	}
	return 0;
}

/** @return how many of them are closed */
static size_t find_ways(const char *const *folders, size_t count, uid_t uid, gid_t gid,
			struct way *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct way *w = &ret[n];

		if (!folders[i] || !realpath(folders[i], w->path))
			continue;
		w->closed = find_closed(w->path, uid, gid);
		w->fd = -1;
		n += w->closed != 0;
	}
	return n;
}

static int mount_at(const char *from, const char *at, const char *type, unsigned long flags,
		    const char *data, struct err *e)
{
	return mount(from, at, type, flags, data) < 0 ? err_sys(e, errno, "cannot mount '%s'", at)
						      : 0;
}

/* What lies there is held by a descriptor before it is covered. */
static int hold(struct way *ways, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		ways[i].fd = open(ways[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (ways[i].fd < 0)
			return err_sys(e, errno, "cannot open '%s'", ways[i].path);
	}
	return 0;
}

static bool is_first(const struct way *ways, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (ways[k].closed == ways[i].closed &&
		    memcmp(ways[k].path, ways[i].path, ways[i].closed) == 0)
			return false;
	return true;
}

/** Does something once for each closed folder: outermost ones are never within one another. */
static int each_closed(const struct way *ways, size_t count, const char *type, unsigned long flags,
		       const char *data, struct err *e)
{
	char at[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!is_first(ways, i))
			continue;
		memcpy(at, ways[i].path, ways[i].closed);
		at[ways[i].closed] = '\0';
		r = mount_at(type, at, type, flags, data, e);
	}
	return r;
}

static int lead(const struct way *w, struct err *e)
{
	char from[40];
	int r = file_make_dirs(w->path, 0755, e);

	snprintf(from, sizeof(from), "/proc/self/fd/%d", w->fd);
	return r < 0 ? r : mount_at(from, w->path, NULL, MS_BIND | MS_REC, NULL, e);
}

static int open_ways(struct way *ways, size_t count, struct err *e)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, errno, "cannot have mounts of one's own");
	r = mount_at(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL, e);
	if (r == 0)
		r = hold(ways, count, e);
	if (r == 0)
		r = each_closed(ways, count, "tmpfs", flags, "mode=0755,size=1m", e);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = lead(&ways[i], e);
	if (r == 0)
		r = each_closed(ways, count, NULL, flags | MS_REMOUNT | MS_BIND | MS_RDONLY, NULL,
				e);
	return r;
}

int passage_open(const char *const *folders, size_t count, uid_t uid, gid_t gid, struct err *e)
{
	struct way ways[PASSAGE_MAX_FOLDERS];
	mode_t mask;
	int r;

	assert(count <= ARRAY_LEN(ways));
	count = find_ways(folders, count, uid, gid, ways);
	if (count == 0)
		return 0;
	mask = umask(022);
	r = open_ways(ways, count, e);
	umask(mask);
	for (size_t i = 0; i < count; i++)
		fd_close(&ways[i].fd);
	return r;
}
