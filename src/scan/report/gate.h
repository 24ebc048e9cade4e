/** @file
 * What is shown (--severity, --ignore-unfixed) and what makes the exit status 1 (--fail-on): two separate choices.
 */
#ifndef SKEP_SCAN_REPORT_GATE_H
#define SKEP_SCAN_REPORT_GATE_H

#include "base/err.h"
#include "model/report.h"

struct gate {
	enum severity severity; /**< findings of this severity and above fail; UNKNOWN: none does */
	bool kev;               /**< findings in the catalogue of exploited vulnerabilities fail */
	float risk;             /**< findings of this risk and above fail; negative: none does */
};

/** A gate nothing fails. */
static inline struct gate gate_open(void)
{
	return (struct gate){ .severity = SEVERITY_UNKNOWN, .risk = -1 };
}

/**
 * Reads --fail-on: "none", or a comma-separated list of a severity, "kev" and "risk>=N" (0 to 100), any of which fails.
 *
 * @return 0, or -EINVAL naming the word that is not understood
 */
MUST_CHECK int gate_parse(str text, struct gate *ret, struct err *e);

/** How many of the report's findings fail the gate; 0: passed. Ignored findings do not count. */
size_t gate_failures(const struct gate *g, const struct report *r);

struct gate_filter {
	uint32_t severities; /**< bit 1 << SEVERITY_X for each that is shown; 0: all */
	bool fixed_only;     /**< leave out findings without a fixed version */
};

/** Reads --severity: "high,critical" and vendors' words for them, without case. @return 0, or -EINVAL */
MUST_CHECK int gate_severities_parse(str text, uint32_t *ret, struct err *e);

/** Takes what the filter leaves out from r->findings, keeping the order, and counts it in r->filtered. */
void gate_filter_apply(const struct gate_filter *f, struct report *r);

#endif
