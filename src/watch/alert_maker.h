/** @file
 * A rule that held, and the event it held for, to an alert: message, fields, container, lineage.
 */
#ifndef SKEP_WATCH_ALERT_MAKER_H
#define SKEP_WATCH_ALERT_MAKER_H

#include "model/alert.h"
#include "policy/program.h"
#include "watch/event_target.h"

struct alert_maker;

/**
 * Parses the outputs of a program's rules.
 * @param p must outlive the maker
 * @return 0, -EBADMSG (an output that is malformed: rules are checked when loaded), -ENOBUFS, -ENOMEM
 */
MUST_CHECK int alert_maker_new(const struct policy_program *p, struct alert_maker **ret,
			       struct err *e);
void alert_maker_free(struct alert_maker *m);

/** Whether a rule's output names the hash of a file. */
bool alert_maker_shows_hash(const struct alert_maker *m, uint32_t rule);

/**
 * Fills an alert. It lives until the next call, or until what the target's values live by goes.
 * @param rule its index in the program
 */
void alert_maker_fill(struct alert_maker *m, const struct event_target *t, uint32_t rule,
		      const struct container *unknown, struct alert *ret);

#endif
