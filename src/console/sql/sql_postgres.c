#include "console/sql/sql_postgres_priv.h"

#include <inttypes.h>

#include "base/clock.h"
#include "codec/digest.h"

/* Of pg_type: the types of parameters, and those an answer may have beside them. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_FLOAT8 = 701
};
enum { RETRY_MS = 250, NUMBER_BYTES = 32, PARAMETERS_ON_STACK = 64 };

struct pg *pg_of(const struct sql *s)
{
	return s->handle;
}

static const struct {
	const char *state; /* SQLSTATE or the beginning of one (PostgreSQL, appendix A) */
	int code;
} states[] = {
	{ "23505", EEXIST },
	{ "23503", ENOENT },
	{ "23", EDOM },
	{ "40001", EAGAIN },
	{ "40P01", EAGAIN },
	{ "53100", ENOSPC },
	{ "53200", ENOMEM },
	{ "53300", ETIMEDOUT },
	{ "55P03", ETIMEDOUT },
	{ "57014", ETIMEDOUT },
	{ "57P01", EHOSTUNREACH },
	{ "57P02", EHOSTUNREACH },
	{ "57P03", EHOSTUNREACH },
	{ "08", EHOSTUNREACH },
	{ "42501", EROFS },
	{ "25006", EROFS },
	{ "XX001", EUCLEAN },
	{ "XX002", EUCLEAN },
	{ "42", ENOEXEC },
	{ "22", EDOM },
	{ "26000", EAGAIN },
	{ "54", E2BIG },
};

static int code_of(const char *state)
{
	for (size_t i = 0; state && i < ARRAY_LEN(states); i++)
		if (str_starts(str_from(state), str_from(states[i].state)))
			return states[i].code;
	return EIO;
}

/* The first line of what the server or the library said. */
static str first_line(const char *text)
{
	str rest = str_from(text), line = str_line(&rest);

	return str_trim(line);
}

static int lost(struct sql *s, struct err *e)
{
	s->lost = s->in_transaction;
	pg_of(s)->gone = true;
	return err_set(e, EHOSTUNREACH, "the store's server is away: %.*s",
		       STR_ARG(first_line(PQerrorMessage(pg_of(s)->c))));
}

int pg_fail(struct sql *s, const PGresult *r, struct err *e)
{
	const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	const char *text = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	int code = code_of(state);

	/* Without a code it was not the server that spoke: the library tells that it cannot reach it. */
	if (PQstatus(pg_of(s)->c) != CONNECTION_OK || code == EHOSTUNREACH || !state)
		return lost(s, e);
	/* What it has no word for is nothing that writing again would show to be over. */
	if (code != EIO || str_starts(str_from(state), S("58")))
		sql_tell(s, code, text ? text : state);
	return err_set(e, code, "store: %.*s%s%s",
		       STR_ARG(first_line(text ? text : PQerrorMessage(pg_of(s)->c))),
		       state ? ", SQLSTATE " : "", state ? state : "");
}

static void pass_over_notice(void *ctx, const PGresult *r)
{
	(void)ctx, (void)r;
}

static int script(struct sql *s, const char *text, struct err *e)
{
	PGresult *r = PQexec(pg_of(s)->c, text);
	ExecStatusType status = PQresultStatus(r);
	int x = 0;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
		x = pg_fail(s, r, e);
	else if (str_is(str_from(text), "COMMIT") && str_is(str_from(PQcmdStatus(r)), "ROLLBACK"))
		x = err_set(e, EIO, "the transaction was undone by an earlier error");
	PQclear(r);
	return x;
}

/* What every connection is told first. */
static int greet(struct sql *s, struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	buf_printf(&text,
		   "SET client_min_messages = warning; SET standard_conforming_strings = on;"
		   "SET bytea_output = hex; SET extra_float_digits = 1; SET TIME ZONE 'UTC';"
		   "SET idle_in_transaction_session_timeout = '5min';"
		   "SET lock_timeout = %u; SET statement_timeout = %u;%s",
		   s->options.busy_ms, s->options.statement_ms,
		   s->options.read_only ? "SET default_transaction_read_only = on;" : "");
	if (buf_error(&text) < 0)
		return err_set(e, ENOMEM, "no memory for the store");
	return script(s, buf_cstr(&text), e);
}

