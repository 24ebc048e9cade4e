/** @file
 * A finding: this package has this vulnerability, and here is why we say so.
 */
#ifndef SKEP_MODEL_FINDING_H
#define SKEP_MODEL_FINDING_H

#include "model/inventory.h"
#include "model/vulnerability.h"

struct finding {
	uint32_t package; /**< index into the inventory's packages */
	/** owned by the report's arena, shared between findings */
	const struct vulnerability *vuln;
	str advisory;  /**< space-separated when several advisories say so, most telling first */
	str namespace; /**< whose advisories: "debian:11" */
	str origin;    /**< feed of the claim */
	enum fix_state state;
	str fixed_version;      /**< empty unless state is FIXED */
	enum severity severity; /**< the vendor's first, then CVSS of that source, then NVD's */
	str severity_source;    /**< who rated it */
	float cvss_score;       /**< best known base score; negative when none */
	float risk;             /**< 0 to 100, see scan/vuln/risk.h */

	/* The comparison that decided, for `skep explain`. */
	str compared_name;                    /**< the name looked up: source or binary package */
	str compared_version;                 /**< the installed version compared */
	str introduced, fixed, last_affected; /**< the bounds of the claim, as written */
	str scheme;                           /**< "deb", "rpm", ... */
	str product; /**< of Red Hat, by its CPE: the claim is about it; empty: it names none */
	str repository; /**< the package came from, which is of that product; empty: none is known to be */
	bool epoch_ignored; /**< one side had no epoch, so neither was compared with one */

	/* Set by the ignore rules. */
	str ignored_by; /**< "file:line" of the rule; empty when the finding stands */
	str ignore_reason;
};

struct finding_list {
	struct finding *items;
	size_t count, cap;
};

#endif
