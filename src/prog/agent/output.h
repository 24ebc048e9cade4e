/** @file
 * Where alerts go. One file and one entry in output.c for each kind. An output that is slow or away keeps what it was
 * given within a bound and says so when it must drop; it never makes the others wait.
 */
#ifndef SKEP_PROG_AGENT_OUTPUT_H
#define SKEP_PROG_AGENT_OUTPUT_H

#include "base/option.h"
#include "base/privilege.h"
#include "codec/json_out.h"
#include "model/alert.h"
#include "prog/agent/part.h"

/** An alert as the sensor sent it; lives while the call lasts. */
struct output_alert {
	enum alert_priority priority;
	str text; /**< one line, escaped, without a line feed */
	str json; /**< one object on one line */
};

/** What is told besides alerts (doc/formats/agent-protocol.md). */
struct output_record {
	const char *kind;
	str doc;      /**< one JSON value without a line feed; empty: */
	str file;     /**< a file of the folder of scans that holds it */
	bool passing; /**< only the latest of its kind counts, and none waits on disk */
};

struct output;

/** Places the outputs reach after they were opened; see privilege_confine(). */
struct output_places {
	struct privilege_place items[48];
	size_t count;
};

struct output_kind {
	const char *name;
	/** Looks at what its options say, before anything begins. May be NULL. @return 0, -EINVAL (which option, and why), -ENOMEM */
	int (*check)(const struct option_set *o, struct err *e);
	/**
	 * Makes the outputs the options ask for: calls output_add() for each.
	 * @return 0, -EINVAL (an option that makes no sense), -errno
	 */
	int (*open)(struct output **list, const struct option_set *o, struct err *e);
	/** Takes an alert. @return 1 told, 0 kept (counted by its kind later), or -errno when this one is lost for this output */
	int (*tell)(struct output *o, const struct output_alert *a, struct err *e);
	/**
	 * Takes what the console is told besides alerts. NULL: this kind tells alerts alone.
	 * @return 0, or -errno: it is not kept
	 */
	int (*record)(struct output *o, const struct output_record *rec, struct err *e);
	/** Lets time pass, and does what its descriptor waits for; @p now_ns of CLOCK_MONOTONIC. May be NULL. */
	void (*tick)(struct output *o, uint64_t now_ns);
	/** What to poll for. @return a descriptor, -1: none. May be NULL. */
	int (*fd)(const struct output *o, short *ret_events);
	/** Names what it opens again later. May be NULL. */
	void (*places)(const struct output *o, struct output_places *p);
	/** Hands over what it still has, within a second, and frees itself. */
	void (*close)(struct output *o);
};

/** The head of each kind's own struct. */
struct output {
	const struct output_kind *kind;
	struct output *next;
	const struct part_context *part;
	const char *where; /**< for messages: a path, a URL without secrets */
	uint64_t told, lost, waiting;
	uint64_t lost_said; /**< of lost */
	bool failing;       /**< the last attempt failed; said once */
	char why[200];
};

extern const struct output_kind output_stream; /**< standard output */
extern const struct output_kind output_file;
extern const struct output_kind output_syslog;
extern const struct output_kind output_webhook;
extern const struct output_kind output_console;

/** Puts an output, allocated by its kind, at the list's end. */
void output_add(struct output **list, struct output *o, const struct output_kind *kind,
		const char *where);
/** Says once that it does not work, until it does again. */
void output_fails(struct output *o, const char *why);
void output_works(struct output *o);
void output_place(struct output_places *p, const char *path, bool writable);

/** Looks at what the options say of each kind. @return 0, -EINVAL (which option, and why), -ENOMEM */
MUST_CHECK int outputs_check(const struct option_set *o, struct err *e);
/** Opens all that the options ask for. @return 0 or a negative errno; nothing stays open on failure */
MUST_CHECK int outputs_open(struct output **ret, const struct part_context *p, struct err *e);
/** Tells every output; failures are said once each until they pass. */
void outputs_tell(struct output *list, const struct output_alert *a);
/** Gives a record to those that take some. */
void outputs_record(struct output *list, const struct output_record *rec);
void outputs_tick(struct output *list, uint64_t now_ns);
/** Forbids this process every place but @p also and those the outputs need. */
MUST_CHECK int outputs_confine(const struct output *list, const struct privilege_place *also,
			       struct err *e);
void outputs_close(struct output *list);
/** Writes an array of objects: kind, where, told, lost, waiting, failing. */
void outputs_render(const struct output *list, struct json_out *j);

#endif
