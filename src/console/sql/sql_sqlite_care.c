/* Looking after SQLite's file: damage, copies, size. */
#include "console/sql/sql_priv.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

/* Up to this size every page is looked at on each start; beyond, the roots alone: starting must take no time. */
#define CHECK_ALL_BYTES (64 << 20)
enum { SHRINK_PAGES = 2048 };

/* The first complaint of a check, which answers "ok" when there is none. */
static int check_by(struct sql *s, const char *pragma, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s, pragma, SQL_NONE, &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r <= 0)
		return r;
	if (!str_is(sql_text(rows, 0), "ok"))
		return err_set(e, EUCLEAN, "the store %s is damaged: %.*s", sql_sqlite_path(s),
			       STR_ARG(sql_text(rows, 0)));
	return 0;
}

static int check_roots(struct sql *s, struct err *e)
{
	OWNED_ROWS *tables = NULL;
	int r = sql_query(s, "SELECT name FROM sqlite_master WHERE type = 'table'", SQL_NONE,
			  &tables, e);

	while (r >= 0 && (r = sql_next(tables, e)) > 0) {
		OWNED_BUF text = BUF_INIT;
		int64_t ignored;

		buf_printf(&text, "SELECT 1 FROM \"%.*s\" LIMIT 1", STR_ARG(sql_text(tables, 0)));
		r = sql_get_int(s, buf_cstr(&text), SQL_NONE, &ignored, e);
	}
	return r;
}

int sql_sqlite_check(struct sql *s, bool thorough, struct err *e)
{
	int64_t bytes = 0, spare = 0;
	int r;

	if (thorough)
		return check_by(s, "PRAGMA integrity_check(1)", e);
	r = sql_sqlite_size(s, &bytes, &spare, e);
	if (r < 0)
		return r;
	return bytes <= CHECK_ALL_BYTES ? check_by(s, "PRAGMA quick_check(1)", e)
					: check_roots(s, e);
}

int sql_sqlite_size(struct sql *s, int64_t *ret_bytes, int64_t *ret_free, struct err *e)
{
	int64_t page = 0, pages = 0, spare = 0;
	int r = sql_get_int(s, "PRAGMA page_size", SQL_NONE, &page, e);

	r = r < 0 ? r : sql_get_int(s, "PRAGMA page_count", SQL_NONE, &pages, e);
	r = r < 0 ? r : sql_get_int(s, "PRAGMA freelist_count", SQL_NONE, &spare, e);
	if (r < 0)
		return r;
	*ret_bytes = page * pages;
	*ret_free = page * spare;
	return 0;
}

int sql_sqlite_shrink(struct sql *s, int64_t bytes, struct err *e)
{
	int64_t all = 0, spare = 0, page = 0, target;
	int r = sql_get_int(s, "PRAGMA page_size", SQL_NONE, &page, e);

	r = r < 0 ? r : sql_sqlite_size(s, &all, &spare, e);
	if (r < 0)
		return r;
	/* In short steps: each is a transaction, and others want to write between them. */
	for (target = spare - MIN(bytes, spare); spare > target;) {
		int64_t before = spare;
		OWNED_BUF text = BUF_INIT;

		buf_printf(&text, "PRAGMA incremental_vacuum(%d)", SHRINK_PAGES);
		r = sql_script(s, buf_cstr(&text), e);
		r = r < 0 ? r : sql_sqlite_size(s, &all, &spare, e);
		if (r < 0)
			return r;
		if (spare == before)
			break;
	}
	return 0;
}

static int copy_all(struct sql *s, sqlite3 *to, const char *path, struct err *e)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", sql_sqlite_db(s), "main");
	int r = b ? SQLITE_OK : sqlite3_errcode(to);

	/* All in one step: in steps it would begin anew with every commit of others. They go on writing meanwhile. */
	while (r == SQLITE_OK || r == SQLITE_BUSY || r == SQLITE_LOCKED)
		r = sqlite3_backup_step(b, -1);
	if (b)
		r = sqlite3_backup_finish(b) == SQLITE_OK && r == SQLITE_DONE ? SQLITE_OK : r;
	if (r != SQLITE_OK)
		return err_set(e, (r & 0xff) == SQLITE_FULL ? ENOSPC : EIO,
			       "cannot copy the store to '%s': %s", path, sqlite3_errstr(r));
	return 0;
}

int sql_sqlite_backup(struct sql *s, const char *path, struct err *e)
{
	OWNED_FD fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	sqlite3 *to = NULL;
	int r;

	if (fd < 0)
		return err_sys(e, errno, "cannot make '%s'", path);
	r = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	r = r == SQLITE_OK ? copy_all(s, to, path, e)
			   : err_set(e, EIO, "cannot open '%s': %s", path, sqlite3_errstr(r));
	/* Without the log beside it the copy is one file that can be carried away. */
	if (r == 0 && sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL) != SQLITE_OK)
		r = err_set(e, EIO, "cannot finish '%s': %s", path, sqlite3_errmsg(to));
	sqlite3_close_v2(to);
	if (r == 0 && fsync(fd) < 0)
		r = err_sys(e, errno, "cannot write '%s'", path);
	if (r < 0)
		unlink(path);
	return r;
}
