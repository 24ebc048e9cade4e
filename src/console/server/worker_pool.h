/** @file
 * Threads that work for the loop: each takes jobs from two lines, people's before agents', and leaves one thread to people.
 */
#ifndef SKEP_CONSOLE_SERVER_WORKER_POOL_H
#define SKEP_CONSOLE_SERVER_WORKER_POOL_H

#include "base/arena.h"
#include "base/err.h"

struct series_index;
struct sql_watch;
struct store;
struct worker_pool;

/** What a thread has for itself. */
struct worker {
	struct store *store; /**< NULL: the database is away */
	struct arena arena;  /**< for one job; reset behind it */
};

enum worker_line { WORKER_PEOPLE, WORKER_AGENTS, WORKER_LINES };

struct worker_pool_options {
	unsigned int threads;          /**< at least 2 */
	size_t max_waiting;            /**< in each line */
	size_t arena_bytes;            /**< budget of a job */
	const char *where;             /**< the store; NULL: none */
	struct series_index *series;   /**< what the stores of the process share (store_share()) */
	const struct sql_watch *watch; /**< told what its stores meet; NULL: nobody */
	void (*work)(void *ctx, struct worker *w, void *job);
	void *ctx;
};

struct worker_figures {
	size_t waiting[WORKER_LINES], busy, threads;
	uint64_t done[WORKER_LINES], refused;
};

/** Opens each thread's store, one after the other. @return 0, what store_open() returns, -EAGAIN (no thread), -ENOMEM */
MUST_CHECK int worker_pool_new(const struct worker_pool_options *o, struct worker_pool **ret,
			       struct err *e);
/** @return 0, -EAGAIN: too many wait */
MUST_CHECK int worker_pool_give(struct worker_pool *p, enum worker_line line, void *job);
void worker_pool_read(struct worker_pool *p, struct worker_figures *ret);
/** Waits until every job that was given is done, and ends the threads. */
void worker_pool_free(struct worker_pool *p);

#endif
