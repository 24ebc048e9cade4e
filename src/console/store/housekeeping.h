/** @file
 * What a store needs done by the clock: days of alerts made ahead and dropped when they are old, what went long ago
 * forgotten, risks accepted for a time ended.
 */
#ifndef SKEP_CONSOLE_STORE_HOUSEKEEPING_H
#define SKEP_CONSOLE_STORE_HOUSEKEEPING_H

#include "console/store/store.h"

/**
 * Does what is due, by the settings of retention. Outside of a transaction, on the replica that leads, each minute or so.
 *
 * @return 1 there is more to do at once, 0, -errno
 */
MUST_CHECK int housekeeping(struct store *s, int64_t now_ns, struct err *e);

#endif
