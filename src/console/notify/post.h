/** @file
 * One receiver at work: what is told it is paced, waits on disk, and is sent.
 */
#ifndef SKEP_CONSOLE_NOTIFY_POST_H
#define SKEP_CONSOLE_NOTIFY_POST_H

#include "console/notify/pace.h"
#include "console/notify/sender.h"

struct post;

struct post_options {
	const char *spool;  /**< folder */
	uint64_t max_bytes; /**< of the spool */
};

/** @param r and @p host outlive it @return 0, as outbox_open(), or what opening the sender says */
MUST_CHECK int post_open(const struct receiver *r, const struct sender_host *host,
			 const struct post_options *o, struct post **ret, struct err *e);
/** What is held goes to the disk; what is under way is told again next time. */
void post_close(struct post *p);

/** @return 0, -errno: it is lost for this receiver, counted */
MUST_CHECK int post_take(struct post *p, const struct notice *n, struct pace_clock at,
			 struct err *e);
/** To disk with what waits. */
void post_sync(struct post *p);
void post_work(struct post *p, struct pace_clock at);
/** What to poll for besides the host's flows. @return -1: nothing */
int post_fd(const struct post *p, short *ret_events);
/** Counts of this process; `waiting` includes what is held. */
struct outbox_figures post_figures(const struct post *p);

/**
 * Sends one notice now, past filter, pace and disk, and waits for what comes of it.
 *
 * @param host its flows must be this call's own
 * @return 0 (@p ret says what the receiver said), -errno: the settings do not work
 */
MUST_CHECK int post_try(const struct receiver *r, const struct sender_host *host,
			const struct notice *n, unsigned int timeout_s, struct outbox_result *ret,
			struct err *e);

#endif
