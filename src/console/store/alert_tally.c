#include "console/store/alert_tally.h"

#include "base/clock.h"

struct range {
	int64_t from, to; /* milliseconds, [from, to) */
};

static int64_t up(int64_t n, int64_t by)
{
	return (n + by - 1) / by;
}

void alert_ends_widen(struct alert_ends *x, int64_t first, int64_t last)
{
	if (first && (!x->first || first < x->first))
		x->first = first;
	x->last = MAX(x->last, last);
}

static void add(struct alert_tally *t, int64_t series, int64_t state, int64_t n,
		struct alert_ends ends)
{
	size_t at = alert_match_position(&t->match, series);

	if (at == t->match.count || state < 0 || state >= ALERT_STATE_COUNT)
		return;
	at = at * ALERT_STATE_COUNT + (size_t)state;
	t->n[at] += n;
	if (t->ends)
		alert_ends_widen(&t->ends[at], ends.first, ends.last);
}

static void add_repeats(struct alert_tally *t, int64_t series, int64_t state, int64_t n)
{
	size_t at = alert_match_position(&t->match, series);

	if (t->repeats && at < t->match.count && state >= 0 && state < ALERT_STATE_COUNT)
		t->repeats[at * ALERT_STATE_COUNT + (size_t)state] += n;
}

static int add_cell(void *ctx, const struct alert_cell *x, struct err *e)
{
	(void)e;
	if (x->series >= ALERT_REPEATS) {
		add_repeats(ctx, x->series - ALERT_REPEATS, x->state, x->n);
		return 0;
	}
	add(ctx, x->series, x->state, x->n, (struct alert_ends){ 0 });
	return 0;
}

static int add_span(struct store *s, struct alert_tally *t, enum alert_span span, int64_t from,
		    int64_t to, struct err *e)
{
	t->ends = NULL;
	return from < to ? alert_counts_read(s, span, from, to, add_cell, t, e) : 0;
}

/* Counts alerts themselves, in [from, to) of one day. */
static int add_part(struct store *s, struct alert_tally *t, int64_t day, struct range x,
		    struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = alert_day_query(s, &alert_rows, day,
				"SELECT series, state, COUNT(*), MIN(id), MAX(id), "
				"CAST(SUM(repeats) AS BIGINT) FROM {table} "
				"WHERE id >= ?1 AND id < ?2 "
				"GROUP BY series, state",
				SQL_ARGS(SQL_I(alert_low_id(x.from)), SQL_I(alert_low_id(x.to))),
				&rows, e);

	if (r == -ENOENT)
		return 0;
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		add(t, sql_int(rows, 0), sql_int(rows, 1), sql_int(rows, 2),
		    (struct alert_ends){ sql_int(rows, 3), sql_int(rows, 4) });
		add_repeats(t, sql_int(rows, 0), sql_int(rows, 1), sql_int(rows, 5));
	}
	return r;
}

static int add_alerts(struct store *s, struct alert_tally *t, struct range x, struct err *e)
{
	OWNED_ROWS *days = NULL;
	int r;

	if (x.from >= x.to)
		return 0;
	r = sql_query(s->sql, "SELECT day FROM alert_day WHERE day >= ?1 AND day <= ?2",
		      SQL_ARGS(SQL_I(x.from / ALERT_DAY_MS), SQL_I((x.to - 1) / ALERT_DAY_MS)),
		      &days, e);
	while (r >= 0 && (r = sql_next(days, e)) > 0) {
		r = add_part(s, t, sql_int(days, 0), x, e);
		if (r < 0)
			break;
	}
	return MIN(r, 0);
}

int alert_crowd(struct store *s, int64_t from_ms, int64_t to_ms, int64_t *ret, struct err *e)
{
	int r = sql_get_int(
		s->sql,
		"SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM alert_count_time "
		"WHERE hour >= ?1 AND hour < ?2",
		SQL_ARGS(SQL_I(from_ms / ALERT_HOUR_MS), SQL_I(up(to_ms, ALERT_HOUR_MS))), ret, e);

	return MIN(r, 0);
}

