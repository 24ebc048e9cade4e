/** @file
 * SQL to the console's store: SQLite or PostgreSQL behind one interface. Nobody above sees which.
 *
 * One connection belongs to one thread at a time. Statements are written once, in what SQLite 3.40 and PostgreSQL 15
 * have in common: parameters `?1`, `?2` ..., `ON CONFLICT ... DO UPDATE`, `RETURNING`, `LIMIT`, BIGINT for every whole
 * number (times are nanoseconds since 1970, UTC; truth is 0 or 1), DOUBLE PRECISION, no JSON functions. Words in braces
 * say what the two call differently:
 *
 *   {id}     column type of a key the store counts up by itself: `id {id}`
 *   {text}   column type of text, ordered and compared byte by byte on both; TEXT alone is ordered by a locale
 *   {blob}   column type of bytes
 *   {keyed}  behind the closing bracket of CREATE TABLE: rows lie in the primary key's order
 *   {like}   compares with a pattern, letters of ASCII without case; write ESCAPE '\' behind it (sql_like())
 *   {max}    the greater of its two arguments: {max}(a, b)
 *   {min}    the lesser
 *   {join}   an aggregate: texts one behind the other, the second argument between them
 *
 * Values from outside are parameters, never part of a statement. Text is made well-formed on its way in: a NUL and a byte
 * that is no UTF-8 become U+FFFD, so nothing a container can be called makes a statement fail.
 *
 * Errors, everywhere the same. Of what was asked: -EEXIST a unique constraint, -ENOENT a foreign key, -EDOM another constraint or a value
 * that is none of its column's, -E2BIG a value too long. Of the store, and never the fault of who asked: -ENOSPC no space left, -EROFS it
 * cannot be written, -EUCLEAN it is damaged, -EBADFD SQLite's file, or its log, is not the one that was opened any more, -EHOSTUNREACH the server is away (the next call outside a transaction connects anew),
 * -ETIMEDOUT somebody held a lock, or the statement took, too long, -EAGAIN concurrent work got in the way: roll back and try the whole
 * transaction again, -ENOEXEC a statement that is wrong, -ENOMEM, else -EIO. Messages never hold a password.
 */
#ifndef SKEP_CONSOLE_SQL_SQL_H
#define SKEP_CONSOLE_SQL_SQL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct sql;
struct sql_rows;
struct sql_bulk;

/** Who is told what connections meet, from any thread, whoever asked. */
struct sql_watch {
	/** @param code positive, as above */
	void (*failed)(void *ctx, int code, const char *text);
	void *ctx;
};

struct sql_options {
	unsigned busy_ms;      /**< how long to wait for others' locks; 0: 10 s */
	unsigned statement_ms; /**< a statement that takes longer is ended; 0: never */
	bool read_only;
	bool exact; /**< the name is that of the SQLite file, whatever it looks like */
	const struct sql_watch *watch; /**< borrowed; NULL: nobody */
};

/**
 * Connects. SQLite: WAL, every commit is on the disk before it returns (a crash or a power cut loses nothing that
 * was committed), foreign keys are held.
 *
 * @param where "postgresql://..." (also "postgres://"), or a folder, in which the file skep.db is made when absent;
 *              a path that ends in ".db" is the file itself (sql_check_where())
 * @return 0; -ENOENT the database is not there, -EACCES not let in, -EUSERS it takes no more connections, -EINVAL @p where is malformed; else as above
 */
MUST_CHECK int sql_open(const char *where, const struct sql_options *o, struct sql **ret,
			struct err *e);
void sql_close(struct sql *s);
bool sql_is_postgres(const struct sql *s);
/**
 * Whether what somebody wrote names a store, before anything is made there: a URL of another engine and libpq's "host=..." would each be a
 * folder of that name, and is one only where it begins with / or . or holds a store already. @return 0, -EINVAL
 */
MUST_CHECK int sql_check_where(const char *where, struct err *e);
/** Whether @p where names a PostgreSQL server. */
bool sql_names_postgres(const char *where);
/** Appends the path of the SQLite file that @p where names. */
void sql_file(const char *where, struct buf *out);

struct sql_value {
	enum sql_type { SQL_NULL, SQL_INTEGER, SQL_TEXT, SQL_BLOB, SQL_REAL } type;
	int64_t integer;
	double real;
	str text; /**< SQL_TEXT and SQL_BLOB; borrowed for the call */
};

