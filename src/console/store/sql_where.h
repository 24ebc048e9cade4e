/** @file
 * Conditions of a statement put together with their values, in step.
 */
#ifndef SKEP_CONSOLE_STORE_SQL_WHERE_H
#define SKEP_CONSOLE_STORE_SQL_WHERE_H

#include "console/store/sql.h"

#define SQL_WHERE_MAX 96

/** Zeroed to begin with; sql_where_done() ends it. */
struct sql_where {
	struct buf text;
	struct sql_value values[SQL_WHERE_MAX];
	size_t count;
	struct arena arena; /**< of patterns */
	bool made_arena;
	bool failed; /**< too many values, or no memory */
};

void sql_where_done(struct sql_where *w);

/** Appends @p part, ours, in which each lone `?` is the next of @p values. */
void sql_where_add(struct sql_where *w, const char *part, const struct sql_value *values,
		   size_t count);
#define SQL_WHERE(w, part, ...) sql_where_add((w), (part), SQL_ARGS(__VA_ARGS__))
/** Appends " AND (a {like} word OR b {like} word ...)" for each word of @p text. @param columns separated by blanks */
void sql_where_words(struct sql_where *w, const char *columns, str text);

/** Runs the statement. Errors as sql_query(); -E2BIG too much is asked. */
MUST_CHECK int sql_where_query(struct sql *s, struct sql_where *w, struct sql_rows **ret,
			       struct err *e);

#endif
