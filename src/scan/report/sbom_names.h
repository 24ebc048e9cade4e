/** @file
 * What SBOM documents call the facts of a package and an operating system that the standards have no field for.
 *
 * Written as CycloneDX properties "skep:<key>" and, in SPDX, as an annotation holding one JSON object of the same
 * keys; sbom_read() takes both back, so that a document matches as the image it was made of.
 */
#ifndef SKEP_SCAN_REPORT_SBOM_NAMES_H
#define SKEP_SCAN_REPORT_SBOM_NAMES_H

#include "model/inventory.h"

#define SBOM_PREFIX "skep:"
#define SBOM_OS_PREFIX "skep:os:"

/** In an SPDX document's comment: something in the target was not read. */
#define SBOM_INCOMPLETE \
	"skep: this list of packages is incomplete, parts of the target were not read"

#define SBOM_KEY_LINE "line"
#define SBOM_KEY_THIRD_PARTY "thirdParty"
#define SBOM_KEY_CONTENT_SETS "contentSets"
#define SBOM_KEY_LAYER_DIGEST "layerDigest"
#define SBOM_KEY_LAYER_DIFF_ID "layerDiffId"

#endif
