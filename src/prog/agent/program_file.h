/** @file
 * Opens the file that a process ran, as the process saw it: /proc/PID/exe, which leads to deleted files, to those of containers and
 * of memory; where the process has gone, its path below the root of another process of the container.
 *
 * Paths are the container's to change. What is opened is held to what the kernel said of the file when it was run, before it is
 * opened for reading (no device, no pipe is), and a file that is another one is not read. Opening may block where the file lies
 * on a network, or behind a process (FUSE): call it where that does no harm.
 */
#ifndef SKEP_PROG_AGENT_PROGRAM_FILE_H
#define SKEP_PROG_AGENT_PROGRAM_FILE_H

#include <sys/stat.h>

#include "watch/hashes.h"

/** What hasher keeps of a question. */
struct program_file {
	struct hash_file file;
	uint32_t pid, roots[HASH_ROOTS];
	bool host;
	char path[4096];
};

/**
 * @param root_fd the host's root, with proc below it
 * @param ret     what fstat(2) says
 * @param ret_gap set on failure: HASH_GONE, HASH_CHANGED, HASH_UNREADABLE, HASH_TOO_LARGE
 * @return a descriptor for reading, or -errno
 */
MUST_CHECK int program_file_open(int root_fd, const struct program_file *f, struct stat *ret,
				 enum hash_gap *ret_gap);

/**
 * Whether nobody has written the file between two times. One that was removed or renamed meanwhile, as malware removes itself, is taken
 * for the same only where the process still runs it.
 */
bool program_file_unchanged(int root_fd, const struct program_file *f, const struct stat *before,
			    const struct stat *after);

#endif
