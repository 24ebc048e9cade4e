/*
 * Counters by hour, by day and altogether, many in one value (alert_cells.h).
 *
 * What a transaction adds is one row of alert_cells_new, whatever it is about: nothing is looked up and nothing changed in place. When
 * there are many of these rows, or an hour is over, they are added up: cells of past hours go to alert_cells, in which an hour, a day
 * and the whole are a row each, and what is left becomes one row again. Readers add up both.
 */
#include "console/store/alerts_priv.h"

enum {
	RUNS_MOST = 32,           /* rows of alert_cells_new */
	RUN_CELLS_MOST = 1 << 17, /* cells in them, besides those of the largest */
};

_Static_assert(ALERT_STATE_COUNT == 4, "alert_cells.h packs so many");

struct heap {
	struct alert_cell *items;
	size_t count, cap;
	struct arena arena;
};

static int push(void *ctx, const struct alert_cell *x, struct err *e)
{
	struct heap *h = ctx;
	struct alert_cell *slot = ARENA_PUSH(&h->arena, h->items, h->count, h->cap);

	if (!slot)
		return err_set(e, ENOMEM, "no memory for counters of alerts");
	*slot = *x;
	return 0;
}

static int take_cells(str bytes, alert_cell_fn *take, void *ctx, struct err *e)
{
	struct alert_cells c;
	struct alert_cell x;
	int r = alert_cells_open(bytes, &c, e);

	while (r >= 0 && (r = alert_cells_next(&c, &x, e)) > 0)
		r = take(ctx, &x, e);
	return r;
}

static int put_run(struct store *s, const struct alert_cell *cells, size_t count, struct err *e)
{
	OWNED_BUF packed = BUF_INIT;

	if (count == 0)
		return 0;
	alert_cells_render(cells, count, &packed);
	if (buf_error(&packed) < 0)
		return err_set(e, ENOMEM, "no memory for counters of alerts");
	return sql_do(s->sql,
		      "INSERT INTO alert_cells_new (first, last, n, cells) VALUES (?1, ?2, ?3, ?4)",
		      SQL_ARGS(SQL_I(cells[0].hour), SQL_I(cells[count - 1].hour), SQL_I(count),
			       SQL_B(buf_str(&packed))),
		      e);
}

static int read_place(struct store *s, enum alert_span span, int64_t place, struct heap *h,
		      struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT cells FROM alert_cells WHERE span = ?1 AND place = ?2",
			  SQL_ARGS(SQL_I(span), SQL_I(place)), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	return r <= 0 ? r : take_cells(sql_blob(rows, 0), push, h, e);
}

static int write_place(struct store *s, enum alert_span span, int64_t place, const struct heap *h,
		       struct err *e)
{
	OWNED_BUF packed = BUF_INIT;

	alert_cells_render(h->items, h->count, &packed);
	if (buf_error(&packed) < 0)
		return err_set(e, ENOMEM, "no memory for counters of alerts");
	return sql_do(s->sql,
		      "INSERT INTO alert_cells (span, place, cells) VALUES (?1, ?2, ?3) "
		      "ON CONFLICT (span, place) DO UPDATE SET cells = excluded.cells",
		      SQL_ARGS(SQL_I(span), SQL_I(place), SQL_B(buf_str(&packed))), e);
}

/* The hours a place stands for begin with this one, which its cells name. */
static int64_t first_hour(enum alert_span span, int64_t place)
{
	return span == ALERT_SPAN_DAY ? place * 24 : place;
}

static int64_t place_of(enum alert_span span, int64_t hour)
{
	return span == ALERT_SPAN_ALL ? 0 : span == ALERT_SPAN_DAY ? hour / 24 : hour;
}

/* Adds folded cells of one place, times @p sign. */
static int add_to_place(struct store *s, enum alert_span span, int64_t place, int sign,
			const struct alert_cell *cells, size_t count, struct err *e)
{
	struct heap h = { 0 };
	int r;

	arena_init(&h.arena, 0);
	r = read_place(s, span, place, &h, e);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct alert_cell x = cells[i];

		x.hour = first_hour(span, place);
		x.n *= sign;
		r = push(&h, &x, e);
	}
	h.count = alert_cells_fold(h.items, h.count);
	r = r < 0 ? r : write_place(s, span, place, &h, e);
	arena_done(&h.arena);
	return r;
}

