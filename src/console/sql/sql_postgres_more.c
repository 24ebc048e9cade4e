/* What PostgreSQL has beyond statements: COPY, locks, messages. */
#include "console/sql/sql_postgres_priv.h"

#include <endian.h>
#include <poll.h>

#include "base/clock.h"

enum { FLUSH_BYTES = 256 << 10 };

/* COPY's binary form: signature, flags, length of an extension that is not there (PostgreSQL, COPY). */
static const char copy_head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";

int pg_bulk_begin(struct sql_bulk *b, const char *table, const char *columns, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	PGresult *r;
	int x = 0;

	buf_printf(&text, "COPY %s (%s) FROM STDIN (FORMAT binary)", table, columns);
	if (buf_error(&text) < 0)
		return err_set(e, ENOMEM, "no memory for rows in bulk");
	r = PQexec(pg_of(b->sql)->c, buf_cstr(&text));
	if (PQresultStatus(r) != PGRES_COPY_IN)
		x = pg_fail(b->sql, r, e);
	PQclear(r);
	buf_add(&b->out, (str){ copy_head, sizeof(copy_head) });
	return x;
}

static int flush(struct sql_bulk *b, struct err *e)
{
	if (buf_error(&b->out) < 0)
		return err_set(e, ENOMEM, "no memory for rows in bulk");
	if (b->out.n && PQputCopyData(pg_of(b->sql)->c, b->out.p, (int)b->out.n) != 1)
		return pg_fail(b->sql, NULL, e);
	buf_reset(&b->out);
	return 0;
}

static void add_u32(struct buf *out, uint32_t n)
{
	uint32_t big = htobe32(n);

	buf_add(out, (str){ (const char *)&big, sizeof(big) });
}

static void add_value(struct buf *out, const struct sql_value *v)
{
	uint64_t word = (uint64_t)v->integer;

	if (v->type == SQL_NULL) {
		add_u32(out, UINT32_MAX);
		return;
	}
	if (v->type == SQL_TEXT || v->type == SQL_BLOB) {
		add_u32(out, (uint32_t)v->text.n);
		buf_add(out, v->text);
		return;
	}
	if (v->type == SQL_REAL)
		memcpy(&word, &v->real, sizeof(word));
	word = htobe64(word);
	add_u32(out, sizeof(word));
	buf_add(out, (str){ (const char *)&word, sizeof(word) });
}

int pg_bulk_row(struct sql_bulk *b, const struct sql_value *values, size_t count, struct err *e)
{
	uint16_t columns = htobe16((uint16_t)count);

	buf_add(&b->out, (str){ (const char *)&columns, sizeof(columns) });
	for (size_t i = 0; i < count; i++)
		add_value(&b->out, &values[i]);
	return b->out.n < FLUSH_BYTES ? 0 : flush(b, e);
}

int pg_bulk_end(struct sql_bulk *b, struct err *e)
{
	PGconn *c = pg_of(b->sql)->c;
	PGresult *r;
	int x = 0;

	if (b->error == 0) {
		buf_add(&b->out, S("\377\377"));
		x = flush(b, e);
	}
	if (PQputCopyEnd(c, b->error < 0 || x < 0 ? "a row could not be made" : NULL) != 1)
		return x < 0 ? x : pg_fail(b->sql, NULL, e);
	while ((r = PQgetResult(c))) {
		if (PQresultStatus(r) != PGRES_COMMAND_OK && x == 0)
			x = pg_fail(b->sql, r, e);
		PQclear(r);
	}
	return x;
}

/* Advisory locks have numbers; those of transactions and of leads must not meet. */
static int64_t lock_number(const char *kind, const char *name)
{
	return (int64_t)(str_hash(str_from(kind)) ^ str_hash(str_from(name)) * 31);
}

int pg_lock(struct sql *s, const char *name, struct err *e)
{
	int64_t ignored;
	int r = sql_get_int(s, "SELECT 1 FROM pg_advisory_xact_lock(?1)",
			    SQL_ARGS(SQL_I(lock_number("transaction", name))), &ignored, e);

	return MIN(r, 0);
}

