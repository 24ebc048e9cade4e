/* What was decided about alerts, in tables a day that go with their alerts' days. */
#include "console/store/alerts_priv.h"

enum { NOTE_MAX = 16384 };

const struct partition_table alert_steps = {
	.name = "alert_decision",
	.columns = "alert BIGINT NOT NULL, no BIGINT NOT NULL, time_ns BIGINT NOT NULL, who {text} "
		   "NOT NULL, state BIGINT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (alert, no)",
	.key = "alert",
	.low = alert_day_low,
};

/* Two moments may be told in the wrong order by clocks that are set: decisions are in that of their numbers. */
static int next_number(struct store *s, int64_t *ret, struct err *e)
{
	int r = sql_get_int(s->sql, "UPDATE alert_counter SET next = next + 1 RETURNING next",
			    SQL_NONE, ret, e);

	return MIN(r, 0);
}

static int put_day(struct store *s, const struct alert_hit *hits, size_t count, int64_t number,
		   const struct alert_decision *to, struct err *e)
{
	const str note = str_take(to->note, NOTE_MAX);
	struct sql_bulk *bulk = NULL;
	OWNED_BUF table = BUF_INIT;
	int r, ended;

	partition_say(&alert_steps, alert_id_day(hits->id), "{table}", &table);
	if (buf_error(&table) < 0)
		return err_set(e, ENOMEM, "no memory for a statement");
	r = sql_bulk_begin(s->sql, buf_cstr(&table), "alert, no, time_ns, who, state, note", &bulk,
			   e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = sql_bulk_row(bulk,
				 SQL_ARGS(SQL_I(hits[i].id), SQL_I(number), SQL_I(to->now_ns),
					  SQL_T(to->who), SQL_I(to->state), SQL_T(note)),
				 e);
	ended = sql_bulk_end(bulk, r < 0 ? NULL : e);
	return r < 0 ? r : ended;
}

int alert_steps_put(struct store *s, const struct alert_hit *hits, size_t count,
		    const struct alert_decision *to, struct err *e)
{
	int64_t number = 0;
	int r = count ? next_number(s, &number, e) : 0;

	for (size_t i = 0, n; r == 0 && i < count; i += n) {
		for (n = 1;
		     i + n < count && alert_id_day(hits[i + n].id) == alert_id_day(hits[i].id);)
			n++;
		r = put_day(s, &hits[i], n, number, to, e);
	}
	return r;
}

int alerts_history(struct store *s, int64_t id, struct arena *a, struct alert_step **ret,
		   size_t *ret_count, struct err *e)
{
	struct alert_step *steps = NULL;
	size_t count = 0, cap = 0;
	OWNED_ROWS *rows = NULL;
	int r = alert_day_query(s, &alert_steps, alert_id_day(id),
				"SELECT time_ns, who, state, note FROM {table} WHERE alert = ?1 "
				"ORDER BY no DESC LIMIT 1000",
				SQL_ARGS(SQL_I(id)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct alert_step *x = ARENA_PUSH(a, steps, count, cap);

		if (x)
			*x = (struct alert_step){ sql_int(rows, 0), sql_text_in(rows, 1, a),
						  sql_text_in(rows, 3, a),
						  (enum alert_state)sql_int(rows, 2) };
		if (!x || !x->who.p || !x->note.p)
			return err_set(e, ENOBUFS, "too many decisions about an alert");
	}
	/* Gone with its day. */
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = steps;
	*ret_count = count;
	return 0;
}

/* ---- Stores of before ---- */

static int take_day(struct sql *s, int64_t day, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int r = partition_make(s, &alert_steps, day, e);

	partition_say(&alert_steps, day,
		      "INSERT INTO {table} (alert, no, time_ns, who, state, note) "
		      "SELECT alert, id, time_ns, who, state, note FROM alert_step WHERE day = ?1",
		      &text);
	if (r == 0 && buf_error(&text) < 0)
		r = err_set(e, ENOMEM, "no memory for a statement");
	return r < 0 ? r : sql_no_count(sql_do(s, buf_cstr(&text), SQL_ARGS(SQL_I(day)), e));
}

/* Days are named first: no table is made while a statement is read. */
static int take_days(struct sql *s, struct arena *a, struct err *e)
{
	int64_t *days = NULL;
	size_t count = 0, cap = 0;
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s, "SELECT day FROM alert_day", SQL_NONE, &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		int64_t *slot = ARENA_PUSH(a, days, count, cap);

		if (!slot)
			return err_set(e, ENOMEM, "no memory for days of alerts");
		*slot = sql_int(rows, 0);
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		r = take_day(s, days[i], e);
	return r;
}

int alert_steps_take_over(struct sql *s, struct err *e)
{
	struct arena a;
	int r;

	arena_init(&a, 0);
	r = take_days(s, &a, e);
	arena_done(&a);
	/* Numbers of decisions to come are greater than any there is. */
	return r < 0 ? r
		     : sql_script(s,
				  "UPDATE alert_counter SET next = {max}(next, "
				  "(SELECT COALESCE(MAX(id), 0) FROM alert_step));\n"
				  "DROP TABLE alert_step",
				  e);
}
