/** @file
 * What a CSAF remediation says of a package.
 */
#ifndef SKEP_SCAN_FEED_CSAF_STATE_H
#define SKEP_SCAN_FEED_CSAF_STATE_H

#include "model/vulnerability.h"

/** The state told by a remediation's category and details; FIX_STATE_COUNT for workarounds, mitigations and others. */
enum fix_state csaf_state_of(str category, str details);

#endif
