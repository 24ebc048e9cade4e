/** @file
 * Other consoles on the same PostgreSQL: what changed by one is told to the pages and agents of all (LISTEN/NOTIFY). What is told is
 * small and never trusted with more than a look at the store; what gets lost while the server is away is found by looking anyway.
 */
#ifndef SKEP_CONSOLE_SERVER_REPLICA_H
#define SKEP_CONSOLE_SERVER_REPLICA_H

#include "base/err.h"
#include "base/str.h"

struct replica;

struct replica_options {
	const char *where;
	/** another console told: from the replica's thread */
	void (*on_told)(void *ctx, str text);
	void *ctx;
};

/** Starts the thread that listens; it connects by itself and again. @return 0, -EAGAIN (no thread), -ENOMEM */
MUST_CHECK int replica_new(const struct replica_options *o, struct replica **ret, struct err *e);
void replica_free(struct replica *r);
/** Tells the others, soon; from any thread. An equal text that waits already is enough. @param r NULL: there are none */
void replica_tell(struct replica *r, str text);

#endif