static int connect_failed(const struct sql *s, struct err *e)
{
	const struct pg *h = pg_of(s);
	const char *text = PQerrorMessage(h->c);
	int code = EHOSTUNREACH;

	/* Before there is a session the library tells a code only in words. Who was let in once is told that the server is away. */
	if (s->epoch > 1)
		code = EHOSTUNREACH;
	else if (strstr(text, "authentication failed") || strstr(text, "no pg_hba.conf entry") ||
		 strstr(text, "no password supplied") || strstr(text, "not permitted"))
		code = EACCES;
	else if (strstr(text, "FATAL") && strstr(text, "does not exist"))
		code = ENOENT;
	else if (strstr(text, "too many") || strstr(text, "connection slots"))
		code = EUSERS;
	return err_set(e, code, "cannot connect to the store's server: %.*s",
		       STR_ARG(first_line(text)));
}

static int connect_now(struct sql *s, struct err *e)
{
	/* The connection string may say other; these are what it leaves open. */
	static const char *const names[] = { "connect_timeout",
					     "keepalives_idle",
					     "tcp_user_timeout",
					     "application_name",
					     "client_encoding",
					     "dbname",
					     NULL };
	const char *values[] = { "5", "30", "20000", "skep-console", "UTF8", s->where, NULL };
	struct pg *h = pg_of(s);

	PQfinish(h->c);
	h->c = PQconnectdbParams(names, values, 1);
	s->epoch++;
	h->leads = 0;
	h->gone = false;
	h->failed_ms = PQstatus(h->c) == CONNECTION_OK ? 0 : clock_ms(CLOCK_MONOTONIC);
	if (h->failed_ms)
		return connect_failed(s, e);
	PQsetNoticeReceiver(h->c, pass_over_notice, NULL);
	return greet(s, e);
}

static int open_store(struct sql *s, struct err *e)
{
	struct pg *h = calloc(1, sizeof(*h));
	PQconninfoOption *parts;

	if (!h)
		return err_set(e, ENOMEM, "no memory for the store");
	s->handle = h;
	/* The library's complaint about a malformed string would show the password in it. */
	parts = PQconninfoParse(s->where, NULL);
	if (!parts)
		return err_set(e, EINVAL,
			       "the store's connection string is malformed: "
			       "postgresql://USER@HOST:PORT/DATABASE");
	PQconninfoFree(parts);
	return connect_now(s, e);
}

static void close_store(struct sql *s)
{
	struct pg *h = pg_of(s);

	if (!h)
		return;
	PQfinish(h->c);
	free(h);
	s->handle = NULL;
}

static int ready(struct sql *s, struct err *e)
{
	struct pg *h = pg_of(s);

	if (PQstatus(h->c) == CONNECTION_OK && !h->gone)
		return 0;
	/* Each request would wait for a server that is away: one try now and then tells all of them. */
	if (clock_ms(CLOCK_MONOTONIC) - h->failed_ms < RETRY_MS)
		return err_set(e, EHOSTUNREACH, "the store's server is away");
	return connect_now(s, e);
}

static Oid oid_of(const struct sql_value *v)
{
	switch (v->type) {
	case SQL_INTEGER:
		return OID_INT8;
	case SQL_REAL:
		return OID_FLOAT8;
	case SQL_TEXT:
		return OID_TEXT;
	case SQL_BLOB:
		return OID_BYTEA;
	case SQL_NULL:
		break;
	}
	return 0;
}

/* Whether all of its columns can be read as bytes: half of what is sent, and no digits to write and read again. */
static bool answers_in_binary(struct sql *s, const char *name)
{
	PGresult *r = PQdescribePrepared(pg_of(s)->c, name);
	bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;

	for (int i = 0; ok && i < PQnfields(r); i++)
		switch (PQftype(r, i)) {
		case OID_BOOL:
		case OID_BYTEA:
		case OID_INT8:
		case OID_INT4:
		case OID_TEXT:
		case OID_FLOAT8:
			break;
		default:
			ok = false;
		}
	PQclear(r);
	return ok;
}

