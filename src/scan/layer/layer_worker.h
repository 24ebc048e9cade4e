/** @file
 * Runs a reader of hostile bytes in a child process without privileges and takes its answer as text.
 *
 * The child talks over one pipe in frames: a type byte, a little-endian u32 length and that many bytes. 'P' is the u64
 * number of bytes read so far, 'R' a piece of the result, 'D' the end of the result. Anything else, or more result than
 * the limit, is the mark of a child that was taken over or went mad: it is killed and its answer thrown away.
 */
#ifndef SKEP_SCAN_LAYER_LAYER_WORKER_H
#define SKEP_SCAN_LAYER_LAYER_WORKER_H

#include <sys/types.h>

#include "base/buf.h"
#include "scan/layer/layer_read.h"

/** Where a worker's bytes come from. */
struct layer_input {
	int fd;
	bool is_seekable; /**< read with pread(2) from offset on */
	uint64_t offset;
	uint64_t bytes; /**< at most so many; UINT64_MAX: to the end */
};

struct layer_worker {
	pid_t pid;        /**< 0: none, or ended */
	int answer;       /**< read end of the pipe; -1 when closed */
	struct buf frame; /**< of a frame begun */
	struct buf result;
	uint64_t done_bytes;
	bool complete; /**< the end of the result was received */
	bool broken;   /**< it spoke nonsense and was killed */
};

/** What the child runs: reads @p in and appends its answer to @p ret. @p progress is called with bytes read. */
struct layer_task {
	void (*run)(const struct layer_task *t, const struct layer_input *in, struct buf *ret);
	const struct layer_options *options;
	bool no_sandbox; /**< tests only */
	int answer;      /**< set by layer_worker_start(), for layer_task_progress() */
};

/** Tells the parent how far the child is, a few times a second at most; called by tasks. */
void layer_task_progress(const struct layer_task *t, uint64_t done_bytes);

/** Reads @p in in large pieces into @p push until its end. @return 0, or -errno of read(2) */
MUST_CHECK int layer_input_read(const struct layer_task *t, const struct layer_input *in,
				void (*push)(void *ctx, str bytes), void *ctx, struct err *e);

/** Starts the child. @p task and @p in need not outlive the call. @return 0, or -errno of pipe(2), fork(2) */
MUST_CHECK int layer_worker_start(const struct layer_task *task, const struct layer_input *in,
				  struct layer_worker *ret, struct err *e);

/** Takes what the child has written; call when `answer` is readable. @return whether it has closed its end */
bool layer_worker_pump(struct layer_worker *w, const struct limits *l);

/**
 * Waits for the child's end after layer_worker_pump() said so.
 *
 * @return 0 with the whole answer in w->result, or -ECHILD with the reason: crashed, killed, out of time, nonsense
 */
MUST_CHECK int layer_worker_finish(struct layer_worker *w, struct err *e);

/** Kills the child if it still runs and frees everything. */
void layer_worker_done(struct layer_worker *w);

/** The task that reads one layer; its answer is the layer as JSON behind one byte, '1' when it is damaged, else '0'. */
void layer_worker_read_layer(const struct layer_task *t, const struct layer_input *in,
			     struct buf *ret);

/** Takes such an answer apart. @return 0, or -EBADMSG, -ENOBUFS */
MUST_CHECK int layer_worker_parse(str answer, struct arena *a, struct layer *ret, bool *ret_damaged,
				  struct err *e);

#endif