/* A piece of an hour at an end of the range: read, or where it is too crowded taken whole. */
static int add_end(struct store *s, struct alert_tally *t, struct range x, struct err *e)
{
	int64_t crowd = 0, hour = x.from / ALERT_HOUR_MS;
	int r = x.from < x.to ? alert_crowd(s, x.from, x.to, &crowd, e) : 0;

	if (r < 0 || crowd == 0)
		return r;
	if (crowd <= 4 * ALERT_READ_MOST)
		return add_alerts(s, t, x, e);
	t->cut = true;
	return add_span(s, t, ALERT_SPAN_HOUR, hour, hour + 1, e);
}

static int add_range(struct store *s, struct alert_tally *t, struct range x, struct err *e)
{
	const int64_t first = up(x.from, ALERT_HOUR_MS), last = x.to / ALERT_HOUR_MS;
	const int64_t first_day = up(first, 24), last_day = last / 24;
	int64_t crowd = 0;
	int r = alert_crowd(s, x.from, x.to, &crowd, e);

	if (r < 0 || crowd == 0)
		return r;
	if (crowd <= ALERT_READ_MOST || first >= last)
		return add_alerts(s, t, x, e);
	r = add_end(s, t, (struct range){ x.from, first * ALERT_HOUR_MS }, e);
	r = r < 0 ? r : add_end(s, t, (struct range){ last * ALERT_HOUR_MS, x.to }, e);
	if (r < 0)
		return r;
	if (first_day >= last_day)
		return add_span(s, t, ALERT_SPAN_HOUR, first, last, e);
	r = add_span(s, t, ALERT_SPAN_HOUR, first, first_day * 24, e);
	r = r < 0 ? r : add_span(s, t, ALERT_SPAN_DAY, first_day, last_day, e);
	return r < 0 ? r : add_span(s, t, ALERT_SPAN_HOUR, last_day * 24, last, e);
}

static int add_walked(struct alert_walk *w, struct alert_tally *t, struct err *e)
{
	struct alert_hit h;
	int r;

	while ((r = alert_walk_next(w, &h, e)) > 0) {
		add(t, h.series, h.state, 1, (struct alert_ends){ h.id, h.id });
		add_repeats(t, h.series, h.state, h.repeats);
	}
	t->cut = r == 0 && alert_walk_at(w) != 0;
	return r;
}

static int add_counted(struct store *s, const struct alert_filter *f, struct alert_tally *t,
		       struct err *e)
{
	struct range x = { alert_ms_from(f->since_ns),
			   f->until_ns > 0 ? alert_ms_from(f->until_ns) : ALERT_END_MS };

	return f->since_ns <= 0 && f->until_ns <= 0 ? add_span(s, t, ALERT_SPAN_ALL, 0, 1, e)
						    : add_range(s, t, x, e);
}

int alert_tally(struct store *s, const struct alert_filter *f, bool in_full, struct arena *a,
		struct alert_tally *ret, struct err *e)
{
	struct alert_tally t = { 0 };
	struct alert_walk *w = NULL;
	int r = alert_filter_is_particular(f) ? alert_walk_new(s, f, 0, ALERT_READ_MOST, a, &w, e)
					      : alert_match_series(s, f, a, &t.match, e);

	if (r < 0)
		return r;
	if (w)
		t.match = *alert_walk_match(w);
	t.n = ARENA_ARRAY(a, t.match.count * ALERT_STATE_COUNT, int64_t);
	if (in_full) {
		t.ends = ARENA_ARRAY(a, t.match.count * ALERT_STATE_COUNT, struct alert_ends);
		t.repeats = ARENA_ARRAY(a, t.match.count * ALERT_STATE_COUNT, int64_t);
	}
	if (!t.n || (in_full && (!t.ends || !t.repeats)))
		return err_set(e, ENOBUFS, "no memory to count alerts");
	r = w ? add_walked(w, &t, e) : add_counted(s, f, &t, e);
	if (r == 0)
		*ret = t;
	return r;
}