#define SQL_I(n) ((struct sql_value){ .type = SQL_INTEGER, .integer = (int64_t)(n) })
#define SQL_T(s) ((struct sql_value){ .type = SQL_TEXT, .text = (s) })
#define SQL_B(s) ((struct sql_value){ .type = SQL_BLOB, .text = (s) })
#define SQL_R(x) ((struct sql_value){ .type = SQL_REAL, .real = (x) })
#define SQL_N ((struct sql_value){ .type = SQL_NULL })
/** Values and how many: sql_do(s, "...", SQL_ARGS(SQL_I(1), SQL_T(name)), e) */
#define SQL_ARGS(...) \
	(const struct sql_value[]){ __VA_ARGS__ }, \
		sizeof((const struct sql_value[]){ __VA_ARGS__ }) / sizeof(struct sql_value)
#define SQL_NONE NULL, 0
/** Parameters 1 to 62, or 1 to 64, in brackets, for IN: where there are fewer values the last one fills up. */
#define SQL_SIXTY_TWO "(" SQL_TO_62 ")"
#define SQL_SIXTY_FOUR "(" SQL_TO_62 ",?63,?64)"
#define SQL_TO_62 \
	"?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24," \
	"?25,?26,?27,?28,?29,?30,?31,?32,?33,?34,?35,?36,?37,?38,?39,?40,?41,?42,?43,?44," \
	"?45,?46,?47,?48,?49,?50,?51,?52,?53,?54,?55,?56,?57,?58,?59,?60,?61,?62"

/**
 * Runs a statement that yields rows. It is prepared once a connection and kept by its text.
 *
 * On PostgreSQL the whole answer is held in memory: bound it with LIMIT. Other statements may run while rows are read;
 * on SQLite do not commit before sql_rows_done().
 */
MUST_CHECK int sql_query(struct sql *s, const char *statement, const struct sql_value *values,
			 size_t count, struct sql_rows **ret, struct err *e);
/** @return 1 a row is there, 0 at the end, -errno */
MUST_CHECK int sql_next(struct sql_rows *r, struct err *e);
/** Columns count from 0; NULL reads as 0 or the empty span. Spans live until the next sql_next(). */
int64_t sql_int(struct sql_rows *r, unsigned column);
double sql_real(struct sql_rows *r, unsigned column);
str sql_text(struct sql_rows *r, unsigned column);
str sql_blob(struct sql_rows *r, unsigned column);
bool sql_is_null(struct sql_rows *r, unsigned column);
/** sql_text() copied into @p a; a NULL pointer when the budget is spent. */
MUST_CHECK str sql_text_in(struct sql_rows *r, unsigned column, struct arena *a);
MUST_CHECK str sql_blob_in(struct sql_rows *r, unsigned column, struct arena *a);
void sql_rows_done(struct sql_rows *r);
static inline void cleanup_sql_rows(struct sql_rows **r)
{
	sql_rows_done(*r);
}
/** Rows that end with their scope. */
#define OWNED_ROWS CLEANUP(cleanup_sql_rows) struct sql_rows

/** Runs a statement without rows. @return how many rows it changed, or -errno */
MUST_CHECK int sql_do(struct sql *s, const char *statement, const struct sql_value *values,
		      size_t count, struct err *e);
/** What a call returned where the count is no matter: 0, or the error. MIN() would make the call twice. */
static inline int sql_no_count(int r)
{
	return r < 0 ? r : 0;
}
/** The first column of the first row. @return 1, 0 when there is no row, -errno */
MUST_CHECK int sql_get_int(struct sql *s, const char *statement, const struct sql_value *values,
			   size_t count, int64_t *ret, struct err *e);
/** The first column of every row, in @p a. @return 0, -ENOBUFS when the budget is spent, -errno */
MUST_CHECK int sql_get_texts(struct sql *s, const char *statement, const struct sql_value *values,
			     size_t count, struct arena *a, str **ret, size_t *ret_count,
			     struct err *e);
/** Runs statements separated by ";\n", without parameters, prepared for this once: definitions. */
MUST_CHECK int sql_script(struct sql *s, const char *statements, struct err *e);

