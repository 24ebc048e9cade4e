/** @file
 * Reads users' files (passwd(5), group(5)) of many roots in a child process, without waiting for it.
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

/** X(ID, "why") */
#define USERS_GAPS(X) \
	X(NONE, "") \
	X(NO_FILE, "") \
	X(NO_ROOT, "") /* its process is gone */ \
	X(SAME, "")    /* as account_source.seen has it */ \
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
	pid_t pid;          /**< 0: none works that is ours to wait for */
	int answer;         /**< read end of the pipe, which does not block; -1: none works */
	size_t count;       /**< of files */
	uint32_t most;      /**< entries of one file */
	uint64_t silent_ns; /**< how long it may say nothing */
	size_t at;          /**< the file the child is busy with */
	uint64_t heard_ns;  /**< CLOCK_MONOTONIC */
	struct buf frame;   /**< what has come of the next frames */
	uint32_t told;      /**< entries of this file */
	bool begun, reading, complete, broken;
};

/** All of a file was told. */
struct users_end {
	enum users_gap gap; /**< NONE to TOO_LARGE */
	uint32_t left_out;  /**< entries beyond the bounds */
	struct account_version version;
};

struct users_calls {
	/** An entry; it lives until the call returns. */
	void (*on_user)(void *ctx, size_t file, const struct account *x);
	void (*on_end)(void *ctx, size_t file, const struct users_end *end);
	void *ctx;
};

/**
 * Prepares to hear a child that somebody else starts: users_reader_run().
 *
 * @param most,silent_s bounds: entries of a file, and seconds without a word
 * @param ret_end the child's end of the pipe; the caller closes it
 * @return 0, or -errno of pipe(2)
 */
MUST_CHECK int users_reader_listen(struct users_reader *r, size_t count, uint32_t most,
				   uint32_t silent_s, int *ret_end, struct err *e);

/** What the child does, which must have nothing else at hand. @param most entries of a file @return its exit status */
int users_reader_run(const struct account_source *files, size_t count, uint32_t most, int answer);

/**
 * Starts the child. The caller must be single-threaded.
 *
 * @param files below one folder; need not outlive the call
 * @return 0, or -errno of pipe(2), fork(2)
 */
MUST_CHECK int users_reader_start(struct users_reader *r, const struct account_source *files,
				  size_t count, uint32_t most, uint32_t silent_s, struct err *e);

/**
 * Takes what the child has said; never waits.
 *
 * @return 0: it is at work; 1: all was told; -ETIMEDOUT: nothing came for too long, and -ECHILD: it died or spoke nonsense: of both
 *         r->at tells where, if r->begun. After anything but 0 the caller calls users_reader_leave()
 */
MUST_CHECK int users_reader_work(struct users_reader *r, uint64_t now_ns,
				 const struct users_calls *calls);

/**
 * Lets go of the child; one of ours is killed: if it hangs in a file system it ends when that lets it.
 * @return its pid, for waitpid(2) by the caller; 0: it is not ours
 */
pid_t users_reader_leave(struct users_reader *r);

#endif