int pg_lead(struct sql *s, const char *name, struct err *e)
{
	struct pg *h = pg_of(s);
	uint64_t number = (uint64_t)lock_number("lead", name);
	int64_t got = 0;
	int r;

	/* The server gives a lock again to who has it; what is asked is whether it still knows us. */
	if (h->leads == number) {
		r = sql_get_int(s, "SELECT 1", SQL_NONE, &got, e);
		return r < 0 ? r : h->leads == number;
	}
	r = sql_get_int(s, "SELECT pg_try_advisory_lock(?1)", SQL_ARGS(SQL_I((int64_t)number)),
			&got, e);
	if (r > 0 && got)
		h->leads = number;
	return r < 0 ? r : got != 0;
}

int pg_notify(struct sql *s, const char *channel, str text, struct err *e)
{
	int64_t ignored;
	int r = sql_get_int(s, "SELECT 1 FROM pg_notify(?1, ?2)",
			    SQL_ARGS(SQL_T(str_from(channel)), SQL_T(text)), &ignored, e);

	return MIN(r, 0);
}

int pg_listen(struct sql *s, const char *channel, struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	for (const char *c = channel; *c; c++)
		if (!(*c >= 'a' && *c <= 'z') && *c != '_')
			return err_set(e, ENOEXEC, "'%s' is no channel's name", channel);
	buf_printf(&text, "LISTEN %s", channel);
	return sql_script(s, buf_cstr(&text), e);
}

static int take_message(struct sql *s, struct buf *channel, struct buf *text)
{
	PGnotify *n = PQnotifies(pg_of(s)->c);

	if (!n)
		return 0;
	buf_reset(channel);
	buf_reset(text);
	buf_add(channel, str_from(n->relname));
	buf_add(text, str_from(n->extra));
	PQfreemem(n);
	return 1;
}

int pg_wait(struct sql *s, int timeout_ms, int wake_fd, struct buf *channel, struct buf *text,
	    struct err *e)
{
	struct pollfd fds[2] = { { .fd = PQsocket(pg_of(s)->c), .events = POLLIN },
				 { .fd = wake_fd, .events = POLLIN } };
	uint64_t end = clock_ms(CLOCK_MONOTONIC) + (uint64_t)MAX(timeout_ms, 0);

	for (;;) {
		uint64_t now = clock_ms(CLOCK_MONOTONIC);
		int left = timeout_ms < 0 ? -1 : now < end ? (int)(end - now) : 0;

		if (take_message(s, channel, text))
			return 1;
		if (PQstatus(pg_of(s)->c) != CONNECTION_OK || fds[0].fd < 0)
			return err_set(e, EHOSTUNREACH, "the store's server is away");
		if (poll(fds, 2, left) < 0 && errno != EINTR)
			return err_sys(e, errno, "cannot wait for the store");
		if (fds[1].revents)
			return 0;
		if (fds[0].revents && !PQconsumeInput(pg_of(s)->c))
			return pg_fail(s, NULL, e);
		if (!fds[0].revents && left == 0)
			return 0;
	}
}

int pg_check(struct sql *s, bool thorough, struct err *e)
{
	int64_t version = 0, utf8 = 0;
	int r = sql_get_int(s, "SELECT current_setting('server_version_num')::bigint", SQL_NONE,
			    &version, e);

	(void)thorough; /* pg_amcheck is the server's own. */
	r = r < 0 ? r
		  : sql_get_int(s, "SELECT current_setting('server_encoding') = 'UTF8'", SQL_NONE,
				&utf8, e);
	if (r < 0)
		return r;
	if (version < 150000)
		return err_set(e, EOPNOTSUPP, "PostgreSQL %lld is too old: 15 or newer",
			       (long long)version / 10000);
	return utf8 ? 0
		    : err_set(e, EOPNOTSUPP,
			      "the database's encoding is not UTF8: createdb -E UTF8");
}

int pg_backup(struct sql *s, const char *path, struct err *e)
{
	(void)s, (void)path;
	return err_set(e, EOPNOTSUPP, "PostgreSQL is copied by its own pg_dump");
}

int pg_size(struct sql *s, int64_t *ret_bytes, int64_t *ret_free, struct err *e)
{
	int r = sql_get_int(s, "SELECT pg_database_size(current_database())", SQL_NONE, ret_bytes,
			    e);

	*ret_free = 0;
	return MIN(r, 0);
}

int pg_shrink(struct sql *s, int64_t bytes, struct err *e)
{
	(void)s, (void)bytes, (void)e;
	return 0;
}
