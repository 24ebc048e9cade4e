/** @file
 * Files: whole reads with a bound, names resolved inside a root, and atomic replacement.
 */
#ifndef SKEP_BASE_FILE_H
#define SKEP_BASE_FILE_H

#include <dirent.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * Opens @p path below @p root_fd, following symbolic links as if @p root_fd were "/" (openat2(2) RESOLVE_IN_ROOT):
 * nothing outside the root is ever reached.
 *
 * @return a descriptor, or -errno (-ENOENT absent, -ELOOP too many links)
 */
MUST_CHECK int file_open_in_root(int root_fd, const char *path, int flags, struct err *e);

/** As fdopendir(3), but owns @p fd also when it fails; a negative one is NULL, with errno as it is. */
MUST_CHECK DIR *file_open_folder(int fd);

/** Reads from @p fd to its end into @p b; in a sandbox, too. @return 0, -E2BIG beyond @p max bytes, -ENOMEM, or the read's errno */
MUST_CHECK int file_read_fd(int fd, uint64_t max, struct buf *b, struct err *e);

/** As file_read_fd() for the file at @p path relative to @p dir_fd (AT_FDCWD for the working folder). */
MUST_CHECK int file_read(int dir_fd, const char *path, uint64_t max, struct buf *b, struct err *e);

/** Reads exactly @p n bytes at @p offset. @return 0, -ENODATA (the file ends before), or the read's errno */
MUST_CHECK int file_read_at(int fd, uint64_t offset, void *to, size_t n);

/**
 * Writes a file so that a reader sees the old one or all of the new one: temporary name, fsync, rename.
 *
 * What stands at @p path and is no regular file (a device, a pipe, a link such as /dev/stdout) is never replaced: the
 * bytes are written into it, as a shell's redirection would.
 *
 * @param mode permission bits of the new file
 */
MUST_CHECK int file_write_atomic(int dir_fd, const char *path, str bytes, mode_t mode,
				 struct err *e);

/** Writes all of @p bytes, going on after short writes and EINTR. */
MUST_CHECK int file_write_all(int fd, str bytes, struct err *e);

/**
 * Makes the file at @p path where it is missing, for its owner alone, and locks it (flock(2); on NFS the server's) for as long as the
 * descriptor is open in this process or one that inherited it. Nothing is left to clear away when a process dies.
 *
 * @return 0, -EBUSY another has it, -errno
 */
MUST_CHECK int file_lock(const char *path, int *ret, struct err *e);

/** Makes @p path and the missing folders above it, each with @p mode. */
MUST_CHECK int file_make_dirs(const char *path, mode_t mode, struct err *e);

#endif
