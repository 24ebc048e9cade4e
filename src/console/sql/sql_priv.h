/** @file
 * What sql.c asks of an engine. Statements come translated; values are as many as the statement has parameters.
 */
#ifndef SKEP_CONSOLE_SQL_SQL_PRIV_H
#define SKEP_CONSOLE_SQL_SQL_PRIV_H

#include "console/sql/sql.h"

#define SQL_CACHE 256 /**< statements kept prepared; the longest unused goes first */

struct sql_statement {
	char *text;       /**< as the caller wrote it: the key */
	char *translated; /**< as the engine wants it */
	size_t n;
	uint64_t hash;
	uint64_t used; /**< when, by the connection's count */
	unsigned parameters;
	bool busy;      /**< rows are being read */
	bool loose;     /**< not in the cache: freed with its rows */
	void *handle;   /**< the engine's; NULL: to be prepared */
	uint64_t epoch; /**< of the connection that prepared it */
};

struct sql_rows {
	struct sql *sql;
	struct sql_statement *statement;
	void *result; /**< PostgreSQL: the whole answer */
	int at, count;
	int changed;
	struct arena scratch; /**< decoded bytes of this row */
	bool made_scratch;
};

struct sql {
	const struct sql_engine *engine;
	char *where;
	struct sql_options options;
	void *handle;   /**< the engine's */
	uint64_t epoch; /**< which connection this is: grows when it is made anew */
	struct sql_statement *cache[SQL_CACHE];
	uint64_t uses;
	uint64_t transactions, rollbacks;
	bool in_transaction;
	bool lost;          /**< inside a transaction the server went away: only rollback helps */
	struct buf scratch; /**< text made well-formed */
};

struct sql_engine {
	bool postgres;
	int (*open)(struct sql *s, struct err *e);
	void (*close)(struct sql *s);
	/** Before anything outside a transaction: connects anew where that is needed. */
	int (*ready)(struct sql *s, struct err *e);
	int (*prepare)(struct sql *s, struct sql_statement *st, const struct sql_value *values,
		       size_t count, struct err *e);
	void (*forget)(struct sql *s, struct sql_statement *st);
	int (*run)(struct sql_rows *r, const struct sql_value *values, size_t count, struct err *e);
	int (*next)(struct sql_rows *r, struct err *e);
	void (*end)(struct sql_rows *r);
	int64_t (*column_int)(struct sql_rows *r, unsigned column);
	double (*column_real)(struct sql_rows *r, unsigned column);
	str (*column_text)(struct sql_rows *r, unsigned column);
	str (*column_blob)(struct sql_rows *r, unsigned column);
	bool (*column_null)(struct sql_rows *r, unsigned column);
	int (*script)(struct sql *s, const char *text, struct err *e);
	int (*bulk_begin)(struct sql_bulk *b, const char *table, const char *columns,
			  struct err *e);
	int (*bulk_row)(struct sql_bulk *b, const struct sql_value *values, size_t count,
			struct err *e);
	int (*bulk_end)(struct sql_bulk *b, struct err *e);
	int (*lock)(struct sql *s, const char *name, struct err *e);
	int (*lead)(struct sql *s, const char *name, struct err *e);
	int (*notify)(struct sql *s, const char *channel, str text, struct err *e);
	int (*listen)(struct sql *s, const char *channel, struct err *e);
	int (*wait)(struct sql *s, int timeout_ms, int wake_fd, struct buf *channel,
		    struct buf *text, struct err *e);
	int (*check)(struct sql *s, bool thorough, struct err *e);
	int (*backup)(struct sql *s, const char *path, struct err *e);
	int (*size)(struct sql *s, int64_t *ret_bytes, int64_t *ret_free, struct err *e);
	int (*shrink)(struct sql *s, int64_t bytes, struct err *e);
};

struct sql_bulk {
	struct sql *sql;
	size_t columns;
	struct sql_statement *statement; /**< SQLite: the insertion */
	struct buf out;                  /**< PostgreSQL: bytes on their way */
	int error;                       /**< of a row: the rest is passed over */
};

extern const struct sql_engine sql_engine_sqlite, sql_engine_postgres;

/** Tells the connection's watch (struct sql_watch), if it has one. */
void sql_tell(const struct sql *s, int code, const char *text);

/** What sql_sqlite_care.c is told of the connection: its sqlite3, its file. */
void *sql_sqlite_db(struct sql *s);
const char *sql_sqlite_path(struct sql *s);
int sql_sqlite_check(struct sql *s, bool thorough, struct err *e);
int sql_sqlite_backup(struct sql *s, const char *path, struct err *e);
int sql_sqlite_size(struct sql *s, int64_t *ret_bytes, int64_t *ret_free, struct err *e);
int sql_sqlite_shrink(struct sql *s, int64_t bytes, struct err *e);

/** The statement of this text, prepared and marked busy until it is released. */
MUST_CHECK int sql_statement_take(struct sql *s, const char *statement,
				  const struct sql_value *values, size_t count,
				  struct sql_statement **ret, struct err *e);
void sql_statement_release(struct sql *s, struct sql_statement *st);

#endif
