/** @file
 * A database file in memory: its header checked, its sections bounded, its blocks verified when first touched.
 *
 * Everything above reads through vulndb_map_bytes() and so never sees a byte outside a section or from a damaged
 * block.
 */
#ifndef SKEP_SCAN_VULN_VULNDB_MAP_PRIV_H
#define SKEP_SCAN_VULN_VULNDB_MAP_PRIV_H

#include "codec/digest.h"
#include "scan/vuln/vulndb_format_priv.h"

struct vulndb_map {
	const uint8_t *p;
	size_t n;
	bool mapped;       /**< munmap() it in the end */
	uint8_t *verified; /**< a bit a block, then a bit a page of the block table */
	struct sha256 *hash;
	uint32_t block_count;
	const uint8_t *sums;  /**< of the blocks */
	const uint8_t *pages; /**< sums of the pages of `sums` */
	struct {
		uint64_t offset, bytes;
		uint32_t records;
	} sections[VULNDB_SECTION_COUNT];
};

/** Maps the file at @p path. Errors as vulndb_open(), without keys. */
MUST_CHECK int vulndb_map_open(const char *path, struct vulndb_map *ret, struct err *e);
/** The same over bytes in memory, which must outlive the map. */
MUST_CHECK int vulndb_map_memory(str bytes, struct vulndb_map *ret, struct err *e);
void vulndb_map_done(struct vulndb_map *m);

/** @return 0, or -EACCES when none of the keys signed it */
MUST_CHECK int vulndb_map_check_signature(const struct vulndb_map *m, const uint8_t (*keys)[32],
					  size_t count, struct err *e);
bool vulndb_map_is_signed(const struct vulndb_map *m);
/** Verifies every block. @return 0, or -EBADMSG naming the first damaged one */
MUST_CHECK int vulndb_map_verify(struct vulndb_map *m, struct err *e);

/**
 * @p n bytes at @p offset of a section, verified.
 * @return 0, or -EBADMSG: outside the section, or in a damaged block
 */
MUST_CHECK int vulndb_map_bytes(struct vulndb_map *m, enum vulndb_section s, uint64_t offset,
				uint64_t n, const uint8_t **ret, struct err *e);
/** @p count records from the @p first. Errors as vulndb_map_bytes(). */
MUST_CHECK int vulndb_map_records(struct vulndb_map *m, enum vulndb_section s, uint32_t first,
				  uint32_t count, const uint8_t **ret, struct err *e);
/** The string with this id; id 0 is the empty one. */
MUST_CHECK int vulndb_map_string(struct vulndb_map *m, uint32_t id, str *ret, struct err *e);
/** The version with this id, as written and as key; id 0 is none: both empty. */
MUST_CHECK int vulndb_map_version(struct vulndb_map *m, uint32_t id, str *ret_text, str *ret_key,
				  struct err *e);

#endif