/* Prepared statements have names here: one for each text and connection, never used twice. */
static int prepare(struct sql *s, struct sql_statement *st, const struct sql_value *values,
		   size_t count, struct err *e)
{
	struct pg *h = pg_of(s);
	struct pg_statement *p = calloc(1, sizeof(*p) + count * sizeof(Oid));
	PGresult *r;
	int x = 0;

	if (!p)
		return err_set(e, ENOMEM, "no memory for a statement");
	for (size_t i = 0; i < count; i++)
		p->types[i] = oid_of(&values[i]);
	snprintf(p->name, sizeof(p->name), "s%" PRIu64, ++h->statements);
	r = PQprepare(h->c, p->name, st->translated, (int)count, p->types);
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		x = pg_fail(s, r, e);
	PQclear(r);
	if (x < 0) {
		free(p);
		return x;
	}
	p->binary = answers_in_binary(s, p->name);
	st->handle = p;
	return 0;
}

static void forget(struct sql *s, struct sql_statement *st)
{
	struct pg *h = pg_of(s);
	struct pg_statement *p = st->handle;
	char text[sizeof(p->name) + sizeof("DEALLOCATE ")];

	/* In a failed transaction the server would refuse; the statement then stays until the connection ends. */
	if (st->epoch == s->epoch && PQstatus(h->c) == CONNECTION_OK &&
	    PQtransactionStatus(h->c) != PQTRANS_INERROR) {
		snprintf(text, sizeof(text), "DEALLOCATE %s", p->name);
		PQclear(PQexec(h->c, text));
	}
	free(p);
	st->handle = NULL;
}

struct bound {
	const char **values;
	int *lengths, *formats;
	char (*numbers)[NUMBER_BYTES];
	struct arena arena;
};

static int bind_all(struct bound *b, const struct sql_value *values, size_t count, struct err *e)
{
	arena_init(&b->arena, 0);
	b->values = ARENA_ARRAY(&b->arena, count, const char *);
	b->lengths = ARENA_ARRAY(&b->arena, count, int);
	b->formats = ARENA_ARRAY(&b->arena, count, int);
	b->numbers = arena_array(&b->arena, count, NUMBER_BYTES);
	if (!b->values || !b->lengths || !b->formats || !b->numbers)
		return err_set(e, ENOMEM, "no memory for a statement's values");
	for (size_t i = 0; i < count; i++) {
		const struct sql_value *v = &values[i];

		b->values[i] = v->type == SQL_NULL ? NULL : b->numbers[i];
		if (v->type == SQL_INTEGER)
			snprintf(b->numbers[i], NUMBER_BYTES, "%" PRId64, v->integer);
		else if (v->type == SQL_REAL)
			snprintf(b->numbers[i], NUMBER_BYTES, "%.17g", v->real);
		if (v->type != SQL_TEXT && v->type != SQL_BLOB)
			continue;
		if (v->text.n > INT32_MAX)
			return err_set(e, E2BIG, "a value of %zu bytes", v->text.n);
		/* Text in binary is the same bytes, with a length instead of an end. */
		b->values[i] = v->text.p ? v->text.p : "";
		b->lengths[i] = (int)v->text.n;
		b->formats[i] = 1;
	}
	return 0;
}

static int run(struct sql_rows *r, const struct sql_value *values, size_t count, struct err *e)
{
	struct pg_statement *p = r->statement->handle;
	struct bound b = { 0 };
	ExecStatusType status;
	PGresult *x;
	int result = bind_all(&b, values, count, e);

	if (result < 0) {
		arena_done(&b.arena);
		return result;
	}
	x = PQexecPrepared(pg_of(r->sql)->c, p->name, (int)count, b.values, b.lengths, b.formats,
			   p->binary);
	arena_done(&b.arena);
	status = PQresultStatus(x);
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
		result = pg_fail(r->sql, x, e);
		PQclear(x);
		return result;
	}
	r->result = x;
	r->at = -1;
	r->count = PQntuples(x);
	if (!str_starts(str_from(PQcmdStatus(x)), S("SELECT")))
		r->changed = (int)strtol(PQcmdTuples(x), NULL, 10);
	return 0;
}

