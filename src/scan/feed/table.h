/** @file
 * Walks a CSV feed row by row; rows that cannot be read are reported and passed over.
 */
#ifndef SKEP_SCAN_FEED_TABLE_H
#define SKEP_SCAN_FEED_TABLE_H

#include "codec/csv.h"
#include "scan/feed/delivery.h"

struct table {
	const struct delivery *d;
	struct csv csv;
	struct arena rows; /**< owns what csv had to unquote; emptied for each row */
};

/** Begins and reads the header. @return 1, 0 when there is none (reported), -ENOBUFS */
MUST_CHECK int table_open(struct table *t, const struct delivery *d, str text);
/** The next readable row, its fields valid until the next call. @return 1, 0 at the end, -ENOBUFS */
MUST_CHECK int table_next(struct table *t);
void table_close(struct table *t);

/** Whether a field says true: "True", "true", "1". */
bool table_is_true(str field);
/** The field's number, or @p otherwise. */
float table_float(str field, float otherwise);

#endif
