/*
 * Counters by hour, by day and altogether.
 *
 * Adding to one counter of a server's costs as much as storing the alert. So what happens in an hour that goes on is counted once, in
 * alert_count_recent; when the hour is over its counters are moved to the three tables, in one go. Readers ask the views
 * alert_hourly, alert_daily and alert_total, which show both: sum up what they show.
 */
#include "console/store/alerts_priv.h"

static int by_place(const void *x, const void *y)
{
	const struct alert_cell *a = x, *b = y;

	if (a->hour != b->hour)
		return a->hour < b->hour ? -1 : 1;
	if (a->series != b->series)
		return a->series < b->series ? -1 : 1;
	return (a->state > b->state) - (a->state < b->state);
}

/* Sorts cells and adds up those of the same place. @return how many are left */
static size_t fold_cells(struct alert_cell *cells, size_t count)
{
	size_t n = 0;

	qsort(cells, count, sizeof(*cells), by_place);
	for (size_t i = 0; i < count; i++) {
		if (n && by_place(&cells[n - 1], &cells[i]) == 0)
			cells[n - 1].n += cells[i].n;
		else
			cells[n++] = cells[i];
	}
	return n;
}

static int fill_delta(struct store *s, const struct alert_cell *cells, size_t count, struct err *e)
{
	struct sql_bulk *bulk = NULL;
	int r, ended;

	/* Emptied at the end of the transaction by the server; by us in any case, as there may be two batches in it. */
	r = sql_script(
		s->sql,
		sql_is_postgres(s->sql)
			? "CREATE TEMP TABLE IF NOT EXISTS alert_delta (hour BIGINT, series BIGINT,"
			  " state BIGINT, priority BIGINT, n BIGINT) ON COMMIT DELETE ROWS;\n"
			  "DELETE FROM alert_delta"
			: "CREATE TEMP TABLE IF NOT EXISTS alert_delta (hour BIGINT, series BIGINT,"
			  " state BIGINT, priority BIGINT, n BIGINT);\nDELETE FROM alert_delta",
		e);
	r = r < 0 ? r
		  : sql_bulk_begin(s->sql, "alert_delta", "hour, series, state, priority, n", &bulk,
				   e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct alert_cell *c = &cells[i];
		size_t at = alert_position(s->alerts, c->series);
		/* Whoever counts knows the series: it was looked up under the lock that is held. */
		uint32_t priority =
			at < s->alerts->count ? s->alerts->items[at]->key.priority : PRIORITY_COUNT;

		r = sql_bulk_row(bulk,
				 SQL_ARGS(SQL_I(c->hour), SQL_I(c->series), SQL_I(c->state),
					  SQL_I(priority), SQL_I(c->n)),
				 e);
	}
	ended = sql_bulk_end(bulk, r < 0 ? NULL : e);
	return r < 0 ? r : ended;
}

/* Adds rows of `from`, (hour, series, state, n), that a condition picks to the counters of past hours; ?1: an hour. */
#define ADD_PAST(from, where) \
	"INSERT INTO alert_count_hour (hour, series, state, n) SELECT hour, series, state, n " \
	"FROM " from " WHERE " where " ON CONFLICT (hour, series, state) " \
	"DO UPDATE SET n = alert_count_hour.n + excluded.n", \
		"INSERT INTO alert_count_day (day, series, state, n) " \
		"SELECT hour / 24, series, state, CAST(SUM(n) AS BIGINT) FROM " from \
		" WHERE " where " GROUP BY hour / 24, series, state " \
		"ON CONFLICT (day, series, state) DO UPDATE SET n = alert_count_day.n + " \
		"excluded.n", \
		"INSERT INTO alert_count_all (series, state, n) " \
		"SELECT series, state, CAST(SUM(n) AS BIGINT) FROM " from " WHERE " where \
		" GROUP BY series, state " \
		"ON CONFLICT (series, state) DO UPDATE SET n = alert_count_all.n + excluded.n"

static int do_all(struct store *s, const char *const *statements, size_t count, int64_t hour,
		  struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = sql_do(s->sql, statements[i], SQL_ARGS(SQL_I(hour)), e);
	return MIN(r, 0);
}

static int first_recent(struct store *s, int64_t *ret, struct err *e)
{
	return MIN(0, sql_get_int(s->sql, "SELECT recent FROM alert_counter", SQL_NONE, ret, e));
}

int alert_counts_settle(struct store *s, int64_t hour, struct err *e)
{
	static const char *const settle[] = {
		ADD_PAST("alert_count_recent", "hour < ?1"),
		"DELETE FROM alert_count_recent WHERE hour < ?1",
		"UPDATE alert_counter SET recent = ?1",
	};
	int64_t recent = 0;
	int r = first_recent(s, &recent, e);

	return r < 0 || hour <= recent ? r : do_all(s, settle, ARRAY_LEN(settle), hour, e);
}

int alert_counts_add(struct store *s, struct alert_cell *cells, size_t count, struct err *e)
{
	static const char *const past[] = { ADD_PAST("alert_delta", "hour < ?1") };
	static const char *const now[] = {
		"INSERT INTO alert_count_recent (series, hour, state, n) "
		"SELECT series, hour, state, n FROM alert_delta WHERE hour >= ?1 "
		"ON CONFLICT (series, hour, state) "
		"DO UPDATE SET n = alert_count_recent.n + excluded.n",
	};
	int64_t recent = 0;
	int r;

	count = fold_cells(cells, count);
	if (count == 0)
		return 0;
	r = first_recent(s, &recent, e);
	r = r < 0 ? r : fill_delta(s, cells, count, e);
	/* They are in order: the first is of the earliest hour. */
	if (r == 0 && cells[0].hour < recent)
		r = do_all(s, past, ARRAY_LEN(past), recent, e);
	r = r < 0 ? r : do_all(s, now, ARRAY_LEN(now), recent, e);
	r = r < 0 ? r
		  : sql_do(s->sql,
			   "INSERT INTO alert_count_time (hour, priority, state, n) "
			   "SELECT hour, priority, state, CAST(SUM(n) AS BIGINT) FROM alert_delta "
			   "WHERE TRUE GROUP BY hour, priority, state "
			   "ON CONFLICT (hour, priority, state) "
			   "DO UPDATE SET n = alert_count_time.n + excluded.n",
			   SQL_NONE, e);
	return MIN(r, 0);
}
