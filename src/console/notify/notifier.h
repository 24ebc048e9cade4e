/** @file
 * Alerts to receivers: each alert is judged by every receiver's filter, and given to those that want it. A filter that comes out UNKNOWN wants it: rather one notice too many than one that never came.
 *
 * One thread owns it. It knows nothing of the store: whoever runs it gives it receivers and alerts (notify/work.h).
 */
#ifndef SKEP_CONSOLE_NOTIFY_NOTIFIER_H
#define SKEP_CONSOLE_NOTIFY_NOTIFIER_H

#include "console/notify/post.h"
#include "policy/alert_target.h"

struct notifier;

struct notifier_options {
	const char *folder;   /**< spools and certificates */
	uint64_t spool_bytes; /**< of each receiver */
	const char *const
		*allow; /**< networks receivers may be in besides; NULL-terminated; may be NULL */
	const char *console; /**< the console's address for people; NULL: unknown */
};

/** @param o copied @return 0, -EINVAL (a network), -ENOMEM */
MUST_CHECK int notifier_new(const struct notifier_options *o, struct notifier **ret, struct err *e);
void notifier_free(struct notifier *n);

/** A receiver as the store has it. */
struct notifier_entry {
	int64_t id;
	str name, kind, filter;
	str public_json, secret_json; /**< the halves of its settings */
	int64_t version;              /**< grows with each change */
};

/**
 * Works for these from now on: those that changed are opened anew, others go on. One that cannot work (its settings, its
 * folder) stays in the list with what is wrong.
 */
void notifier_set(struct notifier *n, const struct notifier_entry *list, size_t count);
bool notifier_has_any(const struct notifier *n);

/** Gives an alert to those that want it. @return how many, or -EBADMSG (no alert) */
MUST_CHECK int notifier_take(struct notifier *n, const struct alert_facts *facts, str json,
			     struct err *e);
/** To disk with what was taken: it survives a power failure from now on. */
void notifier_sync(struct notifier *n);
/** Sends, and lets time pass; waits at most so long for something to do. @param wake_fd ends the wait; -1: none */
void notifier_work(struct notifier *n, int timeout_ms, int wake_fd);

struct notifier_figures {
	int64_t id;
	struct outbox_figures counts;
	const char *wrong; /**< why it does not work at all; "": it does */
};
/** @return how many; @p ret lives until the next call of notifier_set() */
size_t notifier_figures(struct notifier *n, struct notifier_figures *ret, size_t max);

/** Whether a filter is right. @return 0, -EINVAL, -EBADMSG (the sentence names the place) */
MUST_CHECK int notifier_check_filter(str condition, struct err *e);

/** Parses settings as setting_take() made them. @param a owns what @p ret borrows @return 0, -EINVAL, -ENOBUFS */
MUST_CHECK int notifier_receiver(const struct notifier_entry *entry, struct arena *a,
				 struct receiver *ret, struct err *e);
const struct sender_host *notifier_host(const struct notifier *n);

#endif
