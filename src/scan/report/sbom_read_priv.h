/** @file
 * The two document walkers behind sbom_read().
 */
#ifndef SKEP_SCAN_REPORT_SBOM_READ_PRIV_H
#define SKEP_SCAN_REPORT_SBOM_READ_PRIV_H

#include "codec/value.h"
#include "scan/report/sbom_item.h"

/** Each: 0, -ENOTSUP (version), -E2BIG, -ENOBUFS. */
MUST_CHECK int sbom_cyclonedx_walk(struct sbom_reader *r, const struct value *doc, struct err *e);
MUST_CHECK int sbom_spdx_walk(struct sbom_reader *r, const struct value *doc, struct err *e);

/** Facts of the target itself: "kind", "imageId", "repoTag", ... of ours, "ImageID", "DiffID", "RepoTag" of trivy. */
int sbom_target_fact(struct sbom_reader *r, str key, str value);

/** The document says of itself that it does not list everything. */
void sbom_incomplete(struct sbom_reader *r);

#endif
