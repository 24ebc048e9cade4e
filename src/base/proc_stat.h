/** @file
 * What /proc/PID/stat says of a process (proc_pid_stat(5)): who it is, whose child, and what it used.
 *
 * The kernel writes the line, but the name in it is the process's own choice: it may hold any byte but NUL, brackets and blanks too.
 */
#ifndef SKEP_BASE_PROC_STAT_H
#define SKEP_BASE_PROC_STAT_H

#include "base/err.h"
#include "base/str.h"

#define PROC_STAT_NAME_BYTES 64

struct proc_stat {
	char name[PROC_STAT_NAME_BYTES]; /**< of the main thread; a longer one is cut */
	char state; /**< 'R' running or ready, 'Z' ended and not waited for ... */
	uint32_t parent;
	uint64_t flags;
	uint64_t start_ticks; /**< since the system's start, of sysconf(_SC_CLK_TCK) */
	/** of all its threads, those that ended too; a process that has ended keeps them until it is waited for */
	uint64_t user_ticks, system_ticks;
	/** of children it waited for, and of those these did */
	uint64_t waited_user_ticks, waited_system_ticks;
	uint64_t resident_pages;
};

/** @return 0, -EBADMSG. Never reads past @p line. */
MUST_CHECK int proc_stat_parse(str line, struct proc_stat *ret, struct err *e);

/**
 * @param proc_fd the folder of a procfs
 * @return 0, -ENOENT or -ESRCH there is no such process, -EBADMSG, -errno
 */
MUST_CHECK int proc_stat_read(int proc_fd, uint32_t pid, struct proc_stat *ret, struct err *e);

/**
 * The bytes of memory a process has: pages that others have too are divided among them (/proc/PID/smaps_rollup, Linux 4.14), so that
 * those of several processes may be added up. The kernel looks at each page: dearer than all else here, some milliseconds for 100 MiB.
 * @return 0, -ENOENT or -ESRCH there is no such process or file, -EACCES it is not ours to know, -EBADMSG, -errno
 */
MUST_CHECK int proc_stat_memory(int proc_fd, uint32_t pid, uint64_t *ret, struct err *e);

#endif
