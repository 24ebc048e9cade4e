/** @file
 * The steps of matching, one package at a time: which claims apply, what they say together, how bad it is.
 */
#ifndef SKEP_SCAN_VULN_MATCH_PRIV_H
#define SKEP_SCAN_VULN_MATCH_PRIV_H

#include "scan/vuln/match.h"
#include "scan/vuln/match_redhat.h"
#include "scan/vuln/namespace.h"

/** What is looked up for a package: a name in a namespace and the version compared. */
struct match_probe {
	const struct namespace_rule *rule;
	str namespace;
	str name, version;
	str key;        /**< of `version` in the rule's scheme */
	bool by_source; /**< `name` and `version` are the source package's */
	bool extended; /**< the namespace is of extended support: its word outweighs the plain release's */
	/** Red Hat's: claims on others do not apply; or NULL */
	const struct match_products *products;
	bool no_epoch; /**< `version` never had an epoch: a source rpm's */
};

/** A claim that covers the installed version. */
struct match_hit {
	const struct match_probe *probe;
	const struct vulndb_claim *claim;
	bool epoch_ignored;
	bool has_fix; /**< does not cover it: the fix of extended support or of the stream is installed */
	bool of_stream; /**< of the package's own stream of Red Hat: outweighs the main stream's claims */
	const struct match_product *product; /**< the claim is about; or NULL */
};

/** Whether the claim is about this build of the package: architecture, module, Oracle's flavour. */
bool match_claim_applies(const struct vulndb_claim *c, const struct namespace_rule *rule,
			 const struct package *p);
/** Whether the probe's version lies in the claim's range. */
bool match_claim_covers(const struct vulndb_claim *c, const struct match_probe *probe,
			bool *ret_epoch_ignored);
/** Whether the probe's version is beyond the claim's bound above, and so beyond every smaller one. */
bool match_claim_is_left(const struct vulndb_claim *c, const struct match_probe *probe);
/** Whether flaws of this source package are none of this binary package's: headers and tools of the kernel. */
bool match_is_kernel_without_kernel(const struct package *p);

/**
 * Fills what the claims say together: state, fixed version, advisories, evidence. The hits are about one vulnerability
 * and none cancels.
 *
 * @return 0, -ENOBUFS
 */
MUST_CHECK int match_summarise(const struct match_hit *hits, size_t count, struct arena *a,
			       struct finding *ret, struct err *e);

/** Fills severity, its source, the score and the risk; `vuln` is set. @param vendor the claims' own severity */
void match_rate(struct finding *f, enum severity vendor);

#endif
