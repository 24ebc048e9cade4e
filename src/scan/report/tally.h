/** @file
 * Counting what a report holds, for its first line and its coverage statement.
 */
#ifndef SKEP_SCAN_REPORT_TALLY_H
#define SKEP_SCAN_REPORT_TALLY_H

#include "model/report.h"

struct tally {
	uint64_t findings, kev, fixable;
	uint64_t by_severity[SEVERITY_COUNT];
	uint64_t packages; /**< that have a finding */
	uint64_t layers, layers_cached, layers_missing, tar_bytes, entries, files;
	uint64_t gaps[GAP_KIND_COUNT]; /**< of inventory and matching, with their counts */
	uint64_t gaps_total;           /**< also those only counted */
	bool is_partial;               /**< some gap means that something was not examined */
};

/** @return 0, or -ENOMEM */
MUST_CHECK int tally_count(const struct report *r, struct tally *ret);

/** Whether some gap of the report means that something in the target was not examined (exit status 6). */
bool tally_is_partial(const struct report *r);

#endif
