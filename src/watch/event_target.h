/** @file
 * An event with all that is known around it, as the policy language sees it: a policy_target over policy_events.
 *
 * Values are Falco's where Falco has the field. What is not known (a container not identified yet, a parent never seen) is
 * UNKNOWN; what cannot be (a file's port) is ABSENT. Values live until the scratch is reset, the tree changes or the event goes.
 */
#ifndef SKEP_WATCH_EVENT_TARGET_H
#define SKEP_WATCH_EVENT_TARGET_H

#include "asset/accounts.h"
#include "model/container.h"
#include "policy/field.h"
#include "watch/fd_ends.h"
#include "watch/hashes.h"
#include "watch/process_tree.h"
#include "watch/scratch.h"

/** Who knows users and groups by number; asset, or a test. */
struct event_users {
	void *ctx;
	/** @param pid a process of the container @param ret lives until the next call */
	enum policy_state (*find)(void *ctx, const struct container *c, uint32_t pid,
				  enum account_part part, uint32_t number, str *ret);
};

/** What all events share. */
struct event_world {
	const struct process_tree *tree;
	struct scratch *scratch;
	struct event_users users; /**< NULL function: names are UNKNOWN */
	struct hashes *hashes;    /**< of files; NULL: UNKNOWN */
	str hostname;
	int64_t boot_ns; /**< CLOCK_REALTIME less CLOCK_BOOTTIME */
};

struct event_target {
	struct policy_target target; /**< first, so that one leads to the other */
	const struct event_world *world;
	const struct event *event;
	const struct container *container; /**< NULL: not known */
	const struct process *process;     /**< NULL: not known */
	const struct program *program;     /**< NULL: not known */
	enum event_fd_kind fd_kind; /**< of the event's descriptor; a failed open is of a file */
	struct fd_ends ends;        /**< of a connection; else not set */
};

/** @param container NULL when it is not known */
void event_target_init(struct event_target *t, const struct event_world *w, const struct event *v,
		       const struct container *container);

static inline const struct event_target *event_target_of(const struct policy_target *t)
{
	return (const struct event_target *)(const void *)t;
}

/** The @p n-th ancestor, 0 the process itself. @return KNOWN and @p ret, ABSENT (there is none) or UNKNOWN */
enum policy_state event_target_ancestor(const struct event_target *t, uint32_t n,
					const struct process **ret);

/** Part of a user's or a group's entry, of the event's container. @return UNKNOWN also where that is not known */
enum policy_state event_target_account(const struct event_target *t, enum account_part part,
				       uint32_t number, str *ret);

/** What fd.name is; empty when the event has no descriptor. */
str event_target_fd_name(const struct event_target *t);

#endif
