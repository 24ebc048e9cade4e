/** @file
 * Tells packages of a distribution from those of somebody else, to which the distribution's advisories do not apply.
 *
 * rpm packages carry a Vendor; one that is set and is not the distribution's own is somebody else's. Debian packages
 * carry at best an Origin, and else a Maintainer and the version suffixes of well-known archives. What tells nothing
 * counts as the distribution's: matching too much can be seen, matching too little can not.
 */
#ifndef SKEP_SCAN_PACKAGE_THIRD_PARTY_H
#define SKEP_SCAN_PACKAGE_THIRD_PARTY_H

#include "model/os.h"
#include "model/package.h"

/** Whether @p p is known not to come from the distribution @p o. Looks at type, vendor and version. */
bool package_is_third_party(const struct package *p, const struct os *o);

#endif
