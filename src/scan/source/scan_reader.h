/** @file
 * The process that reads one image, as its parent sees it: it may take minutes, be attacked, or grow.
 *
 * However it ends, its file says what the image holds or why that is not known (scan/source/scan_image.h).
 */
#ifndef SKEP_SCAN_SOURCE_SCAN_READER_H
#define SKEP_SCAN_SOURCE_SCAN_READER_H

#include <limits.h>
#include <sys/types.h>

#include "base/err.h"
#include "codec/digest.h"

/** Zeroed at first. */
struct scan_reader {
	pid_t pid;                     /**< 0: nothing is being read */
	char image[DIGEST_TEXT_BYTES]; /**< what is or was read last */
	char file[PATH_MAX];
	uint64_t end_ns; /**< of CLOCK_MONOTONIC: when it is ended */
	int watch;       /**< while it runs: of process_watch(), or negative */
};

/** What a reader's process runs: to call scan_image() with the reader's image and file. @return its exit status */
typedef int scan_reader_fn(void *ctx);

/**
 * Starts a reader; a file of an earlier one goes.
 *
 * @param keep descriptors the process keeps, as process_start() has them
 * @return 0, -ENAMETOOLONG, -errno of fork(2)
 */
MUST_CHECK int scan_reader_start(struct scan_reader *r, const char *image, const char *file,
				 scan_reader_fn *fn, void *ctx, const int *keep, size_t keep_count,
				 struct err *e);

/** Readable once it has ended; negative: nothing is being read, or that is to be found out by looking. */
int scan_reader_fd(const struct scan_reader *r);

/** Looks after it without waiting, and ends it when it takes too long. @return true once: it ended */
MUST_CHECK bool scan_reader_ended(struct scan_reader *r);

/** Ends it, if it runs, and lets go of what it wrote. */
void scan_reader_stop(struct scan_reader *r);

#endif
