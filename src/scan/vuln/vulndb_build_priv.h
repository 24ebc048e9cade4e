/** @file
 * The inside of the database builder: strings by number, claims and facts as collected, and the steps that turn them
 * into a file.
 *
 * Numbers are given in order of arrival at first; vulndb_builder_rank() renumbers them in byte order, after which
 * nothing more is taken in and comparing numbers compares strings. That is what makes the file independent of the
 * order of its input.
 */
#ifndef SKEP_SCAN_VULN_VULNDB_BUILD_PRIV_H
#define SKEP_SCAN_VULN_VULNDB_BUILD_PRIV_H

#include "base/map.h"
#include "scan/vuln/vulndb_build.h"
#include "scan/vuln/vulndb_format_priv.h"

#define BUILD_MAX_PROBLEMS 1000

/** A list of string numbers, without order and with repetitions until what is known of a flaw is joined. */
struct build_ids {
	uint32_t *items;
	size_t count, cap;
};

struct build_cvss {
	uint32_t source, vector;
	uint16_t tenths; /**< VULNDB_UNKNOWN_U16: no score */
};

struct build_fact {
	uint32_t id;
	str title, description;
	uint16_t published, modified, kev; /**< days since 1970; 0 unknown */
	enum severity severity;
	bool withdrawn;
	uint32_t epss_millionths; /**< UINT32_MAX unknown */
	uint16_t percentile;      /**< of 65534; VULNDB_UNKNOWN_U16 unknown */
	uint32_t exploit_flags, poc_count;
	struct build_cvss *cvss;
	size_t cvss_count, cvss_cap;
	struct build_ids aliases, cwes, references;
	bool claimed; /**< a claim names it */
};

struct build_claim {
	uint64_t package_hash;
	uint32_t namespace, package, vulnerability, introduced, fixed, last_affected, arch, module,
		advisory, origin;
	uint8_t state, severity, basis;
};

struct build_origin {
	uint32_t name;
	int64_t as_of_s; /**< 0 unknown */
	uint32_t claims; /**< counted while writing */
};

struct vulndb_builder {
	struct arena arena;
	struct map numbers; /**< text to number + 1 */
	str *strings;       /**< by number; malloc'd; number 0 is the empty string */
	size_t string_count, string_cap;
	struct build_claim *claims; /**< malloc'd */
	size_t claim_count, claim_cap;
	struct build_fact *facts; /**< malloc'd */
	size_t fact_count, fact_cap;
	struct map fact_of; /**< id to index + 1 */
	struct build_origin *origins;
	size_t origin_count, origin_cap;
	struct vulndb_problem *problems;
	size_t problem_count, problem_cap;
	uint64_t problem_total, bad_versions;
	bool ranked;
};

/** The string's number. @return 0, -ENOMEM */
MUST_CHECK int vulndb_builder_number(struct vulndb_builder *b, str s, uint32_t *ret, struct err *e);
void vulndb_builder_problem(struct vulndb_builder *b, str place, const char *why);

/** Takes one fact in (vulndb_join.c). */
MUST_CHECK int vulndb_builder_take_fact(struct vulndb_builder *b, const struct vulnerability *v,
					struct err *e);
/** Renumbers in byte order. */
MUST_CHECK int vulndb_builder_rank(struct vulndb_builder *b, struct err *e);
/**
 * Brings facts and claims to canonical ids, merges facts of one id, makes empty facts for the ids claims name, and
 * sorts the facts by id.
 */
MUST_CHECK int vulndb_builder_join(struct vulndb_builder *b, bool claimed_only, struct err *e);
/** Sorts the claims, drops those that give way, and merges those that say the same. @return 0, -ENOMEM */
MUST_CHECK int vulndb_builder_merge_claims(struct vulndb_builder *b, struct err *e);
/** Drops, of claims in order, those that give way to another (enum claim_basis). @return 0, -ENOMEM */
MUST_CHECK int vulndb_builder_yield(struct vulndb_builder *b, struct err *e);
/** Whether both are about one vulnerability of one package. */
static inline bool vulndb_same_flaw(const struct build_claim *a, const struct build_claim *b)
{
	return a->namespace == b->namespace && a->package == b->package &&
	       a->vulnerability == b->vulnerability;
}

#endif
