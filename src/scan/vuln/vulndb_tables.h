/** @file
 * Walks through a database's tables, for who wants all of it: status, search, diff, verify.
 *
 * Spans borrow from the map unless said otherwise. Every function returns -EBADMSG on damage.
 */
#ifndef SKEP_SCAN_VULN_VULNDB_TABLES_H
#define SKEP_SCAN_VULN_VULNDB_TABLES_H

#include "scan/vuln/vulndb.h"

struct vulndb_origin {
	str name;
	uint32_t claims;
	int64_t as_of_s; /**< seconds since 1970; 0 unknown */
};

struct vulndb_namespace {
	str name;
	uint32_t first_package, packages, claims;
};

/** A package: its claims are `first_claim` and the `claims - 1` behind it. */
struct vulndb_package {
	/** str_hash() of the name; packages of a namespace ascend by (hash, name) */
	uint64_t hash;
	str name;
	uint32_t first_claim, claims;
};

/** How many there are; ordinals below are smaller than these. */
uint32_t vulndb_origin_count(const struct vulndb *db);
uint32_t vulndb_namespace_count(const struct vulndb *db);
uint32_t vulndb_vulnerability_count(const struct vulndb *db);

MUST_CHECK int vulndb_origin_at(struct vulndb *db, uint32_t ordinal, struct vulndb_origin *ret,
				struct err *e);
/** In byte order of their names. */
MUST_CHECK int vulndb_namespace_at(struct vulndb *db, uint32_t ordinal,
				   struct vulndb_namespace *ret, struct err *e);
/** @param ordinal counts over all namespaces; see vulndb_namespace.first_package */
MUST_CHECK int vulndb_package_at(struct vulndb *db, uint32_t ordinal, struct vulndb_package *ret,
				 struct err *e);
/** The package's claims in the order of vulndb_claim_compare(), in an array of @p a. @return how many, -EBADMSG, -ENOBUFS */
MUST_CHECK int vulndb_package_claims(struct vulndb *db, const struct vulndb_package *p,
				     struct arena *a, struct vulndb_claim **ret, struct err *e);
/** Whether a claim of the package is about the vulnerability; cheaper than reading them. @return 1, 0 or -EBADMSG */
MUST_CHECK int vulndb_package_names(struct vulndb *db, const struct vulndb_package *p,
				    uint32_t vulnerability, struct err *e);

#endif
