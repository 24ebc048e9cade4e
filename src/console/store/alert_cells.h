/** @file
 * How many alerts of a series and state there are in an hour: cells, added up and packed.
 *
 * A row of a table a cell costs an engine a microsecond to write and half of one to read, some 100 bytes each; packed into one value
 * ten thousand of them take 30 KB and 50 microseconds. So that is how they are stored (alert_counts.c).
 *
 * Packed: the byte 1; then for each hour, ascending, as varints (7 bits a byte, the lowest first, 0x80: more follows): the hour less
 * the one before, how many cells, and for each cell, ascending, its series * 4 + state less the one before, and its number as
 * zigzag. Or, as a store that grew out of an older one holds them until they are next written: hour, series, state and number of each
 * cell in decimal, all parted by blanks, in any order.
 *
 * Both are read without trust: what is torn ends with -EUCLEAN, and nothing past the span is read.
 */
#ifndef SKEP_CONSOLE_STORE_ALERT_CELLS_H
#define SKEP_CONSOLE_STORE_ALERT_CELLS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct alert_cell {
	int64_t hour, series; /**< since 1970; an id. Neither is negative */
	int64_t state;        /**< enum alert_state: below 4 */
	int64_t n;            /**< may be negative: so many fewer; at most 2^48, where sums end */
};

/** Sorts cells, adds up those of the same place and leaves out what comes to nothing. @return how many are left */
size_t alert_cells_fold(struct alert_cell *cells, size_t count);

/** Packs folded cells. */
void alert_cells_render(const struct alert_cell *cells, size_t count, struct buf *out);

/** Where a reader stands. */
struct alert_cells {
	str rest;
	bool packed;
	uint64_t left; /**< of this hour */
	struct alert_cell at;
};

/** @return 0, -EUCLEAN neither of the forms */
MUST_CHECK int alert_cells_open(str bytes, struct alert_cells *ret, struct err *e);
/** @return 1 a cell, 0 the end, -EUCLEAN */
MUST_CHECK int alert_cells_next(struct alert_cells *c, struct alert_cell *ret, struct err *e);

#endif