static int next(struct sql_rows *r, struct err *e)
{
	(void)e;
	if (r->at < r->count)
		r->at++;
	return r->at < r->count;
}

static void end(struct sql_rows *r)
{
	PQclear(r->result);
}

static bool column_null(struct sql_rows *r, unsigned column)
{
	return PQgetisnull(r->result, r->at, (int)column) != 0;
}

/* The column as it came. */
static str raw(struct sql_rows *r, unsigned column)
{
	if (column_null(r, column))
		return (str){ NULL, 0 };
	return (str){ PQgetvalue(r->result, r->at, (int)column),
		      (size_t)PQgetlength(r->result, r->at, (int)column) };
}

static bool is_binary(struct sql_rows *r, unsigned column)
{
	return PQfformat(r->result, (int)column) == 1;
}

/* A whole number of 1, 4 or 8 bytes, the highest first. */
static int64_t whole(str t)
{
	uint64_t n = t.n && t.n < sizeof(n) && *t.p < 0 ? UINT64_MAX : 0;

	for (size_t i = 0; i < t.n; i++)
		n = n << 8 | (unsigned char)t.p[i];
	return (int64_t)n;
}

static double column_real(struct sql_rows *r, unsigned column)
{
	str t = raw(r, column);
	int64_t word;
	double x;

	if (t.n == 0)
		return 0;
	if (!is_binary(r, column))
		return strtod(t.p, NULL);
	word = whole(t);
	if (PQftype(r->result, (int)column) != OID_FLOAT8)
		return (double)word;
	memcpy(&x, &word, sizeof(x));
	return x;
}

static int64_t column_int(struct sql_rows *r, unsigned column)
{
	str t = raw(r, column);

	if (is_binary(r, column))
		return PQftype(r->result, (int)column) == OID_FLOAT8
			       ? (int64_t)column_real(r, column)
			       : whole(t);
	if (t.n && (*t.p == 't' || *t.p == 'f'))
		return *t.p == 't';
	return t.n ? strtoll(t.p, NULL, 10) : 0;
}

static char *scratch(struct sql_rows *r, size_t n)
{
	if (!r->made_scratch) {
		arena_init(&r->scratch, 0);
		r->made_scratch = true;
	}
	return arena_alloc(&r->scratch, n);
}

static str column_text(struct sql_rows *r, unsigned column)
{
	const Oid type = PQftype(r->result, (int)column);
	str t = raw(r, column);
	char *out;

	if (!t.p || !is_binary(r, column) || type == OID_TEXT || type == OID_BYTEA)
		return t;
	out = scratch(r, NUMBER_BYTES);
	if (!out)
		return (str){ NULL, 0 };
	if (type == OID_FLOAT8)
		snprintf(out, NUMBER_BYTES, "%.17g", column_real(r, column));
	else
		snprintf(out, NUMBER_BYTES, "%" PRId64, whole(t));
	return str_from(out);
}

/* "\x0a0b..." to bytes, in this row's scratch. */
static str column_blob(struct sql_rows *r, unsigned column)
{
	str t = raw(r, column);
	char *out;

	if (t.n < 2 || is_binary(r, column) || PQftype(r->result, (int)column) != OID_BYTEA)
		return t;
	out = scratch(r, t.n / 2);
	if (!out)
		return (str){ NULL, 0 };
	return hex_parse(str_skip(t, 2), (uint8_t *)out) == 0 ? (str){ out, t.n / 2 - 1 }
							      : (str){ NULL, 0 };
}

const struct sql_engine sql_engine_postgres = {
	.postgres = true,
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
	.bulk_begin = pg_bulk_begin,
	.bulk_row = pg_bulk_row,
	.bulk_end = pg_bulk_end,
	.lock = pg_lock,
	.lead = pg_lead,
	.notify = pg_notify,
	.listen = pg_listen,
	.wait = pg_wait,
	.check = pg_check,
	.backup = pg_backup,
	.size = pg_size,
	.shrink = pg_shrink,
};
