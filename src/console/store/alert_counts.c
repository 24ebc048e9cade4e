/* Counters by hour, by day and altogether: added to, and read. */
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
			  " state BIGINT, n BIGINT) ON COMMIT DELETE ROWS;\nDELETE FROM alert_delta"
			: "CREATE TEMP TABLE IF NOT EXISTS alert_delta (hour BIGINT, series BIGINT,"
			  " state BIGINT, n BIGINT);\nDELETE FROM alert_delta",
		e);
	r = r < 0 ? r : sql_bulk_begin(s->sql, "alert_delta", "hour, series, state, n", &bulk, e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = sql_bulk_row(bulk,
				 SQL_ARGS(SQL_I(cells[i].hour), SQL_I(cells[i].series),
					  SQL_I(cells[i].state), SQL_I(cells[i].n)),
				 e);
	ended = sql_bulk_end(bulk, r < 0 ? NULL : e);
	return r < 0 ? r : ended;
}

int alert_counts_add(struct store *s, struct alert_cell *cells, size_t count, struct err *e)
{
	static const char *const add[] = {
		"INSERT INTO alert_count_hour (hour, series, state, n) "
		"SELECT hour, series, state, n FROM alert_delta WHERE TRUE "
		"ON CONFLICT (hour, series, state) DO UPDATE SET n = alert_count_hour.n + "
		"excluded.n",
		"INSERT INTO alert_count_day (day, series, state, n) "
		"SELECT hour / 24, series, state, CAST(SUM(n) AS BIGINT) FROM alert_delta WHERE "
		"TRUE "
		"GROUP BY hour / 24, series, state "
		"ON CONFLICT (day, series, state) DO UPDATE SET n = alert_count_day.n + excluded.n",
		"INSERT INTO alert_count_all (series, state, n) "
		"SELECT series, state, CAST(SUM(n) AS BIGINT) FROM alert_delta WHERE TRUE GROUP BY "
		"series, state "
		"ON CONFLICT (series, state) DO UPDATE SET n = alert_count_all.n + excluded.n",
		"INSERT INTO alert_count_time (hour, priority, state, n) "
		"SELECT d.hour, s.priority, d.state, CAST(SUM(d.n) AS BIGINT) FROM alert_delta d "
		"JOIN alert_series s ON s.id = d.series WHERE TRUE GROUP BY d.hour, s.priority, "
		"d.state "
		"ON CONFLICT (hour, priority, state) DO UPDATE SET n = alert_count_time.n + "
		"excluded.n",
	};
	int r;

	count = fold_cells(cells, count);
	r = count ? fill_delta(s, cells, count, e) : 0;
	for (size_t i = 0; count && r >= 0 && i < ARRAY_LEN(add); i++)
		r = sql_do(s->sql, add[i], SQL_NONE, e);
	return MIN(r, 0);
}
