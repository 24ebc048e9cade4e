/** @file
 * What handlers of lists of threat intelligence and the job that fetches them share.
 */
#ifndef SKEP_CONSOLE_API_INTELLIGENCE_PRIV_H
#define SKEP_CONSOLE_API_INTELLIGENCE_PRIV_H

#include "console/notify/intel.h"
#include "console/store/intelligence.h"

/** What was read becomes the list's entries and figures. @return 0, -EINVAL (there are none), -ENOBUFS */
MUST_CHECK int intelligence_take(struct stored_intelligence *v, const struct intel_read *read,
				 struct arena *a, struct err *e);

#endif
