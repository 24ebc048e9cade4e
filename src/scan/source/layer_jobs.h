/** @file
 * Runs the layers of an image through sandboxed workers, several at once, each layer once in its life.
 *
 * A layer whose digest is in the cache is not read at all. Otherwise a worker without privileges is forked for it;
 * bytes reach the worker either from a range of an open file or from a feeder: a function that runs in a process of
 * its own (so it may block on the network) and writes the layer to a pipe. The caller must be single-threaded.
 *
 * No failure of one layer stops the others: it becomes a gap in that layer's result.
 */
#ifndef SKEP_SCAN_SOURCE_LAYER_JOBS_H
#define SKEP_SCAN_SOURCE_LAYER_JOBS_H

#include "model/inventory.h"
#include "scan/source/source.h"

/**
 * Writes a byte stream to @p fd; runs in its own process, which ends after it.
 *
 * @return 0 when every byte was written, 1 when something was left out on purpose, else a negative errno; but for 0 the
 *         message becomes a gap of the layer
 */
typedef int (*layer_feed)(void *ctx, int fd, struct err *e);

struct layer_job {
	str digest;  /**< expected "sha256:..." of the bytes as stored; empty when not known */
	str diff_id; /**< expected "sha256:..." of the tar stream; empty when not known */
	str created_by;
	int fd;                    /**< readable file or pipe, borrowed; -1: use feed */
	bool is_seekable;          /**< read with pread(2) at offset; else from where fd stands */
	uint64_t offset;           /**< first byte, when is_seekable */
	uint64_t bytes;            /**< length as stored; UINT64_MAX: to the end */
	layer_feed feed;           /**< used when fd is -1 */
	void *feed_ctx;            /**< must stay valid until layer_jobs_run() returns */
	const struct layer *given; /**< a result that is already there; nothing is read */
	bool given_damaged;        /**< what was given stopped before its end */
	/** read from the files a layer was unpacked to: its digests name it and prove nothing; never kept in the cache */
	bool is_unpacked;
	bool is_tree;  /**< a root file system, not a layer: ".wh." names mean nothing */
	bool no_cache; /**< neither look for it nor keep it */
};

struct layer_result {
	/** layer.gaps holds what went wrong, place = the layer's digest or a path */
	struct layer layer;
	bool missing; /**< nothing of the layer can be used: unreadable or not what its digest says */
};

/**
 * Reads all jobs, at most o->jobs at once.
 *
 * A layer with a digest other than the expected one is not trusted: its result is missing, a gap says so and nothing is
 * cached. A layer that is cut off or damaged keeps what stood before the damage, with a gap.
 *
 * @param ret @p count results in the order of the jobs, owned by @p a
 * @return 0, or -ENOBUFS, or the errno of fork(2)/pipe(2) when not a single worker could be started
 */
MUST_CHECK int layer_jobs_run(const struct layer_job *jobs, size_t count,
			      const struct scan_options *o, struct arena *a,
			      struct layer_result **ret, struct err *e);

/**
 * Merges @p results, lowest first, into @p v: layers, os, packages and gaps. Everything else of @p v (name, source,
 * ids, platform) is the caller's and already set.
 */
MUST_CHECK int layer_jobs_merge(const struct layer_result *results, size_t count, struct arena *a,
				struct inventory *v, struct err *e);

#endif
