/** @file
 * Inventory and database to findings, by the rules of each distribution (doc/matching.md).
 */
#ifndef SKEP_SCAN_VULN_MATCH_H
#define SKEP_SCAN_VULN_MATCH_H

#include "scan/vuln/vulndb.h"

struct match_options {
	bool third_party; /**< also match packages that are not the distribution's against its advisories */
	bool brief; /**< leave titles, descriptions, references, aliases and CWEs empty: a table prints none */
};

/**
 * Fills ret->findings, gaps, database and end-of-life facts. Pure: no I/O beyond the mapped database.
 *
 * Every package that could not be judged is a gap: a version its scheme refuses, a distribution or ecosystem the
 * database knows nothing of. @p ret borrows from @p v, but nothing from @p db.
 *
 * @param now seconds since 1970, for end of life and data age
 * @return 0, -EBADMSG (damaged database), -ENOBUFS
 */
MUST_CHECK int match_inventory(struct vulndb *db, const struct inventory *v,
			       const struct match_options *o, int64_t now, struct arena *a,
			       struct report *ret, struct err *e);

#endif
