/** @file
 * Reads a software bill of materials into an inventory: CycloneDX 1.2 to 1.7 JSON and SPDX 2.2 and 2.3 JSON.
 *
 * Documents come from other tools and are not trusted. What trivy, syft, docker (BuildKit), Microsoft's sbom-tool and
 * skep itself write beside the standard (properties, purl qualifiers, source information) is understood, so that a
 * document matches as the image it was made of. A package that cannot be identified is a gap, never dropped in
 * silence.
 */
#ifndef SKEP_SCAN_REPORT_SBOM_READ_H
#define SKEP_SCAN_REPORT_SBOM_READ_H

#include "base/limits.h"
#include "model/inventory.h"

/**
 * Reads one document.
 *
 * `kind` becomes TARGET_SBOM, `source` "sbom" and `name` what the document says it describes (may be empty: the
 * caller then puts the file's name).
 *
 * @param a owns everything below @p ret; @p text may go
 * @return 0 (look at ret->gaps), -EBADMSG malformed or not an SBOM, -ENOTSUP a kind or version of SBOM not read
 *         (XML, tag-value, SPDX 3, ...), -E2BIG more packages than the limit, -ENOBUFS
 */
MUST_CHECK int sbom_read(str text, struct arena *a, const struct limits *l, struct inventory *ret,
			 struct err *e);

#endif
