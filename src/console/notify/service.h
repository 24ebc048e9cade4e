/** @file
 * Notifications at work in a console: a thread that takes new alerts from the store's queue and tells them (notifier.h), and
 * what the API asks of it.
 *
 * On PostgreSQL one replica takes from the queue, the one that leads; each sends what waits in its own spools.
 */
#ifndef SKEP_CONSOLE_NOTIFY_SERVICE_H
#define SKEP_CONSOLE_NOTIFY_SERVICE_H

#include "codec/seal.h"
#include "console/notify/notifier.h"
#include "console/store/receivers.h"

struct notify_service;

struct notify_service_options {
	const char *where;             /**< the store, prepared */
	struct series_index *series;   /**< what the stores of the process share (store_share()) */
	const struct sql_watch *watch; /**< told what its store meets; NULL: nobody */
	const char *state;             /**< folder: spools below it, and the key of secrets */
	const char *const *
		allow; /**< networks receivers may be in besides (wire/reach.h); NULL-terminated; may be NULL */
	const char *console; /**< the console's address for people; NULL: unknown */
	/** takes a line for the operator, from the thread; may be NULL */
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

/** Begins. @param o its texts must outlive it @return 0, -EINVAL (a network), -EBADMSG (the key), -errno */
MUST_CHECK int notify_service_new(const struct notify_service_options *o,
				  struct notify_service **ret, struct err *e);
/** Ends the thread; what waits stays on disk. */
void notify_service_free(struct notify_service *n);

/* For the API; from any thread. */

/** Seals a receiver's secrets for the store. @return as seal() */
MUST_CHECK int notify_service_seal(const struct notify_service *n, int64_t id, str secret_json,
				   struct buf *out, struct err *e);
/** Opens them; an empty span is "{}". @return as seal_open() */
MUST_CHECK int notify_service_open(const struct notify_service *n, int64_t id, str sealed,
				   struct buf *out, struct err *e);
/** The test button: sends one harmless notice, and says what came of it. Waits 15 s at most. @return 0, -EINVAL, -errno */
MUST_CHECK int notify_service_try(const struct notify_service *n,
				  const struct notifier_entry *entry, struct arena *a,
				  struct outbox_result *ret, struct err *e);

#endif
