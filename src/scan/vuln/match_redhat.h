/** @file
 * Which of Red Hat's claims are about a package: those on the products of the repositories it came from.
 *
 * The repositories are the content sets of the image's build; without any, the ones every system of that major version
 * has. The database maps them to products (doc/feeds.md); what it does not know is a gap, and the main stream stands in.
 */
#ifndef SKEP_SCAN_VULN_MATCH_REDHAT_H
#define SKEP_SCAN_VULN_MATCH_REDHAT_H

#include "base/map.h"
#include "model/gap.h"
#include "model/package.h"
#include "scan/vuln/redhat_cpe.h"
#include "scan/vuln/vulndb.h"

struct match_product {
	struct redhat_cpe cpe;
	str text;       /**< the CPE */
	str repository; /**< that is of it; empty: nothing of the image says so */
};

/** The products whose claims apply to a package. */
struct match_products {
	struct match_product *items;
	size_t count, cap;
	bool has_stream; /**< one is EUS, AUS, E4S or TUS: its word outweighs the main stream's */
};

struct match_redhat {
	struct vulndb *db;
	struct arena *scratch;
	str major;               /**< "9" */
	str release;             /**< as the system has it: "9.2" */
	struct gap_list *gaps;   /**< of the report */
	struct arena *gap_arena; /**< owns what is added to them */
	struct map by_sets;      /**< content sets to their products */
};

/**
 * The products of a package's content sets, looked up once for each list of them; owned by `scratch`, borrowing from the
 * database and the package.
 * @return 0, -EBADMSG (damaged database), -ENOBUFS
 */
MUST_CHECK int match_redhat_products(struct match_redhat *m, const struct package *p,
				     const struct match_products **ret, struct err *e);

/** Whose word a claim is; an order. A claim that names no product is the main stream's. */
enum match_redhat_voice { MATCH_REDHAT_NONE, MATCH_REDHAT_MAIN, MATCH_REDHAT_STREAM };

/**
 * Whether one of a claim's products covers one of the package's; of several the stream's counts.
 * @param ret the package's product that was covered; untouched where the claim names none
 */
enum match_redhat_voice match_redhat_hears(const struct match_products *of_package, str claimed,
					   const struct match_product **ret);

#endif
