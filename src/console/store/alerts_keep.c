/* How much is kept: days made ahead, dropped when they are old or the store grows too large. */
#include "console/store/alerts_priv.h"

struct day {
	int64_t day, now_ns;
};

/* Of a day's tables. */
static const struct partition_table *const tables[] = { &alert_rows, &alert_docs, &alert_steps };

int alert_day_make(struct store *s, int64_t day, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(tables); i++)
		r = partition_make(s->sql, tables[i], day, e);
	return r;
}

static int make_day(struct store *s, void *ctx, struct err *e)
{
	const struct day *d = ctx;
	int64_t first = d->now_ns / DAY_NS;
	int r = sql_lock(s->sql, "alerts", e);

	for (int64_t day = first; r == 0 && day <= first + 1; day++) {
		r = sql_do(s->sql,
			   "INSERT INTO alert_day (day, alerts, bytes) VALUES (?1, 0, 0) ON "
			   "CONFLICT (day) DO NOTHING",
			   SQL_ARGS(SQL_I(day)), e);
		r = r <= 0 ? r : alert_day_make(s, day, e);
	}
	return r;
}

int alerts_prepare_days(struct store *s, int64_t now_ns, struct err *e)
{
	struct day d = { .now_ns = now_ns };

	return sql_no_count(store_transact(s, make_day, &d, e));
}

int alerts_stock(struct store *s, struct alert_stock *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(
		s->sql,
		"SELECT CAST(COALESCE(SUM(alerts), 0) AS BIGINT), CAST(COALESCE(SUM(bytes), 0) AS "
		"BIGINT),"
		" COALESCE(MIN(day), 0), COALESCE(MAX(day), 0) FROM alert_day WHERE alerts > 0",
		SQL_NONE, &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r < 0)
		return r;
	*ret = (struct alert_stock){ sql_int(rows, 0), sql_int(rows, 1), sql_int(rows, 2),
				     sql_int(rows, 3) };
	return 0;
}

struct used {
	const struct series_view *all;
	bool *series; /* by position */
};

static int note_used(void *ctx, const struct alert_cell *x, struct err *e)
{
	struct used *u = ctx;
	size_t at = series_position(u->all, x->series);

	(void)e;
	if (at < series_count(u->all))
		u->series[at] = true;
	return 0;
}

/* @return how many went */
static int forget_unused(struct store *s, const struct used *u, struct err *e)
{
	const size_t count = series_count(u->all);
	struct sql_value ids[64];
	size_t n = 0;
	int gone = 0, r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (!u->series[i])
			ids[n++] = SQL_I(series_at(u->all, i)->id);
		if (n == 0 || (n < ARRAY_LEN(ids) && i + 1 < count))
			continue;
		for (size_t k = n; k < ARRAY_LEN(ids); k++)
			ids[k] = ids[n - 1];
		r = sql_do(s->sql, "DELETE FROM alert_series WHERE id IN " SQL_SIXTY_FOUR, ids,
			   ARRAY_LEN(ids), e);
		gone += MAX(r, 0);
		n = 0;
	}
	return r < 0 ? r : gone;
}

/* Series nobody is of any more: who knows them by heart learns by the epoch that they are gone. */
static int forget_series(struct store *s, struct err *e)
{
	struct alert_cache *c = NULL;
	struct used u = { 0 };
	struct arena a;
	int r = alert_cache_get(s, &c, e);

	r = r < 0 ? r : alert_cache_refresh(s, e);
	if (r < 0)
		return r;
	arena_init(&a, 0);
	u = (struct used){ &c->series, ARENA_ARRAY(&a, series_count(&c->series), bool) };
	r = u.series ? alert_counts_read(s, ALERT_SPAN_ALL, 0, 1, note_used, &u, e)
		     : err_set(e, ENOMEM, "no memory for names of alerts");
	r = r < 0 ? r : forget_unused(s, &u, e);
	arena_done(&a);
	alert_cache_doubt(s);
	return r <= 0 ? r
		      : sql_do(s->sql, "UPDATE alert_counter SET epoch = epoch + 1", SQL_NONE, e);
}

static int drop_day(struct store *s, void *ctx, struct err *e)
{
	const struct day *d = ctx;
	int r = sql_lock(s->sql, "alerts", e);

	r = r < 0 ? r : alert_counts_forget_day(s, d->day, e);
	r = r < 0 ? r
		  : sql_do(s->sql, "DELETE FROM alert_day WHERE day = ?1", SQL_ARGS(SQL_I(d->day)),
			   e);
	r = r < 0 ? r : forget_series(s, e);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(tables); i++)
		r = partition_drop(s->sql, tables[i], d->day, e);
	return r;
}

static int oldest_day(struct store *s, int64_t *ret, struct err *e)
{
	return sql_get_int(s->sql, "SELECT day FROM alert_day ORDER BY day LIMIT 1", SQL_NONE, ret,
			   e);
}

static int too_large(struct store *s, int64_t max_bytes, struct err *e)
{
	int64_t bytes = 0, spare = 0;
	int r = max_bytes > 0 ? sql_size(s->sql, &bytes, &spare, e) : 0;

	return r < 0 ? r : max_bytes > 0 && bytes - spare > max_bytes;
}

int alerts_retain(struct store *s, int64_t before_ns, int64_t max_bytes, struct err *e)
{
	const int64_t today = store_now() / DAY_NS;
	int dropped = 0;

	for (;;) {
		struct day d = { 0 };
		int64_t bytes = 0, spare = 0;
		int r = oldest_day(s, &d.day, e);

		if (r > 0 && d.day < today && (d.day + 1) * DAY_NS > before_ns)
			r = too_large(s, max_bytes, e);
		if (r <= 0 || d.day >= today) {
			r = r < 0 || !dropped ? r : sql_size(s->sql, &bytes, &spare, e);
			r = r < 0 || !spare ? r : sql_shrink(s->sql, spare, e);
			return r < 0 ? r : dropped;
		}
		r = store_transact(s, drop_day, &d, e);
		if (r < 0)
			return r;
		dropped++;
	}
}
