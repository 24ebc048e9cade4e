/** @file
 * The connection to PostgreSQL, shared by the two files that know libpq.
 */
#ifndef SKEP_CONSOLE_SQL_SQL_POSTGRES_PRIV_H
#define SKEP_CONSOLE_SQL_SQL_POSTGRES_PRIV_H

#include <libpq-fe.h>

#include "console/sql/sql_priv.h"

struct pg {
	PGconn *c;
	uint64_t statements; /**< prepared so far: their names */
	uint64_t failed_ms;  /**< when connecting last failed; 0: it did not */
	bool gone;           /**< the connection is of no use any more */
	uint64_t leads;      /**< hash of the lead this connection holds; 0: none */
};

struct pg_statement {
	char name[24];
	bool binary; /**< its answer comes as bytes, not as text: every column's type is one of those sql_postgres.c reads so */
	Oid types[];
};

struct pg *pg_of(const struct sql *s);
int pg_fail(struct sql *s, const PGresult *r, struct err *e);

int pg_bulk_begin(struct sql_bulk *b, const char *table, const char *columns, struct err *e);
int pg_bulk_row(struct sql_bulk *b, const struct sql_value *values, size_t count, struct err *e);
int pg_bulk_end(struct sql_bulk *b, struct err *e);
int pg_lock(struct sql *s, const char *name, struct err *e);
int pg_lead(struct sql *s, const char *name, struct err *e);
int pg_notify(struct sql *s, const char *channel, str text, struct err *e);
int pg_listen(struct sql *s, const char *channel, struct err *e);
int pg_wait(struct sql *s, int timeout_ms, int wake_fd, struct buf *channel, struct buf *text,
	    struct err *e);
int pg_check(struct sql *s, bool thorough, struct err *e);
int pg_backup(struct sql *s, const char *path, struct err *e);
int pg_size(struct sql *s, int64_t *ret_bytes, int64_t *ret_free, struct err *e);
int pg_shrink(struct sql *s, int64_t bytes, struct err *e);

#endif
