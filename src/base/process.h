/** @file
 * Child processes that run a function of this program: for work that may block, crash or be attacked.
 *
 * The caller must be single-threaded. A child dies with its parent, inherits no descriptor but the standard ones and
 * those named, and has the default signal actions.
 */
#ifndef SKEP_BASE_PROCESS_H
#define SKEP_BASE_PROCESS_H

#include <sys/types.h>

#include "base/err.h"

/** How a child ended. */
struct process_end {
	int exit_status; /**< 0 to 255; -1 when a signal killed it */
	int signal;      /**< 0 when it exited by itself */
};

/**
 * Forks a child that runs @p fn and exits with what it returns (0 to 255).
 *
 * @param keep  descriptors the child keeps besides 0, 1 and 2
 * @param count at most 8
 * @return 0, or -errno of fork(2)
 */
MUST_CHECK int process_start(int (*fn)(void *ctx), void *ctx, const int *keep, size_t count,
			     pid_t *ret, struct err *e);

/** As process_start() for work that needs the caller's descriptors (a connection, a folder): the child keeps all. */
MUST_CHECK int process_start_open(int (*fn)(void *ctx), void *ctx, pid_t *ret, struct err *e);

/** Waits for a child. @return 0, or -ECHILD */
MUST_CHECK int process_wait(pid_t pid, struct process_end *ret, struct err *e);

/**
 * A descriptor that is readable once the child has ended (pidfd_open(2)); it is the caller's. The child is still to be waited for.
 *
 * @return it, or -errno: -ENOSYS before Linux 5.3, -ESRCH
 */
MUST_CHECK int process_watch(pid_t pid);

/** Kills a child and waits for it. */
void process_kill(pid_t pid);

/**
 * From here on the signals that speak to a service (SIGTERM, SIGINT, SIGHUP) are read from a descriptor (signalfd(2)), which does
 * not block; before any thread is made, for threads inherit it.
 *
 * @param children SIGCHLD, too
 * @return 0, -errno
 */
MUST_CHECK int process_signals(bool children, int *ret, struct err *e);

#endif
