/** @file
 * Keeps each container's risk beside it in the store, so that lists can be sorted by it; hosts, pods and images have that of the
 * worst container on, in or of them.
 *
 * A few containers a turn: what is shown of one alone is reckoned when it is asked for.
 */
#ifndef SKEP_CONSOLE_API_RISK_KEEP_H
#define SKEP_CONSOLE_API_RISK_KEEP_H

#include "console/store/store.h"

/** Where a round through all containers stands; zeroed at first. */
struct risk_round {
	char cursor[4096];
};

/** Reckons the next containers. @return 0, -errno of the store, -ENOBUFS */
MUST_CHECK int risk_keep(struct store *s, struct risk_round *at, struct arena *a, struct err *e);

#endif
