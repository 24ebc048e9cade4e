/** @file
 * The bytes of a vulnerability database file, as doc/formats/vulndb.md describes them: what its writer and its
 * reader must agree on, and nothing else.
 */
#ifndef SKEP_SCAN_VULN_VULNDB_FORMAT_PRIV_H
#define SKEP_SCAN_VULN_VULNDB_FORMAT_PRIV_H

#include <endian.h>

#include "base/buf.h"
#include "base/err.h"

#define VULNDB_MAGIC "SKEPVDB\x1a"
#define VULNDB_FORMAT 2
#define VULNDB_SIGNED_PREFIX "skep-vulndb-1\n"

enum {
	VULNDB_HEADER_BYTES = 4096,
	VULNDB_BLOCK_BYTES = 1024,
	VULNDB_PAGE_BYTES = 1024, /* of the block table, under one hash of the page table */
	VULNDB_SUM_BYTES = 16,
	VULNDB_ALIGN = 8,

	/* In the header. */
	VULNDB_AT_FORMAT = 8,
	VULNDB_AT_SECTIONS = 12,
	VULNDB_AT_FILE_BYTES = 16,
	VULNDB_AT_BUILT = 24,
	VULNDB_AT_NEWEST = 32,
	VULNDB_AT_BLOCK_TABLE = 40,
	VULNDB_AT_BLOCK_COUNT = 48,
	VULNDB_AT_BLOCK_BYTES = 52,
	VULNDB_AT_SECTION_TABLE = 56,
	VULNDB_AT_ROOT =
		3968, /* all before it, with the page table, is what the root hash covers */
	VULNDB_AT_KEY_ID = 4000,
	VULNDB_AT_SIGNATURE = 4008,
	VULNDB_KEY_ID_BYTES = 8,
};

/** X(id, bytes of a record; 1 where the section is no table) */
#define VULNDB_SECTIONS(X) \
	X(STRINGS, 1) \
	X(VERSIONS, 1) \
	X(ORIGINS, 16) \
	X(NAMESPACES, 24) \
	X(PACKAGES, 24) \
	X(CLAIMS, 32) \
	X(VULNERABILITIES, 40) \
	X(CVSS, 12) \
	X(ALIASES, 16) \
	X(COLD_INDEX, 16) \
	X(COLD_DICT, 1) \
	X(COLD, 1)

enum vulndb_section {
#define VULNDB_SECTION_ENUM(id, bytes) VULNDB_##id,
	VULNDB_SECTIONS(VULNDB_SECTION_ENUM)
#undef VULNDB_SECTION_ENUM
		VULNDB_SECTION_COUNT
};

static inline uint32_t vulndb_record_bytes(enum vulndb_section s)
{
	static const uint32_t bytes[] = {
#define VULNDB_SECTION_BYTES(id, bytes) [VULNDB_##id] = (bytes),
		VULNDB_SECTIONS(VULNDB_SECTION_BYTES)
#undef VULNDB_SECTION_BYTES
	};

	return bytes[s];
}

enum {
	VULNDB_UNKNOWN_U16 = 0xffff, /* a probability or a score nobody gave */
	VULNDB_COLD_NONE = 0xffffffff,
	VULNDB_COLD_RAW_BYTES = 2048,  /* text put into one cold block before the next is begun */
	VULNDB_COLD_RAW_MAX = 1 << 24, /* most a cold block may unpack to */
	VULNDB_COLD_FIELDS = 5,        /* title, description, references, aliases, CWEs */
	VULNDB_STRING_MAX = 65535,
};

/** Pages of a block table of @p blocks entries. */
static inline uint32_t vulndb_pages(uint32_t blocks)
{
	return (uint32_t)(((uint64_t)blocks * VULNDB_SUM_BYTES + VULNDB_PAGE_BYTES - 1) /
			  VULNDB_PAGE_BYTES);
}

static inline uint16_t vulndb_u16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline uint32_t vulndb_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t vulndb_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline void vulndb_put(struct buf *b, uint64_t v, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		buf_byte(b, (char)(unsigned char)(v >> (8 * i)));
}

static inline void vulndb_set(uint8_t *p, uint64_t v, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

/**
 * Completes a file that has its header (but for block table place, block count, hashes and signature) and its
 * sections: appends the block table and the page table, and fills in what the header lacks.
 *
 * @param private_seed NULL leaves it unsigned
 * @return 0, -ENOMEM, -EINVAL the seed is no key
 */
MUST_CHECK int vulndb_seal(struct buf *file, const uint8_t *private_seed, struct err *e);

#endif
