/** @file
 * A record in the Open Source Vulnerability format (ossf.github.io/osv-schema, 1.x), whatever it was written in.
 *
 * Each affected range becomes a claim per event pair, each `versions` entry a claim of its own when there is no range
 * of versions. Withdrawn records are passed over. Claims carry the CVE ids among the aliases (for distributions also
 * `upstream` and `related`, at last those in the references), else the record's own id.
 */
#ifndef SKEP_SCAN_FEED_OSV_H
#define SKEP_SCAN_FEED_OSV_H

#include "scan/feed/delivery.h"

/** Delivers one record. Faults are reported to the sink. @return 0, -ENOBUFS or the sink's error */
MUST_CHECK int osv_deliver(const struct delivery *d, const struct value *record);

#endif
