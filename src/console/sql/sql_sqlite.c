#include "console/sql/sql_priv.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"

/* A cache of pages for each connection, and how large the log grows before it is folded into the file. */
#define CACHE_KIB "8192"
#define CHECKPOINT_PAGES "4000"
enum { PROGRESS_STEPS = 20000, FOLDER_MODE = 0700, LEADS = 8 };

/* Which file a name stood for. */
struct place {
	dev_t device;
	ino_t inode; /* 0: none that was seen */
};

struct handle {
	sqlite3 *db;
	char *path;
	struct {
		uint64_t name; /* its hash */
		int fd;
	} leads[LEADS];
	size_t lead_count;
	bool is_open;
	struct place file, log; /* by the names they were opened by */
	const char *missing;    /* the name of the one that is in its place no more */
	uint64_t deadline_ms;   /* of the statement that runs; 0: none */
};

static struct handle *handle_of(const struct sql *s)
{
	return s->handle;
}

/* Once it is open, files that are missing or not to be had are our trouble, not a thing that was asked for. */
static int code_of_system(const struct handle *h)
{
	const int code = h->db ? sqlite3_system_errno(h->db) : 0;

	if (!h->is_open && code)
		return code;
	return code == ENOSPC || code == EDQUOT  ? ENOSPC
	       : code == EROFS || code == ENOMEM ? code
						 : EIO;
}

static int code_of_constraint(int code)
{
	switch (code) {
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return ENOENT;
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return EEXIST;
	case SQLITE_CONSTRAINT_COMMITHOOK: /* refuses_commit() */
		return EBADFD;
	default:
		return EDOM;
	}
}

/* The errno that says what SQLite's code means to us. */
static int code_of(const struct handle *h, int code)
{
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return code_of_constraint(code);
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_BUSY:
		return code == SQLITE_BUSY_SNAPSHOT ? EAGAIN : ETIMEDOUT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EUCLEAN;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_LOCKED:
	case SQLITE_INTERRUPT:
		return ETIMEDOUT;
	case SQLITE_MISMATCH:
		return EDOM;
	case SQLITE_TOOBIG:
		return E2BIG;
	case SQLITE_ERROR:
	case SQLITE_RANGE:
	case SQLITE_MISUSE:
		return ENOEXEC;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return code_of_system(h);
	default:
		return EIO;
	}
}

static const char *file_name(const struct handle *h)
{
	return sqlite3_db_filename(h->db, "main");
}

static const char *log_name(const struct handle *h)
{
	return sqlite3_filename_wal(file_name(h));
}

static int taken_away(struct sql *s, struct err *e)
{
	const struct handle *h = handle_of(s);
	OWNED_BUF text = BUF_INIT;

	/* What the log holds was acknowledged, and would go with us: nothing is added to it any more, so the file can have it all. What a
	 * reader keeps from that comes with the next refusal. Not where another log is in its place: who writes to that shares the
	 * index with us, which tells of its pages then. */
	if (h->missing != file_name(h) && access(h->missing, F_OK) < 0)
		(void)sqlite3_wal_checkpoint_v2(h->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL,
						NULL);
	buf_printf(&text, "'%s' was moved away, deleted or replaced", h->missing);
	sql_tell(s, EBADFD, buf_error(&text) < 0 ? h->missing : buf_cstr(&text));
	return err_set(e, EBADFD, "store %s: it was moved away, deleted or replaced", h->missing);
}

static int fail(struct sql *s, int code, struct err *e)
{
	struct handle *h = handle_of(s);

	if (code == SQLITE_OK)
		return 0;
	code = code_of(h, sqlite3_extended_errcode(h->db));
	if (code == EBADFD)
		return taken_away(s, e);
	sql_tell(s, code, sqlite3_errmsg(h->db));
	return err_set(e, code, "store %s: %s", h->path, sqlite3_errmsg(h->db));
}

static int on_progress(void *ctx)
{
	const struct handle *h = ctx;

	return h->deadline_ms && clock_ms(CLOCK_MONOTONIC) > h->deadline_ms;
}

static struct place place_of(const char *name)
{
	struct stat st;

	return stat(name, &st) < 0 ? (struct place){ 0 } : (struct place){ st.st_dev, st.st_ino };
}

static bool is_elsewhere(const char *name, const struct place *was)
{
	struct stat st;

	if (!was->inode)
		return false;
	if (stat(name, &st) < 0)
		return errno == ENOENT;
	return st.st_ino != was->inode || st.st_dev != was->device;
}

