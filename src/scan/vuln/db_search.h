/** @file
 * What a database knows about a vulnerability or a package: behind `skep db search`.
 */
#ifndef SKEP_SCAN_VULN_DB_SEARCH_H
#define SKEP_SCAN_VULN_DB_SEARCH_H

#include "scan/vuln/vulndb.h"

struct db_search_hit {
	str namespace, package;
	str vulnerability; /**< its id */
	struct vulndb_claim claim;
};

struct db_search {
	bool is_vulnerability;       /**< the word was an id or an alias; else a package's name */
	struct vulnerability vuln;   /**< set when it was */
	struct db_search_hit *items; /**< by namespace, package, vulnerability */
	size_t count, cap;
};

/**
 * Looks for @p word as vulnerability id or alias, then as package name in every namespace, or in one when it is written
 * "namespace/package" ("debian:11/openssl").
 *
 * @param a owns the array; spans borrow from @p db
 * @return 0, -ENOENT neither, -EBADMSG, -ENOBUFS
 */
MUST_CHECK int db_search(struct vulndb *db, str word, struct arena *a, struct db_search *ret,
			 struct err *e);

#endif
