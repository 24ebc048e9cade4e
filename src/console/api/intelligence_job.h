/** @file
 * Fetches lists of threat intelligence that are due, one at a time; agents judge by what came when it differs. A job for the
 * replica that leads, on a thread of its own: a peer may take minutes.
 *
 * What cannot be fetched or read leaves the list as it was, is told with it, and tried again: after a quarter of an hour at the
 * latest.
 */
#ifndef SKEP_CONSOLE_API_INTELLIGENCE_JOB_H
#define SKEP_CONSOLE_API_INTELLIGENCE_JOB_H

#include "console/access/access.h"
#include "wire/network.h"

#define INTELLIGENCE_JOB_BYTES ((size_t)192 << 20)

struct intelligence_job {
	const struct access *access; /**< opens secrets */
	const char *folder;          /**< for authorities' certificates; made when absent */
	const struct networks
		*reach; /**< addresses lists may be fetched from besides (wire/reach.h) */
	bool (*is_over)(void *ctx);
	/** what pages are told; may be NULL */
	void (*publish)(void *ctx, const char *topic);
	void *ctx;
};

/** Fetches one list. @param a INTELLIGENCE_JOB_BYTES @return 1: more may be due, 0: none is, -errno of the store */
MUST_CHECK int intelligence_job_turn(const struct intelligence_job *j, struct store *s,
				     struct arena *a, struct err *e);

#endif
