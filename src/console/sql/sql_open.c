#include "console/sql/sql_priv.h"

#include <unistd.h>

enum { BUSY_MS = 10000 };

static void free_statements(struct sql *s)
{
	for (size_t i = 0; i < SQL_CACHE; i++) {
		struct sql_statement *st = s->cache[i];

		if (!st)
			continue;
		if (st->handle && s->handle)
			s->engine->forget(s, st);
		free(st->text);
		free(st->translated);
		free(st);
		s->cache[i] = NULL;
	}
}

/* What nobody calls a folder: an address of any scheme, of PostgreSQL's with a slip too, and libpq's keys and values. */
static bool looks_like_address(str where)
{
	static const char *const slips[] = { "postgres:", "postgresql:", "postgres//",
					     "postgresql//" };

	for (size_t i = 0; i < ARRAY_LEN(slips); i++)
		if (str_starts(where, str_from(slips[i])))
			return true;
	return str_find(where, '=') < where.n || str_search(where, S("://")) < where.n;
}

static bool is_there(const char *where)
{
	OWNED_BUF path = BUF_INIT;

	sql_file(where, &path);
	return buf_error(&path) == 0 && access(buf_cstr(&path), F_OK) == 0;
}

int sql_check_where(const char *where, struct err *e)
{
	if (sql_names_postgres(where) || where[0] == '/' || where[0] == '.')
		return 0;
	if (where[0] && (!looks_like_address(str_from(where)) || is_there(where)))
		return 0;
	return err_set(e, EINVAL,
		       "give postgresql://USER@HOST:PORT/DATABASE, or for SQLite a folder's path "
		       "that begins "
		       "with / or .");
}

int sql_open(const char *where, const struct sql_options *o, struct sql **ret, struct err *e)
{
	struct sql *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, ENOMEM, "no memory for a connection to the store");
	s->engine = sql_names_postgres(where) ? &sql_engine_postgres : &sql_engine_sqlite;
	if (o)
		s->options = *o;
	if (!s->options.busy_ms)
		s->options.busy_ms = BUSY_MS;
	s->where = strdup(where);
	r = s->where ? s->engine->open(s, e) : err_set(e, ENOMEM, "no memory");
	if (r < 0) {
		sql_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void sql_close(struct sql *s)
{
	if (!s)
		return;
	sql_rollback(s);
	free_statements(s);
	s->engine->close(s);
	buf_done(&s->scratch);
	free(s->where);
	free(s);
}

int sql_lead(struct sql *s, const char *name, struct err *e)
{
	int r = s->in_transaction ? 0 : s->engine->ready(s, e);

	return r < 0 ? r : s->engine->lead(s, name, e);
}

int sql_notify(struct sql *s, const char *channel, str text, struct err *e)
{
	OWNED_BUF mended = BUF_INIT;
	int r = s->in_transaction ? 0 : s->engine->ready(s, e);

	return r < 0 ? r : s->engine->notify(s, channel, sql_well_formed(text, &mended), e);
}

int sql_listen(struct sql *s, const char *channel, struct err *e)
{
	int r = s->engine->ready(s, e);

	return r < 0 ? r : s->engine->listen(s, channel, e);
}

int sql_wait(struct sql *s, int timeout_ms, int wake_fd, struct buf *channel, struct buf *text,
	     struct err *e)
{
	return s->engine->wait(s, timeout_ms, wake_fd, channel, text, e);
}

int sql_check(struct sql *s, bool thorough, struct err *e)
{
	int r = s->in_transaction ? 0 : s->engine->ready(s, e);

	return r < 0 ? r : s->engine->check(s, thorough, e);
}

int sql_backup(struct sql *s, const char *path, struct err *e)
{
	return s->engine->backup(s, path, e);
}

int sql_size(struct sql *s, int64_t *ret_bytes, int64_t *ret_free, struct err *e)
{
	int r = s->in_transaction ? 0 : s->engine->ready(s, e);

	return r < 0 ? r : s->engine->size(s, ret_bytes, ret_free, e);
}

int sql_shrink(struct sql *s, int64_t bytes, struct err *e)
{
	return s->engine->shrink(s, bytes, e);
}
