#include "asset/host_namespace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

/* The kernel's include/linux/proc_ns.h; part of what user space may rely on. */
static const struct {
	const char *type;
	uint32_t inode;
} first[] = { { "user", 0xEFFFFFFD }, { "pid", 0xEFFFFFFC }, { "ipc", 0xEFFFFFFF } };

static bool is_same(int root_fd, const struct stat *own, const char *who, const char *type)
{
	struct stat other;
	char path[64];

	snprintf(path, sizeof(path), "proc/%s/ns/%s", who, type);
	return fstatat(root_fd, path, &other, 0) == 0 && own->st_ino == other.st_ino &&
	       own->st_dev == other.st_dev;
}

bool host_namespace_is(int root_fd, const char *path, const char *type)
{
	struct stat own, hosts;
	char firsts[64];

	if (fstatat(root_fd, path, &own, 0) < 0)
		return false;
	snprintf(firsts, sizeof(firsts), "proc/1/ns/%s", type);
	if (fstatat(root_fd, firsts, &hosts, 0) == 0)
		return own.st_ino == hosts.st_ino && own.st_dev == hosts.st_dev;
	if (errno != EACCES)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		if (strcmp(type, first[i].type) == 0)
			return own.st_ino == first[i].inode;
	return is_same(root_fd, &own, "self", type);
}

bool host_namespace_has_proc(int root_fd)
{
	OWNED_BUF name = BUF_INIT;

	/* Absent, denied, or more than a name: not the host's. */
	return file_read(root_fd, "proc/2/comm", 64, &name, NULL) == 0 &&
	       str_eq(buf_str(&name), S("kthreadd\n"));
}
