/** @file
 * Building a vulnerability database: feeds pour claims and facts in, one file comes out, the same bytes for the same
 * input in any order.
 */
#ifndef SKEP_SCAN_VULN_VULNDB_BUILD_H
#define SKEP_SCAN_VULN_VULNDB_BUILD_H

#include "base/buf.h"
#include "base/err.h"
#include "model/vulnerability.h"

/**
 * Where importers deliver. Strings are only borrowed for the call.
 *
 * An importer calls unreadable() for every record it could not use and goes on; it returns an error only when the
 * sink did (memory, disk).
 */
struct feed_sink {
	void *ctx;
	int (*claim)(void *ctx, const struct claim *c, struct err *e);
	int (*fact)(void *ctx, const struct vulnerability *v, struct err *e);
	/** @p place "file:record", @p why a sentence */
	void (*unreadable)(void *ctx, str place, const char *why);
	/** When the feed's data was current, RFC 3339 or YYYY-MM-DD; the newest counts per origin. */
	void (*as_of)(void *ctx, str origin, str date);
};

struct vulndb_builder;

MUST_CHECK int vulndb_builder_new(struct vulndb_builder **ret, struct err *e);
void vulndb_builder_free(struct vulndb_builder *b);
/**
 * The sink of this builder. Package names are normalised on the way in; a fix in version "0" becomes NOT_AFFECTED.
 * A claim of an unknown namespace, or without package or vulnerability, is counted as unreadable.
 *
 * Facts about one id are joined: the longer title and description, the earliest publication, the latest change, the
 * highest severity and probability, the union of all lists. A score that is missing is computed from its vector. An id that is no CVE's and has exactly one CVE among its
 * aliases becomes that CVE, in claims as well.
 */
struct feed_sink vulndb_builder_sink(struct vulndb_builder *b);

/** A record that could not be used. */
struct vulndb_problem {
	str place; /**< "file:record", or "origin: namespace package vulnerability" */
	str why;
};

/**
 * The first thousand records that could not be used, in order of arrival; owned by the builder.
 * @return how many there are; @p ret_total counts all of them
 */
size_t vulndb_builder_problems(const struct vulndb_builder *b, const struct vulndb_problem **ret,
			       uint64_t *ret_total);

struct vulndb_build_options {
	str built;                   /**< RFC 3339; from SOURCE_DATE_EPOCH when reproducing */
	const uint8_t *private_seed; /**< 32 bytes, NULL: unsigned */
	bool facts_of_claims_only;   /**< leave out vulnerabilities no claim names */
	uint32_t description_max;    /**< cut descriptions to so many bytes; 0: whole */
};

struct vulndb_build_stats {
	uint64_t claims, vulnerabilities, namespaces, packages, unreadable, bytes;
	/** claims whose version its scheme refuses: kept out, named in the report */
	uint64_t bad_versions;
};

/**
 * Lays the database out in memory, at the end of @p out. The builder is spent by it and takes nothing more.
 *
 * Claims that say the same are merged, and claims that give way to another are dropped (enum claim_basis), their
 * severity passing on; one whose version its scheme refuses is left out, counted and named.
 *
 * @return 0, -ENOMEM, -E2BIG (a table beyond 4 GiB), -EINVAL (`built` is no time, the seed is no key)
 */
MUST_CHECK int vulndb_builder_render(struct vulndb_builder *b, const struct vulndb_build_options *o,
				     struct buf *out, struct vulndb_build_stats *ret,
				     struct err *e);

/** The same to the file @p path, atomically. Errors as above, or the file system's errno. */
MUST_CHECK int vulndb_builder_write(struct vulndb_builder *b, const char *path,
				    const struct vulndb_build_options *o,
				    struct vulndb_build_stats *ret, struct err *e);

#endif
