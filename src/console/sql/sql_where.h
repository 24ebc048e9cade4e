/** @file
 * Conditions of a statement put together with their values, in step.
 */
#ifndef SKEP_CONSOLE_SQL_SQL_WHERE_H
#define SKEP_CONSOLE_SQL_SQL_WHERE_H

#include "console/sql/sql.h"

#define SQL_WHERE_MAX 96

/** Zeroed to begin with; sql_where_each() ends it. */
struct sql_where {
	struct buf text;
	struct sql_value values[SQL_WHERE_MAX];
	size_t count;
	struct arena arena; /**< of patterns */
	bool made_arena;
	bool failed; /**< too many values, or no memory */
};

/** Appends @p part, ours, in which each lone `?` is the next of @p values. */
void sql_where_add(struct sql_where *w, const char *part, const struct sql_value *values,
		   size_t count);
#define SQL_WHERE(w, part, ...) sql_where_add((w), (part), SQL_ARGS(__VA_ARGS__))
/** Appends " AND (a {like} word OR b {like} word ...)" for each word of @p text. @param columns separated by blanks */
void sql_where_words(struct sql_where *w, const char *columns, str text);

/** Takes a row. @return 1: it wants more, 0: it has enough, or -errno */
typedef int (*sql_row_taker)(void *ctx, struct sql_rows *rows, struct err *e);

/**
 * Runs the statement, hands its rows to @p take for as long as it wants more, and frees what @p w holds.
 *
 * @return how many rows were handed over; errors as sql_query(), and what @p take returned; -E2BIG too much is asked
 */
MUST_CHECK int sql_where_each(struct sql *s, struct sql_where *w, sql_row_taker take, void *ctx,
			      struct err *e);

#endif
