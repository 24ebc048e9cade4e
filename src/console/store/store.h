/** @file
 * The console's store: a connection, and what its nouns keep beside it. One store belongs to one thread.
 *
 * To add a noun: NOUN.h and NOUN.c here (functions take a struct store and a struct err), its tables as lines of
 * migration.def, its file in meson.build. Functions that change things run inside the caller's transaction when their
 * header says so; the others make their own.
 */
#ifndef SKEP_CONSOLE_STORE_STORE_H
#define SKEP_CONSOLE_STORE_STORE_H

#include "console/sql/sql.h"

struct alert_cache;
struct series_index;

struct store {
	struct sql *sql;
	struct alert_cache *alerts;  /**< of alerts.c: series in view, dictionaries */
	struct series_index *series; /**< see store_share() */
};

/**
 * Makes a store ready, once a process, before any store_open(): connects, looks for damage, brings the tables up to this
 * version. Replicas that start at once wait for one another. A store that exists loses nothing by it.
 *
 * @param where as for sql_open()
 * @return 0; -EUCLEAN damaged; -EOPNOTSUPP a newer version made it, or the server is too old; else as sql_open()
 */
MUST_CHECK int store_prepare(const char *where, struct err *e);

/**
 * Makes sure that no console works on a SQLite store, and keeps others from beginning to as long as @p ret is open (file_lock()). On
 * PostgreSQL, where several may, there is nothing to hold.
 *
 * @param ret  a descriptor; -1 on PostgreSQL
 * @return 0, -EBUSY a console works on it, -errno
 */
MUST_CHECK int store_hold(const char *where, int *ret, struct err *e);

/** Opens a thread's own connection to a store that is prepared. @param o NULL: defaults */
MUST_CHECK int store_open(const char *where, const struct sql_options *o, struct store **ret,
			  struct err *e);
/**
 * Has it know alerts' series by what all stores of the process share (series_index.h), which must outlive it. To be said before it is
 * asked for any; without it a store has an index of its own.
 */
void store_share(struct store *s, struct series_index *series);
/** To be said when nothing is read any more of what it was asked: an idle store holds nothing that others have let go. */
void store_rest(struct store *s);
void store_close(struct store *s);
static inline void cleanup_store(struct store **s)
{
	store_close(*s);
}
#define OWNED_STORE CLEANUP(cleanup_store) struct store

/**
 * Runs @p fn in a transaction and commits when it returns 0 or more; begins anew, a few times, when concurrent work got in
 * the way (-EAGAIN). @p fn must therefore leave nothing behind in memory when it fails.
 *
 * @return what @p fn returned, or the error of beginning or committing
 */
MUST_CHECK int store_transact(struct store *s, int (*fn)(struct store *s, void *ctx, struct err *e),
			      void *ctx, struct err *e);

/**
 * Puts a copy made by sql_backup() in the place of a SQLite store that nobody has open. The copy is checked first; what
 * stood there is kept beside it as skep.db.before-restore.
 *
 * @return 0, -EBADMSG the copy is damaged or no store, -EBUSY a console works on it, -EOPNOTSUPP on PostgreSQL or made by a
 *         newer version, -errno
 */
MUST_CHECK int store_restore(const char *where, const char *copy, struct err *e);

/** Nanoseconds since 1970: what goes into columns of time. */
int64_t store_now(void);
/** Replicas' clocks differ by no more: a time farther ahead is of a clock that was wrong. */
#define CLOCKS_APART_NS ((int64_t)300 * 1000000000)

#endif
