#include "base/clock.h"
#include "console/store/alert_tally.h"

enum {
	HOURS_READ = 36, /* of a range longer than this, days are counted */
};

struct draw {
	struct store *s;
	const struct alert_filter *f;
	struct alert_match match;
	int64_t from, to; /* milliseconds */
	int64_t step;
	struct alert_bucket *buckets;
	size_t count;
	bool cut;
};

static void add(struct draw *d, int64_t ms, uint32_t priority, int64_t n)
{
	int64_t at = (ms - d->from) / d->step;

	if (ms >= d->from && at < (int64_t)d->count && priority < PRIORITY_COUNT)
		d->buckets[at].counts[priority] += n;
}

/* The priority of a series that matches, PRIORITY_COUNT of another. */
static uint32_t priority_of(const struct draw *d, int64_t series, int64_t state)
{
	size_t at = alert_match_position(&d->match, series);

	if (at == d->match.count || d->match.missed[at] ||
	    (d->f->states && !(d->f->states & 1U << state)))
		return PRIORITY_COUNT;
	return series_at(&d->match.cache->series, at)->key.priority;
}

/* Steps of @p unit, as many as are wanted at most, that cover the range. */
static int lay_out(struct draw *d, int64_t unit, size_t wanted, struct arena *a, struct err *e)
{
	int64_t units, each;

	d->from -= d->from % unit;
	units = MAX((d->to - d->from + unit - 1) / unit, 1);
	each = (units + (int64_t)wanted - 1) / (int64_t)wanted;
	d->step = each * unit;
	d->count = (size_t)((units + each - 1) / each);
	d->buckets = ARENA_ARRAY(a, d->count, struct alert_bucket);
	return d->buckets ? 0 : err_set(e, ENOBUFS, "no memory to count alerts");
}

static int draw_walked(struct draw *d, struct arena *a, struct err *e)
{
	struct alert_walk *w = NULL;
	struct alert_hit h;
	int r = alert_walk_new(d->s, d->f, 0, ALERT_READ_MOST, a, &w, e);

	if (r == 0)
		d->match = *alert_walk_match(w);
	while (r >= 0 && (r = alert_walk_next(w, &h, e)) > 0)
		add(d, alert_id_ms(h.id), priority_of(d, h.series, h.state), 1);
	if (r == 0)
		d->cut = alert_walk_at(w) != 0;
	return r;
}

/* By the hour and priority: of the series nothing is asked. */
static int draw_time(struct draw *d, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(d->s->sql,
			  "SELECT hour, priority, state, n FROM alert_count_time "
			  "WHERE hour >= ?1 AND hour * 3600000 < ?2",
			  SQL_ARGS(SQL_I(d->from / ALERT_HOUR_MS), SQL_I(d->to)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		uint32_t priority = (uint32_t)sql_int(rows, 1);

		if (d->f->priorities && !(d->f->priorities & 1U << priority))
			continue;
		if (!d->f->states || d->f->states & 1U << sql_int(rows, 2))
			add(d, sql_int(rows, 0) * ALERT_HOUR_MS, priority, sql_int(rows, 3));
	}
	return r;
}

static int draw_cell(void *ctx, const struct alert_cell *x, struct err *e)
{
	struct draw *d = ctx;

	(void)e;
	add(d, x->hour * ALERT_HOUR_MS, priority_of(d, x->series, x->state), x->n);
	return 0;
}

static int draw_counters(struct draw *d, bool days, struct err *e)
{
	const int64_t unit = days ? ALERT_DAY_MS : ALERT_HOUR_MS;

	return alert_counts_read(d->s, days ? ALERT_SPAN_DAY : ALERT_SPAN_HOUR, d->from / unit,
				 (d->to + unit - 1) / unit, draw_cell, d, e);
}

/* The range a filter leaves open ends with what there is. */
static int set_range(struct draw *d, struct err *e)
{
	int64_t first = 0, last = 0;
	int r = sql_get_int(d->s->sql, "SELECT COALESCE(MIN(hour), 0) FROM alert_count_time",
			    SQL_NONE, &first, e);

	r = r < 0 ? r
		  : sql_get_int(d->s->sql, "SELECT COALESCE(MAX(hour), 0) FROM alert_count_time",
				SQL_NONE, &last, e);
	if (r < 0)
		return r;
	d->from = d->f->since_ns > 0 ? alert_ms_from(d->f->since_ns) : first * ALERT_HOUR_MS;
	d->to = d->f->until_ns > 0 ? alert_ms_from(d->f->until_ns) : (last + 1) * ALERT_HOUR_MS;
	d->to = MAX(d->to, d->from + 1);
	return 0;
}

static int draw(struct draw *d, size_t wanted, struct arena *a, struct arena *scratch,
		struct err *e)
{
	bool days = d->to - d->from > HOURS_READ * ALERT_HOUR_MS;
	int64_t crowd = 0;
	int r = alert_crowd(d->s, d->from, d->to, &crowd, e);

	if (r < 0)
		return r;
	if (alert_filter_is_particular(d->f) || crowd <= ALERT_READ_MOST) {
		r = lay_out(d, 1, wanted, a, e);
		return r < 0 ? r : draw_walked(d, scratch, e);
	}
	if (d->match.by_priority) {
		r = lay_out(d, ALERT_HOUR_MS, wanted, a, e);
		return r < 0 ? r : draw_time(d, e);
	}
	r = lay_out(d, days ? ALERT_DAY_MS : ALERT_HOUR_MS, wanted, a, e);
	return r < 0 ? r : draw_counters(d, days, e);
}

int alerts_histogram(struct store *s, const struct alert_filter *f, size_t buckets, struct arena *a,
		     struct alert_histogram *ret, struct err *e)
{
	struct draw d = { .s = s, .f = f };
	struct arena scratch;
	int r;

	if (buckets == 0 || buckets > 10000)
		return err_set(e, EINVAL, "a histogram has 1 to 10000 buckets");
	arena_init(&scratch, 0);
	r = alert_match_series(s, f, &scratch, &d.match, e);
	r = r < 0 ? r : set_range(&d, e);
	r = r < 0 ? r : draw(&d, buckets, a, &scratch, e);
	arena_done(&scratch);
	if (r < 0)
		return r;
	*ret = (struct alert_histogram){ .from_ns = d.from * (int64_t)MS_NS,
					 .to_ns = (d.from + d.step * (int64_t)d.count) *
						  (int64_t)MS_NS,
					 .bucket_ns = d.step * (int64_t)MS_NS,
					 .buckets = d.buckets,
					 .count = d.count,
					 .cut = d.cut };
	return 0;
}
