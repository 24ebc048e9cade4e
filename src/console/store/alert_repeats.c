/* Few alerts stand for several events: theirs are in a table of their own, and the others' rows say nothing of it. */
#include "console/store/alerts_priv.h"

enum { AT_ONCE = 64 };

int alert_repeats_put(struct store *s, const struct alert_repeat *repeats, size_t count,
		      struct err *e)
{
	struct sql_bulk *bulk = NULL;
	int ended, r;

	if (count == 0)
		return 0;
	r = sql_bulk_begin(s->sql, "alert_repeat", "alert, n", &bulk, e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = sql_bulk_row(bulk, SQL_ARGS(SQL_I(repeats[i].alert), SQL_I(repeats[i].n)), e);
	ended = sql_bulk_end(bulk, r < 0 ? NULL : e);
	return r < 0 ? r : ended;
}

static int read_some(struct store *s, struct alert_repeat *repeats, size_t count, struct err *e)
{
	struct sql_value values[AT_ONCE];
	OWNED_ROWS *rows = NULL;
	int r;

	for (size_t i = 0; i < AT_ONCE; i++)
		values[i] = SQL_I(repeats[MIN(i, count - 1)].alert);
	r = sql_query(s->sql, "SELECT alert, n FROM alert_repeat WHERE alert IN " SQL_SIXTY_FOUR,
		      values, AT_ONCE, &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		for (size_t i = 0; i < count; i++)
			if (repeats[i].alert == sql_int(rows, 0))
				repeats[i].n = sql_int(rows, 1);
	return r;
}

int alert_repeats_read(struct store *s, struct alert_repeat *repeats, size_t count, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i += AT_ONCE)
		r = read_some(s, &repeats[i], MIN(count - i, (size_t)AT_ONCE), e);
	return r;
}

int alert_repeats_forget_day(struct store *s, int64_t day, struct err *e)
{
	int r = sql_do(s->sql, "DELETE FROM alert_repeat WHERE alert >= ?1 AND alert < ?2",
		       SQL_ARGS(SQL_I(alert_rows.low(day)), SQL_I(alert_rows.low(day + 1))), e);

	return MIN(r, 0);
}
