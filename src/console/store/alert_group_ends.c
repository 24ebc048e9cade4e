#include "console/store/alert_groups_priv.h"

enum {
	DAYS = 4096,
	PROBES =
		64, /* series that are asked one by one; where there are more, their hour is read */
};

/* A series that has alerts in an hour. */
struct place {
	int64_t hour;
	size_t series; /* position */
};

struct look {
	struct group_search *s;
	bool found; /* something that is wanted */
	struct place *places;
	size_t place_count, place_cap;
	uint32_t *touched; /* groups found in this hour */
	size_t touched_count, touched_cap;
	struct arena arena; /* of a day */
};

int group_search_open(struct grouping *g, bool newest, struct group_search *ret, struct err *e)
{
	const int64_t to = g->f->until_ns > 0 ? alert_ms_from(g->f->until_ns) : ALERT_END_MS;
	const int64_t from = alert_ms_from(g->f->since_ns);
	struct group_search s = { .g = g,
				  .newest = newest,
				  .range = { alert_low_id(from), alert_low_id(to) },
				  .days = ARENA_ARRAY(&g->arena, DAYS, int64_t) };
	OWNED_ROWS *rows = NULL;
	int r;

	if (!s.days)
		return err_set(e, ENOBUFS, "no memory to look at alerts");
	r = sql_query(g->s->sql,
		      newest ? "SELECT day FROM alert_day WHERE day >= ?1 AND day <= ?2 AND "
			       "alerts > 0 ORDER BY day DESC"
			     : "SELECT day FROM alert_day WHERE day >= ?1 AND day <= ?2 AND "
			       "alerts > 0 ORDER BY day",
		      SQL_ARGS(SQL_I(from / ALERT_DAY_MS), SQL_I(to / ALERT_DAY_MS)), &rows, e);
	while (r >= 0 && s.day_count < DAYS && (r = sql_next(rows, e)) > 0)
		s.days[s.day_count++] = sql_int(rows, 0);
	if (r < 0)
		return r;
	for (size_t i = 0; i < g->count; i++)
		s.left += g->groups[i].wanted;
	*ret = s;
	return 0;
}

static bool is_wanted(const struct grouping *g, size_t position)
{
	size_t count;
	const uint32_t *of = group_of(g, position, &count);

	for (size_t i = 0; i < count; i++)
		if (g->groups[of[i]].wanted)
			return true;
	return false;
}

static bool cell_is_wanted(const struct grouping *g, const struct alert_cell *x, size_t *ret)
{
	const struct alert_match *m = &g->tally.match;
	const size_t at = alert_match_position(m, x->series);

	*ret = at;
	return at < m->count && m->missed[at] == 0 &&
	       (!g->f->states || g->f->states & 1U << x->state) && is_wanted(g, at);
}

static int note_day(void *ctx, const struct alert_cell *x, struct err *e)
{
	struct look *l = ctx;
	size_t at;

	(void)e;
	l->found = l->found || cell_is_wanted(l->s->g, x, &at);
	return 0;
}

static int note_hour(void *ctx, const struct alert_cell *x, struct err *e)
{
	struct look *l = ctx;
	struct place *p;
	size_t at;

	if (!cell_is_wanted(l->s->g, x, &at))
		return 0;
	p = ARENA_PUSH(&l->arena, l->places, l->place_count, l->place_cap);
	if (!p)
		return err_set(e, ENOBUFS, "no memory to look at alerts");
	*p = (struct place){ x->hour, at };
	return 0;
}

static int oldest_first(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->hour != b->hour)
		return a->hour < b->hour ? -1 : 1;
	return (a->series > b->series) - (a->series < b->series);
}

static int newest_first(const void *x, const void *y)
{
	return oldest_first(y, x);
}

