/** @file
 * Alerts about programs whose hash was not known to rules that ask for it: how many, why, and which was the last.
 */
#ifndef SKEP_PROG_AGENT_UNHASHED_H
#define SKEP_PROG_AGENT_UNHASHED_H

#include "model/alert.h"
#include "watch/watch.h"

#define UNHASHED_EVERY_NS 3600000000000ull /**< between two alerts while it goes on */

/** What was told already; zeroed at the start. */
struct unhashed {
	uint64_t told[HASH_GAP_COUNT];
	uint64_t told_ns;
};

typedef void (*unhashed_teller)(void *ctx, const struct alert *a);

/** Tells ("SKEP-0004") what came since the last time: at once, then once an hour. @param now CLOCK_MONOTONIC */
void unhashed_tell(struct unhashed *u, const struct watch_stats *s, uint64_t now,
		   unhashed_teller tell, void *ctx);

#endif
