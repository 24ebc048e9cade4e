/** @file
 * The package URL of an operating-system package, with every qualifier that matching needs, so that an SBOM read back
 * matches like the image it was made of: arch, distro, epoch (rpm), upstream (source package, as name@version or as the
 * source rpm), modularitylabel (rpm). See purl-spec, types deb, rpm, apk.
 */
#ifndef SKEP_SCAN_LAYER_PACKAGE_PURL_H
#define SKEP_SCAN_LAYER_PACKAGE_PURL_H

#include "model/os.h"
#include "model/package.h"

/** @return 0, or -ENOBUFS */
MUST_CHECK int package_purl(const struct package *p, const struct os *o, struct arena *a, str *ret,
			    struct err *e);

#endif