int alert_counts_rewrite(struct store *s, enum alert_span span, int64_t place, struct err *e)
{
	return add_to_place(s, span, place, 1, NULL, 0, e);
}

static int add_to_span(struct store *s, enum alert_span span, const struct alert_cell *cells,
		       size_t count, struct err *e)
{
	int r = 0;

	for (size_t i = 0, n; r >= 0 && i < count; i += n) {
		const int64_t place = place_of(span, cells[i].hour);

		for (n = 1; i + n < count && place_of(span, cells[i + n].hour) == place;)
			n++;
		r = add_to_place(s, span, place, 1, &cells[i], n, e);
	}
	return r;
}

/* Adds up what transactions added: what was before @p hour goes to its places, the rest stays as one row. */
static int gather(struct store *s, int64_t hour, struct err *e)
{
	struct heap h = { 0 };
	size_t past = 0;
	int r;

	arena_init(&h.arena, 0);
	{
		OWNED_ROWS *rows = NULL;

		r = sql_query(s->sql, "SELECT cells FROM alert_cells_new", SQL_NONE, &rows, e);
		while (r >= 0 && (r = sql_next(rows, e)) > 0) {
			r = take_cells(sql_blob(rows, 0), push, &h, e);
			if (r < 0)
				break;
		}
	}
	h.count = alert_cells_fold(h.items, h.count);
	while (past < h.count && h.items[past].hour < hour)
		past++;
	r = r < 0 ? r : add_to_span(s, ALERT_SPAN_HOUR, h.items, past, e);
	r = r < 0 ? r : add_to_span(s, ALERT_SPAN_DAY, h.items, past, e);
	r = r < 0 ? r : add_to_span(s, ALERT_SPAN_ALL, h.items, past, e);
	r = r < 0 ? r : sql_do(s->sql, "DELETE FROM alert_cells_new", SQL_NONE, e);
	r = r < 0 ? r : put_run(s, h.items + past, h.count - past, e);
	arena_done(&h.arena);
	return MIN(r, 0);
}

static int first_recent(struct store *s, int64_t *ret, struct err *e)
{
	return sql_no_count(
		sql_get_int(s->sql, "SELECT recent FROM alert_counter", SQL_NONE, ret, e));
}

int alert_counts_settle(struct store *s, int64_t hour, struct err *e)
{
	int64_t recent = 0;
	int r = first_recent(s, &recent, e);

	if (r < 0 || hour <= recent)
		return r;
	r = gather(s, hour, e);
	r = r < 0 ? r
		  : sql_do(s->sql, "UPDATE alert_counter SET recent = ?1", SQL_ARGS(SQL_I(hour)),
			   e);
	return MIN(r, 0);
}

static int gather_many(struct store *s, struct err *e)
{
	int64_t many = 0, recent = 0;
	int r = sql_get_int(s->sql,
			    "SELECT CASE WHEN COUNT(*) > ?1 OR SUM(n) - MAX(n) > ?2 THEN 1 ELSE 0 "
			    "END FROM alert_cells_new",
			    SQL_ARGS(SQL_I(RUNS_MOST), SQL_I(RUN_CELLS_MOST)), &many, e);

	if (r < 0 || !many)
		return MIN(r, 0);
	r = first_recent(s, &recent, e);
	return r < 0 ? r : gather(s, recent, e);
}

