/** @file
 * When a receiver is told: at once, or later together with others (grouping, quiet hours, a rate). What is held is counted
 * and comes out as one notice that says for how many it stands; the alerts themselves are in the store.
 *
 * What is held is in a file, too, so that it outlives the process: a line for each notice, "REASON UNTIL LINE", UNTIL in
 * nanoseconds since 1970, LINE as notice_render() writes it. The file is ours; what is damaged in it is counted.
 *
 * Memory is bounded: more than PACE_GROUPS_MAX groups at once share the last.
 */
#ifndef SKEP_CONSOLE_NOTIFY_PACE_H
#define SKEP_CONSOLE_NOTIFY_PACE_H

#include "console/notify/receiver.h"

#define PACE_GROUPS_MAX 1024

struct pace;

struct pace_clock {
	uint64_t real_ns; /**< CLOCK_REALTIME: for quiet hours */
	uint64_t mono_ns; /**< CLOCK_MONOTONIC: for windows and rates */
};

/** Takes what is to be told now: notice_render()'s line. @return 0 or -errno, which the caller gets */
typedef int (*pace_tell)(void *ctx, str line, struct err *e);

/**
 * Begins with what the file holds.
 *
 * @param r outlives it
 * @param path of the file, copied; it need not be there
 * @return 0, -ENOMEM, -errno of reading the file
 */
MUST_CHECK int pace_new(const struct receiver *r, const char *path, struct pace_clock now,
			pace_tell tell, void *ctx, struct pace **ret, struct err *e);
/** Without pace_sync() before it, what changed since is forgotten. */
void pace_free(struct pace *p);

/** @return 0, -ENOMEM, or what telling returned */
MUST_CHECK int pace_take(struct pace *p, const struct notice *n, struct pace_clock now,
			 struct err *e);
/** Tells what is due. @return as pace_take() */
MUST_CHECK int pace_work(struct pace *p, struct pace_clock now, struct err *e);
/** Writes what is held to the file, when it is other than there. @return 0, -ENOMEM, -errno of writing it */
MUST_CHECK int pace_sync(struct pace *p, struct pace_clock now, struct err *e);
/** Notices held. */
uint64_t pace_held(const struct pace *p);
/** Lines of the file that could not be read back. */
uint64_t pace_damaged(const struct pace *p);

/** Whether it is quiet at @p real_ns. For tests and for those who explain. */
bool pace_is_quiet(const struct receiver_quiet *q, uint64_t real_ns);

#endif
