/** @file
 * CVSS vectors to base scores: FIRST's "A Complete Guide to the Common Vulnerability Scoring System Version 2.0",
 * the v3.0 and v3.1 specification documents and the v4.0 specification document (rev. 1.2, section 8).
 *
 * Vectors come from feeds and are checked whole: each metric known, named once, with one of its values, and every
 * base metric there, in any order. Threat, temporal, environmental and supplemental metrics are checked and change
 * nothing, the result being the base score.
 */
#ifndef SKEP_CODEC_CVSS_H
#define SKEP_CODEC_CVSS_H

#include "base/err.h"
#include "base/str.h"

enum cvss_version { CVSS_2_0, CVSS_3_0, CVSS_3_1, CVSS_4_0, CVSS_VERSION_COUNT };

struct cvss {
	enum cvss_version version;
	unsigned int base_tenths; /**< base score times ten: 0 to 100 */
};

/**
 * Reads "CVSS:4.0/AV:N/...", "CVSS:3.1/...", "CVSS:3.0/...", or a v2 vector, bare or in parentheses.
 *
 * @return 0, or -EBADMSG with the metric that is wrong
 */
MUST_CHECK int cvss_parse(str vector, struct cvss *ret, struct err *e);

#endif
