/** @file
 * What changed between two databases: behind `skep db diff`. Both are walked side by side; memory is bounded by the
 * largest package, not by the databases.
 */
#ifndef SKEP_SCAN_VULN_DB_DIFF_H
#define SKEP_SCAN_VULN_DB_DIFF_H

#include "scan/vuln/vulndb.h"

/** X(id, name) */
#define DB_CHANGES(X) \
	X(ADDED, "added") \
	X(REMOVED, "removed") \
	X(CHANGED, "changed")

enum db_change {
#define DB_CHANGE_ENUM(id, name) DB_CHANGE_##id,
	DB_CHANGES(DB_CHANGE_ENUM)
#undef DB_CHANGE_ENUM
		DB_CHANGE_COUNT
};

/** A change in what is said of one package and one vulnerability, or (package empty) in the vulnerability's facts. */
struct db_difference {
	enum db_change change;
	str namespace, package, vulnerability;
	const struct vulndb_claim *old_claims, *new_claims; /**< NULL when there are none */
	size_t old_count, new_count;
	const struct vulnerability *old_facts, *new_facts; /**< NULL when there are none */
};

struct db_diff {
	uint64_t claims[DB_CHANGE_COUNT];          /**< pairs of package and vulnerability */
	uint64_t vulnerabilities[DB_CHANGE_COUNT]; /**< changed: severity, scores, exploit facts */
	uint64_t rescored; /**< vulnerabilities of which only the EPSS probability moved */
};

/**
 * Hands every difference to @p each, claims first; spans live until it returns. A negative result of it ends the walk
 * and is returned.
 *
 * @return 0, -EBADMSG, -ENOBUFS, -ENOMEM
 */
MUST_CHECK int db_diff(struct vulndb *from, struct vulndb *to,
		       int (*each)(void *ctx, const struct db_difference *d, struct err *e),
		       void *ctx, struct db_diff *ret, struct err *e);

const char *db_change_name(enum db_change c);

#endif
