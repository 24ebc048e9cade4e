/** @file
 * What each container did since the last interval: counts of delivered events, and small sketches of how many different
 * ports, peers and names. Fixed memory; a container too many is counted and has no figures.
 *
 * Different things are counted by linear counting (Whang et al. 1990) in 1,024 bits: within about 5 % up to 1,000,
 * and never less than half up to 5,000; beyond it the answer stays near 7,000. Which bit is whose a key says: whoever chooses
 * names and addresses cannot choose them so that many look like few.
 */
#ifndef SKEP_WATCH_USAGE_H
#define SKEP_WATCH_USAGE_H

#include "base/err.h"
#include "codec/siphash.h"
#include "model/container.h"
#include "model/event.h"

/** What only the control group's files say. */
struct usage_figures {
	uint64_t cpu_ns; /**< processor time so far */
	uint32_t threads;
};

/** Reads them. @return 0, negative errno: not known now */
typedef int (*usage_reader)(void *ctx, const struct container *c, struct usage_figures *ret);

struct usage;

/** @return 0 or -ENOMEM */
MUST_CHECK int usage_new(uint32_t max_containers, const struct siphash_key *key, struct usage **ret,
			 struct err *e);
void usage_free(struct usage *u);

/** Says when the first interval began. */
void usage_begin(struct usage *u, uint64_t now_ns);

/** Counts an event of a container. */
void usage_event(struct usage *u, const struct container *c, const struct event *v);

/**
 * Ends the interval for each container that did something or uses the processor.
 * @param find  the container of a control group; NULL: gone, its figures are told for the last time by nobody
 * @param read  may be NULL
 */
typedef void (*usage_teller)(void *ctx, const struct container *c, const struct event_usage *u);
void usage_end(struct usage *u, uint64_t now_ns,
	       const struct container *(*find)(void *ctx, uint64_t cgroup_id), usage_reader read,
	       void *read_ctx, usage_teller tell, void *ctx);

/** Events that were not counted: no place for another container. */
uint64_t usage_refused(const struct usage *u);

#endif
