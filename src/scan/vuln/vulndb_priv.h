/** @file
 * The inside of a database handle, for the modules that walk whole tables (search, diff, verify) and for tests.
 */
#ifndef SKEP_SCAN_VULN_VULNDB_PRIV_H
#define SKEP_SCAN_VULN_VULNDB_PRIV_H

#include "codec/zstd.h"
#include "scan/vuln/vulndb.h"
#include "scan/vuln/vulndb_map_priv.h"

/** The cold text block unpacked last: vulnerabilities are mostly asked for in ordinal order. */
struct vulndb_cold {
	struct zstd_unpacker *unpacker; /**< NULL until the first text is asked for */
	char *raw;
	uint32_t raw_bytes;
	uint32_t block; /**< index of the block in `raw`; meaningless while raw is NULL */
};

struct vulndb {
	char *path; /**< NULL when opened from memory */
	struct vulndb_map map;
	struct vulndb_cold cold;
};

void vulndb_cold_done(struct vulndb_cold *c);

/** @p count claims from the @p first, resolved. Errors as vulndb_find(). @return @p count */
MUST_CHECK int vulndb_read_claims(struct vulndb *db, uint32_t first, uint32_t count,
				  struct arena *a, struct vulndb_claim **ret, struct err *e);

#endif
