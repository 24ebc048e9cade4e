/** @file
 * Tables cut by the day, so that old days are dropped whole and never row by row.
 *
 * PostgreSQL: NAME is a table partitioned by range, its partitions are NAME_DAY. SQLite: a table a day, NAME_DAY. Statements
 * name a day's table in both. Days are counted since 1970, UTC.
 */
#ifndef SKEP_CONSOLE_STORE_PARTITION_H
#define SKEP_CONSOLE_STORE_PARTITION_H

#include "console/store/store.h"

#define DAY_NS ((int64_t)86400 * 1000000000)
#define HOUR_NS ((int64_t)3600 * 1000000000)
#define PARTITION_NAME_BYTES 64

struct partition_table {
	const char *name;
	const char *columns;         /**< what stands in the brackets of CREATE TABLE */
	const char *key;             /**< the BIGINT column that names the day */
	int64_t (*low)(int64_t day); /**< least key of a day; that of the next day ends it */
	/** "CREATE INDEX IF NOT EXISTS {table}_x ON {table} (...)" each, NULL at the end */
	const char *indexes[4];
};

/** Makes the day's table where it is missing. Inside a transaction. */
MUST_CHECK int partition_make(struct sql *s, const struct partition_table *t, int64_t day,
			      struct err *e);
/** Drops it with all that is in it. Inside a transaction. */
MUST_CHECK int partition_drop(struct sql *s, const struct partition_table *t, int64_t day,
			      struct err *e);

/**
 * Adds a column that t->columns has now to the tables there are, where it is missing. Inside a transaction.
 * @param column as in t->columns, its name first, with a default
 */
MUST_CHECK int partition_add_column(struct sql *s, const struct partition_table *t,
				    const char *column, struct err *e);

/** Appends @p statement with {table} replaced by the day's table. */
void partition_say(const struct partition_table *t, int64_t day, const char *statement,
		   struct buf *out);

#endif
