/** @file
 * The risk of a finding as one number from 0 to 100: how likely the flaw is to be used, times how bad it would be.
 *
 *   threat   1 when in CISA's list of known exploited vulnerabilities, else the EPSS probability, but no less than the
 *            floor of its exploit maturity: none 0.01, PoC 0.05, exploit 0.20, weaponised 0.60
 *   impact   mean of the severity (negligible 0.5, low 3, medium 5, high 7.5, critical 9) and the CVSS base score, of
 *            those that are known, divided by 10; 0.3 when neither is
 *   modifier 1.1 when ransomware is known to use it, else 1.05 when in the list, else 1
 *
 * risk = 100 * min(1, threat * impact * modifier), after grype's formula, whose threat has no floors.
 */
#ifndef SKEP_SCAN_VULN_RISK_H
#define SKEP_SCAN_VULN_RISK_H

#include "model/vulnerability.h"

struct risk {
	float threat;   /**< 0 to 1 */
	float impact;   /**< 0 to 1 */
	float modifier; /**< at least 1 */
	float value;    /**< 0 to 100 */
};

/** @param cvss_score base score; negative when unknown */
struct risk risk_of(const struct vulnerability *v, enum severity severity, float cvss_score);

#endif
