/** @file
 * How current the advisories of one namespace are. A database joins feeds of very different ages: a fresh list of Go's
 * flaws says nothing of how old the list of a distribution's is.
 */
#ifndef SKEP_SCAN_VULN_DATA_AGE_H
#define SKEP_SCAN_VULN_DATA_AGE_H

#include "scan/vuln/vulndb.h"

/** Older data than this is told as a gap even when nobody asks. */
#define DATA_AGE_STALE_S ((int64_t)30 * 24 * 3600)

/**
 * Finds when the feed that fills @p namespace was current. A namespace is filled by one feed as a rule; where several
 * do, the one that claims first about its first package counts.
 *
 * @param scratch holds what is read on the way
 * @param ret     seconds since 1970; 0 when the feed does not say, or the namespace is empty or absent
 * @return 0, -EBADMSG, -ENOBUFS
 */
MUST_CHECK int data_age_of_namespace(struct vulndb *db, str namespace, struct arena *scratch,
				     int64_t *ret, struct err *e);

#endif
