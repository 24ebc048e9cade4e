/** @file
 * Literals that many checks look for in one field, found together. Each literal carries the bit of the check it serves; a
 * look-up answers with a row of bits, one for each check of the field. Three shapes: the whole value (literal_table), one
 * end of it or leading path components (literal_trie), any place in it (literal_scan).
 *
 * All are immutable after they were made and live in the arena they were made in. Values may hold any bytes; a look-up takes
 * time in proportion to the value at most, whatever the number of literals.
 */
#ifndef SKEP_POLICY_LITERAL_H
#define SKEP_POLICY_LITERAL_H

#include "base/arena.h"

struct literal {
	str text; /**< borrowed: must outlive what is made of it */
	uint32_t bit;
};

/** Rows of bits. Row 0 is all zero. */
struct literal_rows {
	uint32_t words; /**< of 64 bits, in one row */
	size_t count, cap;
	uint64_t *bits;
};

static inline uint32_t literal_words(uint32_t bits)
{
	return MAX((bits + 63) / 64, 1u);
}

static inline bool literal_bit(const uint64_t *row, uint32_t bit)
{
	return row[bit / 64] >> (bit % 64) & 1;
}

static inline const uint64_t *literal_row(const struct literal_rows *r, uint32_t row)
{
	return r->bits + (size_t)row * r->words;
}

/** Makes row 0. @return 0 or -ENOBUFS */
MUST_CHECK int literal_rows_new(uint32_t bits, struct arena *a, struct literal_rows *ret);
/** Appends a copy of row @p from. @return its number, 0 when the arena's budget is spent */
MUST_CHECK uint32_t literal_row_new(struct literal_rows *r, struct arena *a, uint32_t from);
static inline void literal_row_set(struct literal_rows *r, uint32_t row, uint32_t bit)
{
	r->bits[(size_t)row * r->words + bit / 64] |= 1ull << (bit % 64);
}

/** Of a short text, fast; eight bytes a step. Whoever writes the texts can make hashes equal. */
uint64_t literal_hash(str s);

struct literal_table;

/** @param bits  how many bits a row has. @return 0 or -ENOBUFS */
MUST_CHECK int literal_table_new(const struct literal *l, size_t count, uint32_t bits,
				 struct arena *a, struct literal_table **ret);
/** The bits of literals equal to @p value. */
const uint64_t *literal_table_find(const struct literal_table *t, str value);

enum literal_end {
	LITERAL_PREFIX, /**< the value begins with the literal */
	LITERAL_SUFFIX, /**< the value ends with it */
	LITERAL_DIR, /**< the value is that path or below it; empty components count for nothing on either side */
};

struct literal_trie;

/** @return 0 or -ENOBUFS */
MUST_CHECK int literal_trie_new(enum literal_end end, const struct literal *l, size_t count,
				uint32_t bits, struct arena *a, struct literal_trie **ret);
/** The bits of literals that @p value begins or ends with. */
const uint64_t *literal_trie_find(const struct literal_trie *t, str value);

struct literal_scan;

/**
 * An Aho-Corasick automaton.
 *
 * @param fold  ASCII letters compare without case
 * @return 0, -ENOBUFS, -E2BIG (more than LITERAL_SCAN_MAX table entries)
 */
MUST_CHECK int literal_scan_new(bool fold, const struct literal *l, size_t count, uint32_t bits,
				struct arena *a, struct literal_scan **ret);
#define LITERAL_SCAN_MAX (1u << 20)
/** Sets the bits of literals that occur in @p value; never clears one. */
void literal_scan_find(const struct literal_scan *s, str value, uint64_t *row);

#endif
