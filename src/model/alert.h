/** @file
 * An alert: a rule that fired, with the facts it fired on, ready to be told to people and machines.
 *
 * Serialised by alert_render() as doc/schemas/alert-1.schema.json says.
 */
#ifndef SKEP_MODEL_ALERT_H
#define SKEP_MODEL_ALERT_H

#include "codec/json_out.h"
#include "model/container.h"
#include "model/event.h"

/** X(ID, "name"): most urgent first, as syslog orders them */
#define ALERT_PRIORITIES(X) \
	X(EMERGENCY, "Emergency") \
	X(ALERT, "Alert") \
	X(CRITICAL, "Critical") \
	X(ERROR, "Error") \
	X(WARNING, "Warning") \
	X(NOTICE, "Notice") \
	X(INFO, "Informational") \
	X(DEBUG, "Debug")

enum alert_priority {
#define ALERT_PRIORITY_ENUM(id, name) PRIORITY_##id,
	ALERT_PRIORITIES(ALERT_PRIORITY_ENUM)
#undef ALERT_PRIORITY_ENUM
		PRIORITY_COUNT
};

const char *alert_priority_name(enum alert_priority p);
/** Case does not matter; "info" and "informational" are the same. @return 0 or -ENOENT */
MUST_CHECK int alert_priority_find(str name, enum alert_priority *ret);

/** A field of the output, as text; `text.p` is NULL when it is not known. */
struct alert_field {
	str name, text;
};

struct alert_process {
	struct process_key key;
	str name, exe_path, cmdline, user;
};

/** X(ID, "name"): what people have made of an alert */
#define ALERT_STATES(X) \
	X(OPEN, "open") \
	X(ACKNOWLEDGED, "acknowledged") \
	X(RESOLVED, "resolved") \
	X(FALSE_POSITIVE, "false-positive")

struct alert {
	str rule;       /**< its name, never empty */
	str rule_id;    /**< ours: "SKEP-1042"; empty for rules without one */
	str source;     /**< the subject: "syscall" */
	str message;    /**< the rule's output, filled in */
	str message_zh; /**< the same in Chinese where the rule has it */
	enum alert_priority priority;
	uint64_t time_ns; /**< of the event, CLOCK_REALTIME */
	uint64_t number;  /**< of the event */
	const str *tags;
	size_t tag_count;
	const struct alert_field
		*fields; /**< what the output names, the event's type, and the container's */
	size_t field_count;
	const struct container *container;   /**< never NULL: the host is one */
	const struct alert_process *lineage; /**< the process first, then its ancestors */
	size_t lineage_count;
	uint64_t count;             /**< how many were folded into this one, at least 1 */
	uint64_t first_ns, last_ns; /**< of those */
	bool unknown;               /**< a fact the rule asked for was not known; see `policy` */
	bool cut; /**< a text is shorter than it was, or labels and mounts are left out */
};

/** Writes one object. */
void alert_render(const struct alert *a, struct json_out *j);

#endif