/* What is written to a file that was taken away, or to a log that was, goes with the last who has it open: nothing may be told to be kept
 * by then. The log stays the same file as long as anybody has the store open. SQLite asks before it commits what writes; an answer other
 * than 0 undoes it. */
static int refuses_commit(void *ctx)
{
	struct handle *h = ctx;

	/* Whoever makes the file opens no log before it writes. */
	if (!h->log.inode)
		h->log = place_of(log_name(h));
	h->missing = is_elsewhere(file_name(h), &h->file) ? file_name(h)
		     : is_elsewhere(log_name(h), &h->log) ? log_name(h)
							  : NULL;
	return h->missing != NULL;
}

static int script(struct sql *s, const char *text, struct err *e)
{
	struct handle *h = handle_of(s);

	h->deadline_ms = 0;
	return fail(s, sqlite3_exec(h->db, text, NULL, NULL, NULL), e);
}

static int set_up(struct sql *s, struct err *e)
{
	struct handle *h = handle_of(s);
	int r;

	sqlite3_extended_result_codes(h->db, 1);
	sqlite3_busy_timeout(h->db, (int)s->options.busy_ms);
	sqlite3_db_config(h->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(h->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(h->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(h->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	/* FULL: the log is on the disk when a commit returns, so what was acknowledged survives a power cut. One writer
	 * that commits for many makes it cheap. */
	r = script(s,
		   "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
		   "PRAGMA cache_size=-" CACHE_KIB ";",
		   e);
	if (r == 0 && !s->options.read_only)
		r = script(s,
			   "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
			   "PRAGMA journal_size_limit=67108864;"
			   "PRAGMA wal_autocheckpoint=" CHECKPOINT_PAGES ";",
			   e);
	if (r == 0)
		r = script(s, "PRAGMA synchronous=FULL;", e);
	if (s->options.statement_ms)
		sqlite3_progress_handler(h->db, PROGRESS_STEPS, on_progress, h);
	return r;
}

/* The file, made for its owner alone: SQLite would let everybody read it. */
static int make_file(struct sql *s, struct err *e)
{
	struct handle *h = handle_of(s);
	OWNED_FD fd = -1;
	int r;

	if (!str_ends(str_from(s->where), S(".db"))) {
		r = file_make_dirs(s->where, FOLDER_MODE, e);
		if (r < 0)
			return r;
	}
	/* Never open what is there: closing it would drop the locks of this process's other connections (POSIX). */
	fd = open(h->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	return fd >= 0 || errno == EEXIST
		       ? 0
		       : err_sys(e, errno, "cannot make the store '%s'", h->path);
}

static int open_store(struct sql *s, struct err *e)
{
	struct handle *h = calloc(1, sizeof(*h));
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	OWNED_BUF path = BUF_INIT;
	int r;

	if (!h)
		return err_set(e, ENOMEM, "no memory for the store");
	s->handle = h;
	s->epoch = 1;
	if (s->options.exact)
		buf_add(&path, str_from(s->where));
	else
		sql_file(s->where, &path);
	h->path = buf_error(&path) < 0 ? NULL : strdup(buf_cstr(&path));
	if (!h->path)
		return err_set(e, ENOMEM, "no memory for the store");
	r = s->options.read_only ? 0 : make_file(s, e);
	if (r < 0)
		return r;
	if (s->options.exact && access(h->path, F_OK) < 0)
		return err_sys(e, errno, "cannot open '%s'", h->path);
	if (s->options.read_only && access(h->path, F_OK) < 0)
		return err_set(e, errno,
			       "no store of a console is at '%s'; that of `skep up --state DIR` is "
			       "in DIR/console",
			       h->path);
	flags |= s->options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	r = sqlite3_open_v2(h->path, &h->db, flags, NULL);
	if (r != SQLITE_OK)
		return h->db ? fail(s, r, e) : err_set(e, ENOMEM, "no memory for the store");
	r = set_up(s, e);
	h->is_open = r == 0;
	h->file = place_of(file_name(h));
	h->log = place_of(log_name(h));
	sqlite3_commit_hook(h->db, refuses_commit, h);
	return r;
}

static void close_store(struct sql *s)
{
	struct handle *h = handle_of(s);

	if (!h)
		return;
	sqlite3_close_v2(h->db);
	while (h->lead_count)
		close(h->leads[--h->lead_count].fd);
	free(h->path);
	free(h);
	s->handle = NULL;
}

static int ready(struct sql *s, struct err *e)
{
	(void)s, (void)e;
	return 0;
}

static int prepare(struct sql *s, struct sql_statement *st, const struct sql_value *values,
		   size_t count, struct err *e)
{
	sqlite3_stmt *made = NULL;
	int r = sqlite3_prepare_v3(handle_of(s)->db, st->translated, -1, SQLITE_PREPARE_PERSISTENT,
				   &made, NULL);

	(void)values, (void)count;
	if (r != SQLITE_OK)
		return fail(s, r, e);
	st->handle = made;
	return 0;
}

static void forget(struct sql *s, struct sql_statement *st)
{
	(void)s;
	sqlite3_finalize(st->handle);
	st->handle = NULL;
}

static int bind(sqlite3_stmt *st, int at, const struct sql_value *v)
{
	const char *p = v->text.p ? v->text.p : "";

	/* Spans outlive the statement's run, so nothing is copied. */
	switch (v->type) {
	case SQL_INTEGER:
		return sqlite3_bind_int64(st, at, v->integer);
	case SQL_REAL:
		return sqlite3_bind_double(st, at, v->real);
	case SQL_TEXT:
		return sqlite3_bind_text64(st, at, p, v->text.n, SQLITE_STATIC, SQLITE_UTF8);
	case SQL_BLOB:
		return sqlite3_bind_blob64(st, at, p, v->text.n, SQLITE_STATIC);
	case SQL_NULL:
		break;
	}
	return sqlite3_bind_null(st, at);
}

static int bind_all(struct sql *s, sqlite3_stmt *st, const struct sql_value *values, size_t count,
		    struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		int r = bind(st, (int)i + 1, &values[i]);

		if (r != SQLITE_OK)
			return fail(s, r, e);
	}
	return 0;
}

/* SQLite undoes a transaction by itself when the disk is full: what follows must not run outside of one. */
static int still_open(struct sql *s, struct err *e)
{
	if (s->in_transaction && sqlite3_get_autocommit(handle_of(s)->db))
		return err_set(e, EIO, "the transaction was undone by an earlier error");
	return 0;
}

static int step(struct sql_rows *r, struct err *e)
{
	sqlite3_stmt *st = r->statement->handle;
	int x = sqlite3_step(st);

	if (x == SQLITE_ROW)
		return 1;
	if (x == SQLITE_DONE) {
		r->changed = sqlite3_stmt_readonly(st) ? 0 : sqlite3_changes(handle_of(r->sql)->db);
		return 0;
	}
	return fail(r->sql, x, e);
}

/*
 * The first step is made at once: a statement without rows has then done its work, and errors come where PostgreSQL
 * tells them. `at` is 1 while that first row waits, -1 when all is over.
 */
static int run(struct sql_rows *r, const struct sql_value *values, size_t count, struct err *e)
{
	struct sql *s = r->sql;
	struct handle *h = handle_of(s);
	int x = still_open(s, e);

	if (x == 0)
		x = bind_all(s, r->statement->handle, values, count, e);
	h->deadline_ms =
		s->options.statement_ms ? clock_ms(CLOCK_MONOTONIC) + s->options.statement_ms : 0;
	x = x < 0 ? x : step(r, e);
	r->at = x == 1 ? 1 : -1;
	return MIN(x, 0);
}

static int next(struct sql_rows *r, struct err *e)
{
	int x;

	if (r->at != 0) {
		x = r->at > 0;
		r->at = MIN(r->at - x, 0);
		return x;
	}
	x = step(r, e);
	if (x != 1)
		r->at = -1;
	return x;
}

static void end(struct sql_rows *r)
{
	sqlite3_reset(r->statement->handle);
	sqlite3_clear_bindings(r->statement->handle);
}

static int64_t column_int(struct sql_rows *r, unsigned column)
{
	return sqlite3_column_int64(r->statement->handle, (int)column);
}

static double column_real(struct sql_rows *r, unsigned column)
{
	return sqlite3_column_double(r->statement->handle, (int)column);
}

static str column_text(struct sql_rows *r, unsigned column)
{
	const unsigned char *p = sqlite3_column_text(r->statement->handle, (int)column);

	return (str){ (const char *)p,
		      (size_t)sqlite3_column_bytes(r->statement->handle, (int)column) };
}

static str column_blob(struct sql_rows *r, unsigned column)
{
	const void *p = sqlite3_column_blob(r->statement->handle, (int)column);

	return (str){ p, (size_t)sqlite3_column_bytes(r->statement->handle, (int)column) };
}

static bool column_null(struct sql_rows *r, unsigned column)
{
	return sqlite3_column_type(r->statement->handle, (int)column) == SQLITE_NULL;
}

static int bulk_begin(struct sql_bulk *b, const char *table, const char *columns, struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	buf_printf(&text, "INSERT INTO %s (%s) VALUES (", table, columns);
	for (size_t i = 1; i <= b->columns; i++)
		buf_printf(&text, "%s?%zu", i > 1 ? "," : "", i);
	buf_byte(&text, ')');
	if (buf_error(&text) < 0)
		return err_set(e, ENOMEM, "no memory for rows in bulk");
	return sql_statement_take(b->sql, buf_cstr(&text), NULL, 0, &b->statement, e);
}

static int bulk_row(struct sql_bulk *b, const struct sql_value *values, size_t count, struct err *e)
{
	sqlite3_stmt *st = b->statement->handle;
	int r = still_open(b->sql, e);

	r = r < 0 ? r : bind_all(b->sql, st, values, count, e);
	if (r == 0 && sqlite3_step(st) != SQLITE_DONE)
		r = fail(b->sql, sqlite3_errcode(handle_of(b->sql)->db), e);
	sqlite3_reset(st);
	return r;
}

static int bulk_end(struct sql_bulk *b, struct err *e)
{
	(void)e;
	sqlite3_clear_bindings(b->statement->handle);
	sql_statement_release(b->sql, b->statement);
	return 0;
}

static int lock(struct sql *s, const char *name, struct err *e)
{
	(void)s, (void)name, (void)e;
	return 0;
}

static int lead(struct sql *s, const char *name, struct err *e)
{
	struct handle *h = handle_of(s);
	OWNED char *path = NULL;
	int fd, r;

	for (size_t i = 0; i < h->lead_count; i++)
		if (h->leads[i].name == str_hash(str_from(name)))
			return 1;
	if (h->lead_count == LEADS)
		return err_set(e, ENOEXEC, "more than %d leads", LEADS);
	if (asprintf(&path, "%s-%s", h->path, name) < 0) {
		path = NULL;
		return err_set(e, ENOMEM, "no memory for a lock's name");
	}
	r = file_lock(path, &fd, e);
	if (r < 0)
		return r == -EBUSY ? 0 : r;
	h->leads[h->lead_count].name = str_hash(str_from(name));
	h->leads[h->lead_count++].fd = fd;
	return 1;
}

static int notify(struct sql *s, const char *channel, str text, struct err *e)
{
	(void)s, (void)channel, (void)text, (void)e;
	return 0;
}

static int listen_to(struct sql *s, const char *channel, struct err *e)
{
	(void)s, (void)channel;
	return err_set(e, EOPNOTSUPP, "SQLite tells nobody of changes");
}

static int wait_for(struct sql *s, int timeout_ms, int wake_fd, struct buf *channel,
		    struct buf *text, struct err *e)
{
	(void)timeout_ms, (void)wake_fd, (void)channel, (void)text;
	return listen_to(s, "", e);
}

const struct sql_engine sql_engine_sqlite = {
	.open = open_store,
	.close = close_store,
	.ready = ready,
	.prepare = prepare,
	.forget = forget,
	.run = run,
	.next = next,
	.end = end,
	.column_int = column_int,
	.column_real = column_real,
	.column_text = column_text,
	.column_blob = column_blob,
	.column_null = column_null,
	.script = script,
	.bulk_begin = bulk_begin,
	.bulk_row = bulk_row,
	.bulk_end = bulk_end,
	.lock = lock,
	.lead = lead,
	.notify = notify,
	.listen = listen_to,
	.wait = wait_for,
	.check = sql_sqlite_check,
	.backup = sql_sqlite_backup,
	.size = sql_sqlite_size,
	.shrink = sql_sqlite_shrink,
};

void *sql_sqlite_db(struct sql *s)
{
	return handle_of(s)->db;
}

const char *sql_sqlite_path(struct sql *s)
{
	return handle_of(s)->path;
}