static int take_found(struct look *l, int64_t series, struct alert_ends ends, struct err *e)
{
	struct grouping *g = l->s->g;
	const size_t at = alert_match_position(&g->tally.match, series);
	size_t count = 0;
	const uint32_t *of = NULL;

	if (at < g->tally.match.count && g->tally.match.missed[at] == 0)
		of = group_of(g, at, &count);
	for (size_t i = 0; i < count; i++) {
		struct group *x = &g->groups[of[i]];
		uint32_t *touched;

		if (!x->wanted)
			continue;
		touched = ARENA_PUSH(&l->arena, l->touched, l->touched_count, l->touched_cap);
		if (!touched)
			return err_set(e, ENOBUFS, "no memory to look at alerts");
		*touched = of[i];
		if (l->s->newest)
			alert_ends_widen(&x->ends, 0, ends.last);
		else
			alert_ends_widen(&x->ends, ends.first, 0);
	}
	return 0;
}

/* Alerts of an hour, of one series or all. */
static int ask(struct look *l, int64_t hour, int64_t series, struct err *e)
{
	const struct group_search *s = l->s;
	const int64_t from = alert_low_id(hour * ALERT_HOUR_MS);
	const int64_t to = alert_low_id((hour + 1) * ALERT_HOUR_MS);
	OWNED_BUF text = BUF_INIT;
	OWNED_ROWS *rows = NULL;
	int r;

	buf_printf(&text,
		   "SELECT series, MIN(id), MAX(id) FROM {table} WHERE id >= ?1 AND id < ?2%s",
		   series ? " AND series = ?3" : "");
	alert_say_states(s->g->f->states, &text);
	buf_add(&text, S(" GROUP BY series"));
	if (buf_error(&text) < 0)
		return err_set(e, ENOMEM, "no memory for a statement");
	r = alert_day_query(s->g->s, &alert_rows, s->days[s->day], buf_cstr(&text),
			    (const struct sql_value[]){ SQL_I(MAX(from, s->range.first)),
							SQL_I(MIN(to, s->range.last)),
							SQL_I(series) },
			    series ? 3 : 2, &rows, e);
	if (r == -ENOENT)
		return 0;
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		r = take_found(l, sql_int(rows, 0),
			       (struct alert_ends){ sql_int(rows, 1), sql_int(rows, 2) }, e);
		if (r < 0)
			break;
	}
	return MIN(r, 0);
}

/* Those of an hour; of them who was found later, or before, is passed over. */
static int look_at_hour(struct look *l, struct place *places, size_t count, struct err *e)
{
	const struct series_view *v = &l->s->g->tally.match.cache->series;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < count; i++)
		if ((n == 0 || places[n - 1].series != places[i].series) &&
		    is_wanted(l->s->g, places[i].series))
			places[n++] = places[i];
	if (n > PROBES)
		r = ask(l, places[0].hour, 0, e);
	for (size_t i = 0; n <= PROBES && r == 0 && i < n; i++)
		r = ask(l, places[i].hour, series_at(v, places[i].series)->id, e);
	/* Only now: another series of the group may have had a later one in this hour. */
	for (size_t i = 0; i < l->touched_count; i++) {
		l->s->left -= l->s->g->groups[l->touched[i]].wanted;
		l->s->g->groups[l->touched[i]].wanted = false;
	}
	l->touched_count = 0;
	return r;
}

static int look_at_day(struct look *l, int64_t day, struct err *e)
{
	struct store *s = l->s->g->s;
	int r = alert_counts_read(s, ALERT_SPAN_DAY, day, day + 1, note_day, l, e);

	if (r == 0 && l->found)
		r = alert_counts_read(s, ALERT_SPAN_HOUR, day * 24, day * 24 + 24, note_hour, l, e);
	if (l->place_count)
		qsort(l->places, l->place_count, sizeof(*l->places),
		      l->s->newest ? newest_first : oldest_first);
	for (size_t i = 0, n; r == 0 && l->s->left && i < l->place_count; i += n) {
		for (n = 1; i + n < l->place_count && l->places[i + n].hour == l->places[i].hour;)
			n++;
		r = look_at_hour(l, &l->places[i], n, e);
	}
	return r;
}

int group_search_day(struct group_search *s, struct err *e)
{
	struct look l = { .s = s };
	int r;

	if (s->day == s->day_count)
		return 0;
	arena_init(&l.arena, 0);
	r = look_at_day(&l, s->days[s->day], e);
	arena_done(&l.arena);
	s->day++;
	return r < 0 ? r : 1;
}