/**
 * A transaction that writes. On SQLite it is the only one from here on; on PostgreSQL statements see what others
 * committed meanwhile (READ COMMITTED): what checks and then acts takes sql_lock() first.
 */
MUST_CHECK int sql_begin(struct sql *s, struct err *e);
/** On an error nothing was committed and the transaction is over, but for -EHOSTUNREACH: then it may have been. */
MUST_CHECK int sql_commit(struct sql *s, struct err *e);
/** Never fails: what is not committed is gone. Without a transaction it does nothing. */
void sql_rollback(struct sql *s);
/** Ends a transaction: commits when @p r is 0 or more, undoes it otherwise. @return @p r, or the error of committing */
MUST_CHECK int sql_end(struct sql *s, int r, struct err *e);
bool sql_in_transaction(const struct sql *s);
/** The number of the transaction that is open, of those of this connection; 0: none is. */
uint64_t sql_transaction(const struct sql *s);
/** How many transactions were undone. */
uint64_t sql_rollbacks(const struct sql *s);
/** Holds all other transactions that lock the same name out until this one ends. On SQLite they are out already. */
MUST_CHECK int sql_lock(struct sql *s, const char *name, struct err *e);

/**
 * Many rows into one table, the fastest way there is (COPY on PostgreSQL). Inside a transaction; no other statement may
 * run until sql_bulk_end(). A value's type must be its column's (BIGINT, text, bytes or DOUBLE PRECISION).
 *
 * @param columns separated by ", "
 */
MUST_CHECK int sql_bulk_begin(struct sql *s, const char *table, const char *columns,
			      struct sql_bulk **ret, struct err *e);
MUST_CHECK int sql_bulk_row(struct sql_bulk *b, const struct sql_value *values, size_t count,
			    struct err *e);
/** Ends it, whatever happened before. */
MUST_CHECK int sql_bulk_end(struct sql_bulk *b, struct err *e);

/**
 * Whether this connection holds the lead called @p name, which it takes when nobody has it and keeps until it closes or
 * the server is lost. On SQLite the one process leads.
 *
 * @return 1, 0 another leads, -errno
 */
MUST_CHECK int sql_lead(struct sql *s, const char *name, struct err *e);

/** Tells every connection that listens, after the commit. On SQLite it does nothing: there is one process. */
MUST_CHECK int sql_notify(struct sql *s, const char *channel, str text, struct err *e);
/** Channels are lower-case words. @return 0; -EOPNOTSUPP on SQLite */
MUST_CHECK int sql_listen(struct sql *s, const char *channel, struct err *e);
/**
 * Waits for what was told.
 *
 * @param wake_fd another descriptor that ends the wait when it can be read; -1: none
 * @return 1 @p text holds one message, 0 the time is over or @p wake_fd woke, -errno. After -EHOSTUNREACH listen anew.
 */
MUST_CHECK int sql_wait(struct sql *s, int timeout_ms, int wake_fd, struct buf *channel,
			struct buf *text, struct err *e);

/** The text as the store holds it: itself, or what was appended to @p b. A NULL pointer: no memory. */
str sql_well_formed(str text, struct buf *b);
/** Appends @p word as a pattern for {like}: what contains it. */
void sql_like(str word, struct buf *out);
/** Appends the statement as this engine wants it (braces, parameters). For tests and for PREPARE. */
void sql_translate(bool postgres, const char *statement, struct buf *out);

/** Looks for damage. @param thorough every page; otherwise what takes no time. @return 0, -EUCLEAN */
MUST_CHECK int sql_check(struct sql *s, bool thorough, struct err *e);
/**
 * Writes a copy of the whole store to a new file while others go on working.
 *
 * @return 0, -EEXIST @p path is there, -EOPNOTSUPP on PostgreSQL, whose own pg_dump does it
 */
MUST_CHECK int sql_backup(struct sql *s, const char *path, struct err *e);
/** Bytes the store takes: on the disk, and how many of them are free for reuse. */
MUST_CHECK int sql_size(struct sql *s, int64_t *ret_bytes, int64_t *ret_free, struct err *e);
/** Gives up to @p bytes that are free back to the file system, in short steps. Does nothing on PostgreSQL. */
MUST_CHECK int sql_shrink(struct sql *s, int64_t bytes, struct err *e);

#endif
