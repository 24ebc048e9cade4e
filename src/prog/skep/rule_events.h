/** @file
 * Recorded events for the members of `skep rule`: a file of lines as policy/recorded.h describes them.
 */
#ifndef SKEP_PROG_SKEP_RULE_EVENTS_H
#define SKEP_PROG_SKEP_RULE_EVENTS_H

#include "policy/field.h"
#include "prog/skep/command.h"

/** --events FILE */
extern const struct option_def rule_events_options[];

#define RULE_EVENTS_MAX_BYTES (256u << 20)

struct rule_events {
	const char *path;
	struct buf text;
	str rest, current; /**< current: the line given last */
	uint32_t line;
	struct arena arena; /**< of the line given last */
};

/** Reads the file that --events names; close it also after an error. @return 0, -EINVAL (no --events), -E2BIG, the file's errno */
MUST_CHECK int rule_events_open(struct invocation *v, struct rule_events *ret);
void rule_events_close(struct rule_events *e);

/** The next event; empty lines are passed over. @return 1, 0 at the end, -EBADMSG (with file and line), -ENOBUFS */
MUST_CHECK int rule_events_next(struct invocation *v, struct rule_events *e,
				const struct policy_target **ret);

#endif
