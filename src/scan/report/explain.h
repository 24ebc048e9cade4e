/** @file
 * Why a finding is there: which record, which comparison, which layer, why that severity, where the risk comes from.
 */
#ifndef SKEP_SCAN_REPORT_EXPLAIN_H
#define SKEP_SCAN_REPORT_EXPLAIN_H

#include "scan/report/report_render.h"

/**
 * Appends the derivation of every finding (ignored ones too) that @p what names.
 *
 * @param what    an id or alias of a vulnerability, or an advisory's, without case; or empty
 * @param package a binary or source package's name; or empty. Both given: both must match
 * @return number of findings explained, -ENOENT none (the message says whether the package is there at all),
 *         -ENOMEM
 */
MUST_CHECK int explain_report(const struct report *r, str what, str package,
			      const struct report_style *style, struct buf *out, struct err *e);

/** Appends the facts of a vulnerability, without a target. @p db may be NULL. @return 0, -ENOMEM */
MUST_CHECK int explain_vulnerability(const struct vulnerability *v, const struct database_info *db,
				     const struct report_style *style, struct buf *out,
				     struct err *e);

#endif
