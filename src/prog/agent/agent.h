/** @file
 * The agent: one per node. A supervisor and its parts, each a process of its own joined by socket pairs: `sensor` sees and
 * judges, `uplink` tells. `skep agent run` and `skep-agent` both call agent_run(); no other header here is for them.
 */
#ifndef SKEP_PROG_AGENT_AGENT_H
#define SKEP_PROG_AGENT_AGENT_H

#include "base/option.h"

/** What the agent can be told: what it watches for and shows, and whom it tells. Each ends with an entry without a name. */
extern const struct option_def agent_watch_options[], agent_tell_options[];

/** Looks at what agent_watch_options name, likewise. @return 0, -EINVAL (which option, and why), -ENOBUFS */
MUST_CHECK int agent_check_watch_options(const struct option_set *o, struct err *e);
/** Looks at what options name before a part reads it, or nobody for a while. @return 0, -EINVAL (which option, and why), -ENOMEM */
MUST_CHECK int agent_check_options(const struct option_set *o, struct err *e);

/**
 * Runs until SIGTERM or SIGINT; SIGHUP loads the rules again.
 *
 * @param o    holds both tables
 * @param say  for the operator: one line each, escaped by the callee
 * @return 0 after an orderly end, -errno when it could not begin; -EINVAL: an option is mistaken
 */
MUST_CHECK int agent_run(const struct option_set *o, void (*say)(const char *line), struct err *e);

/** Where a running agent is asked unless it was told otherwise. */
#define AGENT_CONTROL_PATH "/run/skep/agent.sock"

struct agent_control;

/** Connects to a running agent. @return 0, -ENOENT or -ECONNREFUSED (none runs), -EACCES (only root may), -errno */
MUST_CHECK int agent_control_open(const char *path, struct agent_control **ret, struct err *e);
void agent_control_close(struct agent_control *c);
/**
 * Waits for the next document of doc/schemas/agent-stats-1.schema.json, sent once a second.
 * @param ret one line without its end; lives until the next call
 * @return 1, 0 a signal came, -EPIPE the agent is gone, -ETIMEDOUT, -errno
 */
MUST_CHECK int agent_control_next(struct agent_control *c, str *ret, struct err *e);

/** What a look at live events can be told. */
struct agent_monitor {
	const struct option_set *options; /**< holds agent_watch_options */
	const char *condition; /**< which events; NULL: alerts, by the rules the options name */
	/** what to show of each, as a rule's output; NULL: a line that suits most */
	const char *output;
	bool json;
	uint64_t count; /**< ends after so many; 0: when told to */
	void (*say)(const char *line);
};

/**
 * Shows events as they happen, on standard output, until SIGINT, SIGTERM, the count, or a reader that went away. One process, no
 * supervisor.
 * @return 0; -EINVAL the condition or output is none (with the place); what sensor_open() returns
 */
MUST_CHECK int agent_monitor(const struct agent_monitor *m, struct err *e);

#endif
