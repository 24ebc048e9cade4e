/** @file
 * What is known of the store as a whole: names and values, one row each.
 */
#ifndef SKEP_CONSOLE_STORE_STORE_FACT_H
#define SKEP_CONSOLE_STORE_STORE_FACT_H

#include "console/sql/sql.h"

/** @return 1, 0 there is no such fact, -ENOBUFS, or the store's */
MUST_CHECK int store_fact_get(struct sql *s, const char *name, struct arena *a, str *ret,
			      struct err *e);
MUST_CHECK int store_fact_put(struct sql *s, const char *name, str value, struct err *e);
/** Puts it where there is none. */
MUST_CHECK int store_fact_offer(struct sql *s, const char *name, str value, struct err *e);

/** Until when a console is known to have worked on this store, nanoseconds since 1970. @return 1, 0 none ever did, or the store's */
MUST_CHECK int store_known_time(struct sql *s, int64_t *ret_ns, struct err *e);
/** Whether the clock is too far ahead of that to be believed at once (base/steady_clock.h). @return 1, 0, or the store's */
MUST_CHECK int store_clock_ahead(struct sql *s, int64_t now_ns, int64_t *ret_days, struct err *e);
/** Each minute, by the replica that leads. */
MUST_CHECK int store_keep_time(struct sql *s, int64_t now_ns, struct err *e);

#endif
