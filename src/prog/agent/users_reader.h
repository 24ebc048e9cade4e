/** @file
 * Reads users' files (passwd(5)) of many roots in a child process, without waiting for it.
 *
 * A container decides what stands in its file, and by a file system of its own whether the file ever opens. So the child
 * opens all files, by the capabilities of its parent (another user namespace's processes, folders closed to others), gives up
 * every privilege (base/sandbox.h), and only then reads and takes apart. Before each file it says which one: a child that falls silent or dies
 * tells whose fault it was.
 *
 * The answer comes over a pipe, in frames of fixed form that are checked; a child that says anything else was taken over.
 */
#ifndef SKEP_PROG_AGENT_USERS_READER_H
#define SKEP_PROG_AGENT_USERS_READER_H

#include <sys/types.h>

#include "asset/accounts.h"

enum {
	USERS_READER_MOST = 1024, /**< users of one root */
	USERS_READER_TEXT_MAX =
		256, /**< of a name, a home or a shell; longer ones are cut, names left out */
	USERS_READER_SILENT_S = 10,
};

struct users_root {
	char path[40];      /**< below the host's root: "proc/77/root"; "." for the host's own */
	uint64_t max_bytes; /**< of the file */
};

/** X(ID, "why") */
#define USERS_GAPS(X) \
	X(NONE, "") \
	X(NO_FILE, "") \
	X(UNREADABLE, "the file cannot be opened or read") \
	X(TOO_LARGE, "the file is too large") \
	X(SILENT, "its file system does not answer") \
	X(FATAL, "the reader of the file died") \
	X(NOT_ASKED, "too many files of other containers do not answer") \
	X(NO_PROCESS, "") /* nothing runs in it */

enum users_gap {
#define USERS_ENUM(id, why) USERS_##id,
	USERS_GAPS(USERS_ENUM)
#undef USERS_ENUM
		USERS_GAP_COUNT
};

struct users_reader {
	pid_t pid;         /**< 0: none works */
	int answer;        /**< read end of the pipe, which does not block */
	size_t count;      /**< of roots */
	size_t at;         /**< the root the child is busy with */
	uint64_t heard_ns; /**< CLOCK_MONOTONIC */
	struct buf frame;  /**< what has come of the next frames */
	uint32_t users;    /**< told of this root */
	bool reading, complete, broken;
};

struct users_calls {
	/** An entry; it lives until the call returns. */
	void (*on_user)(void *ctx, size_t root, const struct account *x);
	/** All of a root was told. @param gap NONE, NO_FILE, UNREADABLE or TOO_LARGE @param left_out entries beyond the bounds */
	void (*on_end)(void *ctx, size_t root, enum users_gap gap, uint32_t left_out);
	void *ctx;
};

/**
 * Starts the child. The caller must be single-threaded.
 *
 * @param root_fd the host's root
 * @param roots   need not outlive the call
 * @return 0, or -errno of pipe(2), fork(2)
 */
MUST_CHECK int users_reader_start(struct users_reader *r, int root_fd,
				  const struct users_root *roots, size_t count, struct err *e);

/**
 * Takes what the child has said; never waits.
 *
 * @return 0: it is at work; 1: all was told; -ETIMEDOUT: nothing came for USERS_READER_SILENT_S, and -ECHILD: it died or spoke nonsense: of both
 *         r->at tells where. After anything but 0 the caller calls users_reader_leave()
 */
MUST_CHECK int users_reader_work(struct users_reader *r, uint64_t now_ns,
				 const struct users_calls *calls);

/**
 * Lets go of the child, which is killed: one that hangs in a file system ends when that lets it.
 * @return its pid, for waitpid(2) by the caller
 */
pid_t users_reader_leave(struct users_reader *r);

#endif
