/** @file
 * A table of text cells that fits a terminal: columns shrink, widest first, and their cells wrap.
 */
#ifndef SKEP_SCAN_REPORT_GRID_H
#define SKEP_SCAN_REPORT_GRID_H

#include "base/arena.h"
#include "base/buf.h"

#define GRID_MAX_COLUMNS 12

/** X(id, SGR parameters of ECMA-48) */
#define GRID_INKS(X) \
	X(PLAIN, "") \
	X(BOLD, "1") \
	X(DIM, "2") \
	X(RED, "31") \
	X(YELLOW, "33") \
	X(CYAN, "36") \
	X(GREEN, "32") \
	X(ALARM, "1;31") \
	X(MARK, "1;35")

enum grid_ink {
#define GRID_INK_ENUM(id, sgr) INK_##id,
	GRID_INKS(GRID_INK_ENUM)
#undef GRID_INK_ENUM
		INK_COUNT
};

struct grid_cell {
	str text; /**< escaped, without line ends */
	enum grid_ink ink;
};

struct grid_column {
	str title;
	unsigned int min; /**< columns it may shrink to; 0: it does not shrink */
	unsigned int max; /**< columns it takes at most; 0: no bound */
	bool align_right;
};

struct grid {
	struct grid_column columns[GRID_MAX_COLUMNS];
	size_t column_count;
	struct grid_cell *cells; /**< row by row */
	size_t row_count;
};

/**
 * Appends the table.
 *
 * @param width columns of the terminal; 0: no bound
 * @return whether it fits; if not, nothing was appended
 */
bool grid_render(const struct grid *g, unsigned int width, bool color, struct buf *out);

/** Appends text in colour, or plainly. */
void grid_ink(struct buf *out, str text, enum grid_ink ink, bool color);

#endif
