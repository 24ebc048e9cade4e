/** @file
 * Which of a container's probes a process belongs to: its health check, or a pod's liveness or readiness probe.
 *
 * As Falco decides: a process that was brought into the container and runs exactly the probe's command is the probe, and so are all it
 * starts and runs from then on. What was brought in otherwise is none, whatever it runs later.
 */
#ifndef SKEP_WATCH_PROBE_H
#define SKEP_WATCH_PROBE_H

#include "model/container.h"
#include "policy/field.h"
#include "watch/process_tree.h"

/** What process.probe says. */
enum probe {
	PROBE_OPEN, /**< nobody looked yet */
	PROBE_NONE,
	PROBE_HEALTHCHECK,
	PROBE_LIVENESS,
	PROBE_READINESS,
	PROBE_UNSURE, /**< it was brought in, and probes or its command are not known whole */
};

/** Whether a process was brought into its container from outside (docker exec, kubectl exec, probes). @return KNOWN and @p ret, or UNKNOWN */
enum policy_state probe_is_entry(const struct process_tree *t, const struct process *p,
				 const struct container *c, bool *ret);

/** Decides for a process that began to run something, once. Call it after process_tree_event() of an exec. */
void probe_settle(struct process_tree *t, struct process_key k, const struct container *c);

/** @return KNOWN and @p ret, or UNKNOWN */
enum policy_state probe_is(const struct process_tree *t, const struct process *p,
			   const struct container *c, enum probe which, bool *ret);

/** The command of a probe as the container has it. @return KNOWN and @p ret, ABSENT (it has none) or UNKNOWN */
enum policy_state probe_command(const struct container *c, enum probe which, str *ret);

#endif
