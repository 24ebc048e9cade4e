#include "console/store/store.h"

#include "base/clock.h"
#include "base/file.h"
#include "console/store/alerts_priv.h"
#include "console/store/migrate.h"

enum { TRIES = 5 };

int store_prepare(const char *where, struct err *e)
{
	struct sql *sql = NULL;
	int r = sql_open(where, NULL, &sql, e);

	if (r < 0)
		return r;
	r = sql_check(sql, false, e);
	if (r == 0)
		r = migrate(sql, e);
	sql_close(sql);
	return r;
}

/* A console holds the first all its life, and the second, the lead of its clockwork (sql_lead()), since before there was the first. */
static int lock_beside(const char *db, const char *name, int *ret, struct err *e)
{
	OWNED_BUF path = BUF_INIT;
	int r;

	buf_printf(&path, "%s-%s", db, name);
	r = buf_error(&path) < 0 ? err_set(e, ENOMEM, "no memory for a lock's name")
				 : file_lock(buf_cstr(&path), ret, e);
	return r == -EBUSY ? err_set(e, EBUSY, "a console works on '%s': end it first", db) : r;
}

int store_hold(const char *where, int *ret, struct err *e)
{
	OWNED_BUF db = BUF_INIT;
	OWNED_FD console = -1, clock = -1;
	int r;

	*ret = -1;
	if (sql_names_postgres(where))
		return 0;
	sql_file(where, &db);
	r = lock_beside(buf_cstr(&db), "console", &console, e);
	if (r == 0)
		r = lock_beside(buf_cstr(&db), "clock", &clock, e);
	if (r < 0)
		return r;
	*ret = fd_take(&console);
	return 0;
}

int store_open(const char *where, const struct sql_options *o, struct store **ret, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));
	int r = s ? sql_open(where, o, &s->sql, e) : err_set(e, ENOMEM, "no memory for the store");

	if (r < 0) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void store_share(struct store *s, struct series_index *series)
{
	s->series = series;
}

void store_rest(struct store *s)
{
	if (s)
		alert_cache_rest(s);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	alert_cache_free(s->alerts);
	sql_close(s->sql);
	free(s);
}

int store_transact(struct store *s, int (*fn)(struct store *s, void *ctx, struct err *e), void *ctx,
		   struct err *e)
{
	int r = -EAGAIN;

	for (unsigned tried = 0; r == -EAGAIN && tried < TRIES; tried++) {
		r = sql_begin(s->sql, e);
		if (r < 0)
			return r;
		r = sql_end(s->sql, fn(s, ctx, e), e);
	}
	return r;
}

int64_t store_now(void)
{
	return (int64_t)clock_ns(CLOCK_REALTIME);
}
