/** @file
 * Walks a CSV feed row by row; rows that cannot be read are reported and passed over.
 */
#ifndef SKEP_SCAN_FEED_TABLE_H
#define SKEP_SCAN_FEED_TABLE_H

#include "scan/feed/delivery.h"

/** Most columns a feed asks for. */
#define TABLE_MAX_COLUMNS 16

/** One row; all of it is valid during the call that was given it. */
struct table_row {
	uint32_t line; /**< where it begins, 1-based */
	/** In the order the columns were asked for; empty where the row or table has none. */
	const str *fields;
	struct arena *arena; /**< for what is made of this row */
};

/**
 * Calls @p take for each row of @p text with the fields of the @p count (at most TABLE_MAX_COLUMNS) @p columns.
 * No table at all, and one without the first column, are reported as unreadable.
 *
 * @return 0, -ENOBUFS, or what @p take returned when that is negative
 */
MUST_CHECK int table_each(const struct delivery *d, str text, const char *const *columns,
			  size_t count,
			  int (*take)(const struct delivery *d, const struct table_row *row));

/** Whether a field says true: "True", "true", "1". */
bool table_is_true(str field);
/** The field's number, or @p otherwise. */
float table_float(str field, float otherwise);

#endif
