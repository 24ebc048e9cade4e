/** @file
 * Has users' files read for asset/accounts.h: the sensor itself never opens one, for who decides what stands in it, and by a file
 * system of its own whether it ever opens, is the container.
 *
 * The broker is a process of its own, begun while the sensor holds nothing yet, which can open other processes' roots and does nothing but start
 * readers (users_reader.h), one at a time for each look; these answer the sensor by a pipe. One that hangs is left to itself, and
 * its container is not looked at for a while.
 */
#ifndef SKEP_PROG_AGENT_USERS_BROKER_H
#define SKEP_PROG_AGENT_USERS_BROKER_H

#include "asset/accounts.h"

struct users_broker;

/** Starts the process. The caller must be single-threaded. @return 0, -ENOMEM, -errno of socketpair(2), fork(2) */
MUST_CHECK int users_broker_start(struct users_broker **ret, struct err *e);
/** Ends it, and what it has started. @param b may be NULL */
void users_broker_stop(struct users_broker *b);

/** Ready, for POLLIN, when a reader has said something or the process is gone; the same as long as @p b. @param b may be NULL: -1 */
int users_broker_fd(const struct users_broker *b);

/**
 * Takes answers and hands on new questions; never waits.
 *
 * @param ready whether users_broker_fd() was found so just now
 * @param calls of accounts_over()
 * @return 0, -EPIPE: the process is gone
 */
MUST_CHECK int users_broker_turn(struct users_broker *b, bool ready, struct accounts *a,
				 const struct account_calls *calls, struct err *e);

#endif
