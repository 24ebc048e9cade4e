/** @file
 * What the agent did, for those who ask uplink: /metrics and /healthz over HTTP, and the control socket.
 */
#ifndef SKEP_PROG_AGENT_UPLINK_STATS_H
#define SKEP_PROG_AGENT_UPLINK_STATS_H

#include <poll.h>

#include "prog/agent/output.h"

struct uplink_stats;

/** Looks at what --metrics says, before anything begins. @return 0, -EINVAL */
MUST_CHECK int uplink_stats_check(const struct option_set *o, struct err *e);
/**
 * Opens what --metrics and --control ask for. A control socket that cannot be had is said, and an error only when it was
 * asked for.
 * @param outputs borrowed
 * @return 0, -EINVAL, -errno
 */
MUST_CHECK int uplink_stats_new(const struct part_context *p, const struct output *outputs,
				struct uplink_stats **ret, struct err *e);
void uplink_stats_free(struct uplink_stats *s);

/** What it reaches later: the control socket's folder. */
struct privilege_place uplink_stats_place(const struct uplink_stats *s);
/** Takes what the sensor sent, and tells who listens. @param whole  whether it says what checks cost */
void uplink_stats_take(struct uplink_stats *s, str json, bool whole);
/** Takes what the supervisor says all parts cost: a JSON array. */
void uplink_stats_take_parts(struct uplink_stats *s, str json);
/** Whether sensor and supervisor have told something, which takes them a moment at the start. */
bool uplink_stats_is_whole(const struct uplink_stats *s);
/** The document as it is now (doc/schemas/agent-stats-1.schema.json); lives until the next call; empty: no memory */
str uplink_stats_document(struct uplink_stats *s);
/** What to poll for. @return how many entries of @p ret were written, at most 2 */
size_t uplink_stats_fds(const struct uplink_stats *s, struct pollfd *ret);
/** Answers who asks. @return whether to call again within some milliseconds */
bool uplink_stats_work(struct uplink_stats *s);

#endif
