/** @file
 * An advisory as rpm distributions publish them (updateinfo and its JSON relatives): packages with the version that
 * carries the fix, and the CVEs it fixes.
 */
#ifndef SKEP_SCAN_FEED_ERRATA_H
#define SKEP_SCAN_FEED_ERRATA_H

#include "scan/feed/delivery.h"
#include "scan/feed/ids.h"

struct errata {
	str id; /**< ALSA-2021:3076, RLSA-..., ALAS2-... */
	enum severity severity;
	struct ids cves;
	str module; /**< "name:stream"; empty */
};

struct errata_package {
	str name, epoch, version, release;
	str arch; /**< empty or "noarch": all */
};

/**
 * Delivers a claim per CVE, or about the advisory itself when it names none. The namespace is told by the id's prefix
 * and the release ("4.el8_4", "1.amzn2"). Debug packages are passed over.
 * @return 0, -ENOBUFS or the sink's error
 */
MUST_CHECK int errata_deliver(const struct delivery *d, const struct errata *x,
			      const struct errata_package *p);

/** Splits "name-[epoch:]version-release[.arch]"; @return whether it has these parts. */
bool errata_split_nevra(str nevra, bool with_arch, struct errata_package *ret);

/** "[epoch:]version-release", without an epoch of 0; the empty span when the arena is spent. */
str errata_evr(struct arena *a, const struct errata_package *p);

#endif