/* By hour and priority alone. Cells are in order of their hours. */
static int add_times(struct store *s, const struct alert_cell *cells, size_t count, struct err *e)
{
	const struct series_view *v = &s->alerts->series;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count;) {
		int64_t n[PRIORITY_COUNT][ALERT_STATE_COUNT] = { { 0 } };
		const int64_t hour = cells[i].hour;

		for (; i < count && cells[i].hour == hour; i++) {
			/* Whoever counts knows the series: it was looked up under the lock that is held. */
			size_t at = series_position(v, cells[i].series);

			if (at < series_count(v))
				n[series_at(v, at)->key.priority % PRIORITY_COUNT]
				 [cells[i].state] += cells[i].n;
		}
		for (int64_t p = 0; r >= 0 && p < PRIORITY_COUNT * ALERT_STATE_COUNT; p++) {
			const int64_t priority = p / ALERT_STATE_COUNT,
				      state = p % ALERT_STATE_COUNT;

			if (n[priority][state])
				r = sql_do(
					s->sql,
					"INSERT INTO alert_count_time (hour, priority, state, n) "
					"VALUES (?1, ?2, ?3, ?4) ON CONFLICT "
					"(hour, priority, state) DO UPDATE "
					"SET n = alert_count_time.n + excluded.n",
					SQL_ARGS(SQL_I(hour), SQL_I(priority), SQL_I(state),
						 SQL_I(n[priority][state])),
					e);
		}
	}
	return MIN(r, 0);
}

int alert_counts_add(struct store *s, struct alert_cell *cells, size_t count, struct err *e)
{
	int r;

	count = alert_cells_fold(cells, count);
	if (count == 0)
		return 0;
	r = put_run(s, cells, count, e);
	r = r < 0 ? r : add_times(s, cells, count, e);
	return r < 0 ? r : gather_many(s, e);
}

int alert_counts_forget_day(struct store *s, int64_t day, struct err *e)
{
	struct heap h = { 0 };
	int64_t recent = 0;
	int r = first_recent(s, &recent, e);

	arena_init(&h.arena, 0);
	r = r < 0 ? r : gather(s, MAX(recent, (day + 1) * 24), e);
	r = r < 0 ? r : read_place(s, ALERT_SPAN_DAY, day, &h, e);
	r = r < 0 ? r : add_to_place(s, ALERT_SPAN_ALL, 0, -1, h.items, h.count, e);
	arena_done(&h.arena);
	r = r < 0 ? r
		  : sql_do(s->sql,
			   "DELETE FROM alert_cells WHERE (span = ?1 AND place = ?2) OR "
			   "(span = ?3 AND place >= ?2 * 24 AND place < (?2 + 1) * 24)",
			   SQL_ARGS(SQL_I(ALERT_SPAN_DAY), SQL_I(day), SQL_I(ALERT_SPAN_HOUR)), e);
	r = r < 0 ? r
		  : sql_do(s->sql,
			   "DELETE FROM alert_count_time "
			   "WHERE hour >= ?1 * 24 AND hour < (?1 + 1) * 24",
			   SQL_ARGS(SQL_I(day)), e);
	return MIN(r, 0);
}

struct stretch {
	int64_t low, high; /* hours */
	alert_cell_fn *take;
	void *ctx;
};

static int take_inside(void *ctx, const struct alert_cell *x, struct err *e)
{
	const struct stretch *s = ctx;

	return x->hour >= s->low && x->hour < s->high ? s->take(s->ctx, x, e) : 0;
}

int alert_counts_read(struct store *s, enum alert_span span, int64_t from, int64_t to,
		      alert_cell_fn *take, void *ctx, struct err *e)
{
	/* Of the row that stands for the whole there is one place, which any hour is in. */
	const int64_t low = span == ALERT_SPAN_ALL ? 0 : first_hour(span, from);
	const int64_t high = span == ALERT_SPAN_ALL ? INT64_MAX : first_hour(span, to);
	struct stretch hours = { low, high, take, ctx };
	OWNED_ROWS *rows = NULL;
	/* One statement: what is moved meanwhile is seen once, here or there. */
	int r = sql_query(s->sql,
			  "SELECT cells FROM alert_cells WHERE span = ?1 AND place >= ?2 "
			  "AND place < ?3 UNION ALL "
			  "SELECT cells FROM alert_cells_new WHERE last >= ?4 AND first < ?5",
			  SQL_ARGS(SQL_I(span), SQL_I(from), SQL_I(to), SQL_I(low), SQL_I(high)),
			  &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		r = take_cells(sql_blob(rows, 0), take_inside, &hours, e);
		if (r < 0)
			break;
	}
	return MIN(r, 0);
}
