#include "kern/hook_place.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/str.h"

/* An unnamed mount of a file system: nobody else sees it, and it goes with the descriptor. */
static int private_mount(const char *type)
{
	OWNED_FD fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static int open_of_type(const char *path, long magic)
{
	struct statfs fs;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) || (long)fs.f_type != magic) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

int hook_place_tracefs(void)
{
	int fd = open_of_type("/sys/kernel/tracing", TRACEFS_MAGIC);

	if (fd < 0)
		fd = open_of_type("/sys/kernel/debug/tracing", TRACEFS_MAGIC);
	return fd < 0 ? private_mount("tracefs") : fd;
}

int hook_place_debugfs(void)
{
	int fd = open_of_type("/sys/kernel/debug", DEBUGFS_MAGIC);

	return fd < 0 ? private_mount("debugfs") : fd;
}

int hook_place_event(int tracefs, const char *call)
{
	char path[96], text[16];
	OWNED_FD fd = -1;
	uint32_t id;
	ssize_t n;

	snprintf(path, sizeof(path), "events/syscalls/sys_exit_%s/id", call);
	fd = openat(tracefs, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	if (n <= 0 || str_u32(str_trim((str){ text, (size_t)n }), &id))
		return -EBADMSG;
	return (int)id;
}

int hook_place_cgroup2(void)
{
	int fd = open_of_type("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC);

	if (fd < 0)
		fd = open_of_type("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC);
	return fd < 0 ? private_mount("cgroup2") : fd;
}
