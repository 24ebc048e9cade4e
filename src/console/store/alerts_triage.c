#include "base/clock.h"
#include "console/store/alerts_priv.h"

enum { NOTE_MAX = 16384 };

struct triage {
	struct store *s;
	const struct scope *scope;
	enum alert_state state;
	str note, who;
	int64_t now_ns;
	struct alert_cell *cells;
	size_t cell_count;
};

static int note_step(const struct triage *t, int64_t id, struct err *e)
{
	int r = sql_do(t->s->sql,
		       "INSERT INTO alert_step (day, alert, time_ns, who, state, note) "
		       "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		       SQL_ARGS(SQL_I(alert_id_ms(id) / ALERT_DAY_MS), SQL_I(id), SQL_I(t->now_ns),
				SQL_T(t->who), SQL_I(t->state), SQL_T(str_take(t->note, NOTE_MAX))),
		       e);

	return MIN(r, 0);
}

/* The alert's series and state, its row held. @return 1, 0 there is none */
static int read_state(const struct triage *t, int64_t id, int64_t *ret_series, int64_t *ret_state,
		      struct err *e)
{
	const int64_t day = alert_id_ms(id) / ALERT_DAY_MS;
	OWNED_BUF text = BUF_INIT;
	OWNED_ROWS *rows = NULL;
	int64_t there;
	int r = sql_get_int(t->s->sql, "SELECT 1 FROM alert_day WHERE day = ?1",
			    SQL_ARGS(SQL_I(day)), &there, e);

	if (r <= 0)
		return r;
	partition_say(&alert_rows, day, "SELECT series, state FROM {table} WHERE id = ?1", &text);
	r = sql_query(t->s->sql, buf_cstr(&text), SQL_ARGS(SQL_I(id)), &rows, e);
	r = r < 0 ? r : sql_next(rows, e);
	if (r > 0) {
		*ret_series = sql_int(rows, 0);
		*ret_state = sql_int(rows, 1);
	}
	return r;
}

static int set_state(const struct triage *t, int64_t id, struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	partition_say(&alert_rows, alert_id_ms(id) / ALERT_DAY_MS,
		      "UPDATE {table} SET state = ?2, who = ?3 WHERE id = ?1", &text);
	return sql_do(t->s->sql, buf_cstr(&text),
		      SQL_ARGS(SQL_I(id), SQL_I(t->state), SQL_T(t->who)), e);
}

static int triage_one(struct triage *t, int64_t id, struct err *e)
{
	const int64_t hour = alert_id_ms(id) / ALERT_HOUR_MS;
	int64_t series = 0, state = 0;
	int r = id > 0 ? read_state(t, id, &series, &state, e) : 0;

	if (r <= 0 || !alert_in_scope(t->s->alerts, series, t->scope))
		return MIN(r, 0);
	r = note_step(t, id, e);
	if (r < 0 || state == (int64_t)t->state)
		return r;
	r = set_state(t, id, e);
	if (r < 0)
		return r;
	t->cells[t->cell_count++] = (struct alert_cell){ hour, series, state, -1 };
	t->cells[t->cell_count++] = (struct alert_cell){ hour, series, (int64_t)t->state, 1 };
	return 1;
}

int alerts_triage(struct store *s, const struct scope *scope, const int64_t *ids, size_t count,
		  enum alert_state state, str note, str who, int64_t now_ns, struct err *e)
{
	struct triage t = {
		.s = s, .scope = scope, .state = state, .note = note, .who = who, .now_ns = now_ns
	};
	OWNED struct alert_cell *cells = calloc(count * 2 + 1, sizeof(*cells));
	struct alert_cache *c = NULL;
	int changed = 0;
	int r = cells ? alert_cache_get(s, &c, e) : err_set(e, ENOMEM, "no memory to triage");

	t.cells = cells;
	if (r == 0 && !sql_in_transaction(s->sql))
		r = err_set(e, EINVAL, "alerts are triaged inside a transaction");
	/* Counters move with states: in the order everybody takes them, and nobody between reading and changing. */
	r = r < 0 ? r : sql_lock(s->sql, "alerts", e);
	r = r < 0 ? r : alert_cache_refresh(s, e);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = triage_one(&t, ids[i], e);
		changed += r > 0;
	}
	r = r < 0 ? r : alert_counts_add(s, t.cells, t.cell_count, e);
	return r < 0 ? r : changed;
}

int alerts_history(struct store *s, int64_t id, struct arena *a, struct alert_step **ret,
		   size_t *ret_count, struct err *e)
{
	struct alert_step *steps = NULL;
	size_t count = 0, cap = 0;
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql,
			  "SELECT time_ns, who, state, note FROM alert_step WHERE alert = ?1 "
			  "ORDER BY id DESC LIMIT 1000",
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
	if (r < 0)
		return r;
	*ret = steps;
	*ret_count = count;
	return 0;
}
