/** @file
 * Alerts as a subject of the policy language: `alert.severity <= 4 and k8s.ns.name = prod`. Filters of notifications and
 * the console's query box speak it.
 *
 * The document is an agent's (doc/schemas/alert-1.schema.json) and not trusted: what has not the shape hoped for is ABSENT
 * or UNKNOWN, never an error. The type of an alert is its priority: rules about critical ones are asked about no other.
 */
#ifndef SKEP_POLICY_ALERT_TARGET_H
#define SKEP_POLICY_ALERT_TARGET_H

#include "codec/value.h"
#include "model/alert.h"
#include "policy/field.h"

/** The fields of alerts by the enum below; `types` are the priorities in lower case. */
extern const struct policy_subject policy_alerts;

enum policy_alert_field {
#define X(id, name, type, arg, kind, doubt, en, zh) ALERT_FIELD_##id,
#include "policy/alert_field.def"
#undef X
	ALERT_FIELD_COUNT
};

/** What the console knows beside the agent's document. */
struct alert_facts {
	uint64_t id;
	uint64_t received_ns;
	str host, agent; /**< empty: ABSENT, and so the next two */
	str state, assignee;
};

struct alert_target {
	struct policy_target target;
	const struct value *doc;
	struct alert_facts facts;
	enum alert_priority priority;
	str tags[POLICY_MAX_VALUES];
	str ancestors[POLICY_MAX_VALUES];
};

/** "critical": the priority as the API and filters write it. */
const char *alert_priority_word(enum alert_priority p);

/**
 * Makes a target of a parsed document.
 *
 * @param doc must outlive the target, and so must what @p facts points to
 * @return 0, -EBADMSG: it has no priority that is known
 */
MUST_CHECK int alert_target_init(struct alert_target *t, const struct value *doc,
				 const struct alert_facts *facts, struct err *e);

#endif
