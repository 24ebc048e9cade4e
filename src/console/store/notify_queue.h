/** @file
 * Alerts that notifications have not seen yet, in the order they arrived. Written with the alerts themselves: what was
 * acknowledged to an agent is told, whoever dies in between.
 */
#ifndef SKEP_CONSOLE_STORE_NOTIFY_QUEUE_H
#define SKEP_CONSOLE_STORE_NOTIFY_QUEUE_H

#include "console/store/store.h"

/** Notes alerts that were just stored. Inside their transaction. */
MUST_CHECK int notify_queue_add(struct store *s, const int64_t *ids, size_t count, struct err *e);

struct notify_batch {
	int64_t *rows; /**< what it was read from */
	size_t row_count;
	int64_t *ids;
	size_t count;
};

/** The oldest of them, at most @p batches additions. @param a owns @p ret @return 1, 0 there are none, -errno */
MUST_CHECK int notify_queue_read(struct store *s, size_t batches, struct arena *a,
				 struct notify_batch *ret, struct err *e);
/** All of it is in receivers' spools. Makes its own transaction. */
MUST_CHECK int notify_queue_drop(struct store *s, const struct notify_batch *b, struct err *e);

#endif
