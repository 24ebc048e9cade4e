/** @file
 * What a store needs done by the clock: days of alerts made ahead and dropped when they are old, what went long ago
 * forgotten, risks accepted for a time ended.
 */
#ifndef SKEP_CONSOLE_STORE_HOUSEKEEPING_H
#define SKEP_CONSOLE_STORE_HOUSEKEEPING_H

#include "console/store/store.h"

/** Days of alerts that were thrown away: older than is kept, or of a store larger than it may be. */
struct housekeeping_dropped {
	int old, large;
};

/**
 * Does what is due, by the settings of retention. Outside of a transaction, on the replica that leads, each minute or so.
 *
 * @param ret  filled also when a later step fails; NULL: not asked for
 * @return 1 there is more to do at once, 0, -errno
 */
MUST_CHECK int housekeeping(struct store *s, int64_t now_ns, struct housekeeping_dropped *ret,
			    struct err *e);

#endif
