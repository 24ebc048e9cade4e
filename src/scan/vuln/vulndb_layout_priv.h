/** @file
 * A database file while it is laid out, section by section.
 */
#ifndef SKEP_SCAN_VULN_VULNDB_LAYOUT_PRIV_H
#define SKEP_SCAN_VULN_VULNDB_LAYOUT_PRIV_H

#include "codec/version.h"
#include "scan/vuln/vulndb_build_priv.h"

/** Arrays are by string number; 0 means not yet in the file. */
struct vulndb_layout {
	struct vulndb_builder *b;
	const struct vulndb_build_options *o;
	struct buf sections[VULNDB_SECTION_COUNT];
	uint32_t *pooled;
	uint32_t *versions[VERSION_SCHEME_COUNT];
	uint32_t *ordinal; /**< of the vulnerability with that id */
	struct vulndb_build_stats stats;
};

/** Appends an integer of so many bytes to a section. */
void vulndb_layout_put(struct vulndb_layout *l, enum vulndb_section s, uint64_t v,
		       unsigned int bytes);
/** The string's place in the pool, where it is put when first asked for: what is used together lies together. */
uint32_t vulndb_layout_pool(struct vulndb_layout *l, uint32_t number);

/** Lays out vulnerabilities, scores and text, and fills `ordinal`. @return 0, -ENOMEM, -E2BIG */
MUST_CHECK int vulndb_layout_facts(struct vulndb_layout *l, struct err *e);
/** Lays out the aliases. @return 0, -ENOMEM */
MUST_CHECK int vulndb_layout_aliases(struct vulndb_layout *l, struct err *e);

#endif
