/** @file
 * What must happen though nobody asks: one thread with a connection of its own, and on PostgreSQL, of all replicas, the one that leads.
 *
 * Jobs that throw away what is old go by a clock that does not jump (base/steady_clock.h) and goes on from where the console
 * that led before left it.
 */
#ifndef SKEP_CONSOLE_SERVER_CLOCKWORK_H
#define SKEP_CONSOLE_SERVER_CLOCKWORK_H

#include "base/arena.h"
#include "base/err.h"

struct store;
struct clockwork;

/** @param past_ns the time by which what is old is thrown away @return 1: there is more to do at once; 0; -errno with @p e */
typedef int (*clockwork_fn)(void *ctx, struct store *s, struct arena *a, int64_t past_ns,
			    struct err *e);

struct clockwork_job {
	const char *name; /**< for the operator */
	uint32_t every_s;
	clockwork_fn fn;
	void *ctx;
};

struct series_index;
struct sql_watch;

struct clockwork_options {
	const char *name; /**< what it leads: replicas' of one name are one */
	const char *where;
	struct series_index *series;   /**< what the stores of the process share (store_share()) */
	const struct sql_watch *watch; /**< told what its store meets; NULL: nobody */
	const struct clockwork_job *jobs; /**< copied */
	size_t count;
	size_t arena_bytes;
	bool keeps_time; /**< its jobs throw away what is old: it heeds the store's known time, and says what is wrong with the clock */
	void (*on_set)(void *ctx); /**< the wall clock was set; from the thread; may be NULL */
	void (*say)(void *ctx, const char *line); /**< from the thread */
	void *ctx;
};

MUST_CHECK int clockwork_new(const struct clockwork_options *o, struct clockwork **ret,
			     struct err *e);
/** Its jobs are due now. From any thread. */
void clockwork_hurry(struct clockwork *c);
/** Lets the job that runs come to its end. */
void clockwork_free(struct clockwork *c);

#endif
