/** @file
 * Where alerts go. One file and one entry in output.c for each kind. An output that is slow or away keeps what it was
 * given within a bound and says so when it must drop; it never makes the others wait.
 */
#ifndef SKEP_PROG_AGENT_OUTPUT_H
#define SKEP_PROG_AGENT_OUTPUT_H

#include "base/option.h"
#include "model/alert.h"
#include "prog/agent/part.h"

/** An alert as the sensor sent it; lives while the call lasts. */
struct output_alert {
	enum alert_priority priority;
	str text; /**< one line, escaped, without a line feed */
	str json; /**< one object on one line */
};

struct output;

struct output_kind {
	const char *name;
	/**
	 * Makes the outputs the options ask for: calls output_add() for each.
	 * @return 0, -EINVAL (an option that makes no sense), -errno
	 */
	int (*open)(struct output **list, const struct option_set *o, struct err *e);
	/** Takes an alert. @return 0, or -errno when this one is lost for this output */
	int (*tell)(struct output *o, const struct output_alert *a, struct err *e);
	/** Lets time pass; @p now_ns of CLOCK_MONOTONIC. May be NULL. */
	void (*tick)(struct output *o, uint64_t now_ns);
	/** Hands over what it still has, within a second, and frees itself. */
	void (*close)(struct output *o);
};

/** The head of each kind's own struct. */
struct output {
	const struct output_kind *kind;
	struct output *next;
	const char *where; /**< for messages: a path, a URL without secrets */
	uint64_t told, lost;
	bool failing; /**< the last attempt failed; said once */
	char why[160];
};

extern const struct output_kind output_stream; /**< standard output */
extern const struct output_kind output_file;

/** Puts an output, allocated by its kind, at the list's end. */
void output_add(struct output **list, struct output *o, const struct output_kind *kind,
		const char *where);

/** Opens all that the options ask for. @return 0 or a negative errno; nothing stays open on failure */
MUST_CHECK int outputs_open(struct output **ret, const struct option_set *o, struct err *e);
/** Tells every output; failures are said once each through @p p until they pass. */
void outputs_tell(struct output *list, const struct output_alert *a, const struct part_context *p);
void outputs_tick(struct output *list, uint64_t now_ns);
void outputs_close(struct output *list);

#endif
