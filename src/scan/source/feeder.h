/** @file
 * A process that fills a pipe with a byte stream, so that it may block on the network or read many files while a worker
 * without privileges empties the pipe.
 */
#ifndef SKEP_SCAN_SOURCE_FEEDER_H
#define SKEP_SCAN_SOURCE_FEEDER_H

#include <sys/types.h>

#include "scan/source/layer_jobs.h"

enum { FEEDER_TEXT_BYTES = 512 };

struct feeder {
	pid_t pid; /**< 0: none */
	int data; /**< read end of the stream, the caller's to close once a worker has it; -1: none */
	int says; /**< read end of the pipe for its message; -1: none */
};

#define FEEDER_NONE \
	{ \
		.data = -1, .says = -1 \
	}

enum feeder_end { FEEDER_WHOLE, FEEDER_IN_PART, FEEDER_FAILED };

/** @return 0, or -errno of pipe(2), fork(2) */
MUST_CHECK int feeder_start(layer_feed feed, void *ctx, struct feeder *ret, struct err *e);

/**
 * Waits for its end; without a feeder the answer is FEEDER_WHOLE.
 *
 * @param is_read whether somebody emptied the pipe to its end; otherwise the feeder is killed and nothing is asked of it
 * @param ret     what it says; empty when it has nothing to say
 */
enum feeder_end feeder_finish(struct feeder *f, bool is_read, char ret[FEEDER_TEXT_BYTES + 1]);

#endif
