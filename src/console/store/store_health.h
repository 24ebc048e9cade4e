/** @file
 * What a process knows of its store's health by what its connections met: whether it is full, cannot be written, its file was taken away
 * (EBADFD), or it is damaged. Told once
 * when it becomes so and once when it is over, however many requests meet it.
 *
 * A fault of writing stands until a trial wrote as much as agents send at once: what is small may find room where the rest does not. So does
 * a file's being away: it may be put back, and nothing was lost then.
 * Damage stands until the process ends: only what begins anew looks at the whole store.
 */
#ifndef SKEP_CONSOLE_STORE_STORE_HEALTH_H
#define SKEP_CONSOLE_STORE_STORE_HEALTH_H

#include "console/sql/sql.h"

struct store_health;

/** @param say a line for the operator, from any thread; NULL: nobody @return 0, -ENOMEM */
MUST_CHECK int store_health_new(void (*say)(void *ctx, const char *line), void *ctx,
				struct store_health **ret, struct err *e);
void store_health_free(struct store_health *h);

/** What connections are given (sql_options); lives as long as @p h. */
const struct sql_watch *store_health_watch(const struct store_health *h);

/** The fault that stands, from any thread: 0, ENOSPC, EROFS, EIO, EBADFD or EUCLEAN. @p h may be NULL, which knows of none. */
int store_health_fault(const struct store_health *h);

/**
 * The same after a trial, where a fault but damage stands and none was made just now: what readiness is told by. Nothing is written while
 * the store is well.
 *
 * @param s a connection outside of a transaction
 */
int store_health_look(struct store_health *h, struct sql *s);

#endif
