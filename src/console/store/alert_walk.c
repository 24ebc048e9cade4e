#include "console/store/alert_walk.h"

#include "base/clock.h"
#include "console/store/alerts_priv.h"

enum {
	LOOKS = 200000,   /* alerts looked at by their rows in one walk */
	DOC_LOOKS = 8000, /* or by their documents */
	DOC_MS = 40,      /* or so long */
	CHUNK_FIRST = 128,
	CHUNK_MOST = 8192,
	DOC_CHUNK = 128,  /* documents fetched by one statement */
	PROBES = 512,     /* series that are worth being asked one by one */
	PROBE_WORTH = 20, /* rows one may look at instead of asking once */
	DAYS = 4096,
};

/* Where a chunk ends that nothing of its day follows; less than any id, whichever way they are counted. */
#define NOTHING_LEFT INT64_MIN

enum how { HOW_SCAN, HOW_TRIAGED, HOW_SERIES, HOW_CONTAINER };

struct alert_walk {
	struct store *s;
	const struct alert_filter *f;
	struct arena *a;
	struct alert_match match;
	enum how how;
	unsigned states;
	int64_t low, at; /* ids still to be seen, as aim() counts them: [low, at) */
	int64_t days[DAYS];
	size_t day_count, day;
	/* HOW_SERIES: those there are on a day; and by position, the day each was last found on. */
	int64_t *keys, *seen;
	size_t key_count;
	int64_t keys_day; /* plus one; 0: none yet */
	int64_t matching; /* how many alerts of series that match there are */
	size_t wanted, chunk_size;
	size_t looks, doc_looks;
	uint64_t doc_end_ms; /* when enough documents were looked at, however many */
	bool looks_at_docs, spent, done;
	struct alert_hit *chunk;
	size_t chunk_count, chunk_at, chunk_cap;
};

/* A walk goes down. One that has the oldest first counts ids below zero, and goes down all the same. Its own inverse. */
static int64_t aim(const struct alert_walk *w, int64_t id)
{
	return w->f->oldest_first ? -id : id;
}

static void set_range(struct alert_walk *w, int64_t cursor)
{
	int64_t from = alert_low_id(alert_ms_from(w->f->since_ns));
	int64_t to = w->f->until_ns ? alert_low_id(alert_ms_from(w->f->until_ns)) : INT64_MAX;

	if (w->f->oldest_first) {
		w->at = 1 - MAX(from, cursor > 0 ? cursor + 1 : 0);
		w->low = 1 - to;
	} else {
		w->at = cursor > 0 ? MIN(to, cursor) : to;
		w->low = from;
	}
}

static int load_days(struct alert_walk *w, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	const int64_t first = alert_id_day(aim(w, w->at - 1)), last = alert_id_day(aim(w, w->low));
	int r = sql_query(w->s->sql,
			  w->f->oldest_first
				  ? "SELECT day FROM alert_day WHERE day >= ?1 AND day <= ?2 AND "
				    "alerts > 0 ORDER BY day"
				  : "SELECT day FROM alert_day WHERE day <= ?1 AND day >= ?2 AND "
				    "alerts > 0 ORDER BY day DESC",
			  SQL_ARGS(SQL_I(first), SQL_I(last)), &rows, e);

	while (r >= 0 && w->day_count < DAYS && (r = sql_next(rows, e)) > 0)
		w->days[w->day_count++] = sql_int(rows, 0);
	return MIN(r, 0);
}

static bool series_matches(const struct alert_walk *w, int64_t series)
{
	size_t at = alert_match_position(&w->match, series);

	return at < w->match.count && w->match.missed[at] == 0;
}

static int take_sum(void *ctx, const struct alert_cell *x, struct err *e)
{
	struct alert_walk *w = ctx;

	(void)e;
	if (series_matches(w, x->series))
		w->matching += x->n;
	return 0;
}

/* Each once, however many cells it has. */
static int take_key(void *ctx, const struct alert_cell *x, struct err *e)
{
	struct alert_walk *w = ctx;
	size_t at = alert_match_position(&w->match, x->series);

	(void)e;
	if (at == w->match.count || w->match.missed[at] || w->seen[at] == w->keys_day)
		return 0;
	w->seen[at] = w->keys_day;
	w->keys[w->key_count++] = x->series;
	return 0;
}

/* Which of the series that match there are on the day it is at. */
static int find_keys(struct alert_walk *w, struct err *e)
{
	const int64_t day = w->days[w->day];

	if (w->keys_day == day + 1)
		return 0;
	if (!w->keys) {
		w->keys = ARENA_ARRAY(w->a, w->match.matching, int64_t);
		w->seen = ARENA_ARRAY(w->a, w->match.count, int64_t);
	}
	if (!w->keys || !w->seen)
		return err_set(e, ENOBUFS, "too many series of alerts");
	w->key_count = 0;
	w->keys_day = day + 1;
	return alert_counts_read(w->s, ALERT_SPAN_DAY, day, day + 1, take_key, w, e);
}

/* How it goes: from series to series when those that match are few and far between. */
static int choose(struct alert_walk *w, struct err *e)
{
	int64_t all = 0;
	int r;

	if (w->f->containers.count) {
		w->how = HOW_CONTAINER;
		return 0;
	}
	if (!(w->states & 1U << ALERT_OPEN)) {
		w->how = HOW_TRIAGED;
		return 0;
	}
	if (w->match.all || w->match.matching > PROBES)
		return 0;
	r = alert_counts_read(w->s, ALERT_SPAN_ALL, 0, 1, take_sum, w, e);
	r = r < 0 ? r
		  : sql_get_int(w->s->sql, "SELECT CAST(SUM(alerts) AS BIGINT) FROM alert_day",
				SQL_NONE, &all, e);
	if (r < 0)
		return r;
	if (w->matching > 0 &&
	    (int64_t)w->wanted * all / w->matching <= (int64_t)w->match.matching * PROBE_WORTH)
		return 0;
	w->how = HOW_SERIES;
	return 0;
}

int alert_walk_new(struct store *s, const struct alert_filter *f, int64_t cursor, size_t wanted,
		   struct arena *a, struct alert_walk **ret, struct err *e)
{
	struct alert_walk *w = ARENA_NEW(a, struct alert_walk);
	int r;

	if (!w)
		return err_set(e, ENOBUFS, "no memory to look at alerts");
	w->s = s;
	w->f = f;
	w->a = a;
	w->wanted = wanted;
	w->chunk_size = MIN(MAX(wanted + 1, CHUNK_FIRST), CHUNK_MOST);
	w->states = f->states ? f->states : (1U << ALERT_STATE_COUNT) - 1;
	w->looks_at_docs = f->text.n || f->holds;
	w->doc_end_ms = clock_ms(CLOCK_MONOTONIC) + DOC_MS;
	set_range(w, cursor);
	r = alert_match_series(s, f, a, &w->match, e);
	w->done = w->match.matching == 0 || w->low >= w->at;
	if (r == 0 && !w->done)
		r = load_days(w, e);
	if (r == 0 && !w->done)
		r = choose(w, e);
	if (r == 0)
		*ret = w;
	return r;
}

const struct alert_match *alert_walk_match(const struct alert_walk *w)
{
	return &w->match;
}

/* Of a series that was made since the walk began: not among what was asked for. One that should be known is damage (describe()). */
static bool came_later(const struct alert_walk *w, int64_t series)
{
	return series > w->match.last;
}

static bool row_matches(const struct alert_walk *w, struct sql_rows *rows)
{
	if (w->f->pods.count) {
		bool found = false;

		for (size_t i = 0; !found && i < w->f->pods.count; i++)
			found = alert_container_key(w->f->pods.items[i]) == sql_int(rows, 5);
		if (!found)
			return false;
	}
	return w->match.all ? !came_later(w, sql_int(rows, 1))
			    : series_matches(w, sql_int(rows, 1));
}

static int take_row(struct alert_walk *w, struct sql_rows *rows, struct err *e)
{
	struct alert_hit *h = ARENA_PUSH(w->a, w->chunk, w->chunk_count, w->chunk_cap);

	if (h)
		*h = (struct alert_hit){ .id = sql_int(rows, 0),
					 .series = sql_int(rows, 1),
					 .state = sql_int(rows, 2),
					 .received_ms = sql_int(rows, 3),
					 .repeats = sql_int(rows, 6),
					 .container = sql_int(rows, 7) };
	if (h && sql_text(rows, 4).n)
		h->who = sql_text_in(rows, 4, w->a);
	return h && (h->who.p || sql_text(rows, 4).n == 0)
		       ? 0
		       : err_set(e, ENOBUFS, "too many alerts at once");
}

/*
 * Rows of one day from w->at on, at most `limit`, that the statement's key names.
 * @param ret_last  the last id looked at, as aim() counts; or NOTHING_LEFT
 */
static int ask(struct alert_walk *w, const char *also, int64_t key, int64_t floor, size_t limit,
	       int64_t *ret_last, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	OWNED_BUF text = BUF_INIT;
	size_t seen = 0;
	int64_t last = 0;
	int r;

	buf_printf(
		&text,
		"SELECT id, series, state, received_ms, who, pod, repeats, container FROM {table} "
		"WHERE %s%s",
		w->f->oldest_first ? "id > ?1 AND id <= ?2" : "id < ?1 AND id >= ?2", also);
	alert_say_states(w->states, &text);
	buf_printf(&text, " ORDER BY id%s LIMIT ?3", w->f->oldest_first ? "" : " DESC");
	if (buf_error(&text) < 0)
		return err_set(e, ENOMEM, "no memory for a statement");
	r = alert_day_query(w->s, &alert_rows, w->days[w->day], buf_cstr(&text),
			    (const struct sql_value[]){ SQL_I(aim(w, w->at)),
							SQL_I(aim(w, MAX(floor, w->low))),
							SQL_I(limit), SQL_I(key) },
			    key ? 4 : 3, &rows, e);
	if (r == -ENOENT) {
		*ret_last = NOTHING_LEFT;
		return 0;
	}
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		seen++;
		last = sql_int(rows, 0);
		r = row_matches(w, rows) ? take_row(w, rows, e) : 0;
		if (r < 0)
			break;
	}
	w->looks += seen;
	*ret_last = seen == limit ? aim(w, last) : NOTHING_LEFT;
	return MIN(r, 0);
}

static int by_id_down(const void *x, const void *y)
{
	const struct alert_hit *a = x, *b = y;

	return (a->id < b->id) - (a->id > b->id);
}

static int by_id_up(const void *x, const void *y)
{
	return by_id_down(y, x);
}

static void cut_chunk(struct alert_walk *w, size_t most)
{
	qsort(w->chunk, w->chunk_count, sizeof(*w->chunk),
	      w->f->oldest_first ? by_id_up : by_id_down);
	w->chunk_count = MIN(w->chunk_count, most);
}

/* Asks each key for its first, keeping the first of all: what is behind those need not be asked for any more. */
static int ask_keys(struct alert_walk *w, const char *also, const int64_t *keys, size_t count,
		    int64_t *ret_last, struct err *e)
{
	const size_t most = w->looks_at_docs ? CHUNK_FIRST : w->wanted + 1;
	int64_t reached = NOTHING_LEFT; /* from here up every key's rows were seen */

	for (size_t i = 0; i < count; i++) {
		int64_t last;
		int r = ask(w, also, keys[i], reached, most, &last, e);

		if (r < 0)
			return r;
		reached = MAX(reached, last);
		if (w->chunk_count < most)
			continue;
		cut_chunk(w, most);
		reached = MAX(reached, aim(w, w->chunk[most - 1].id));
	}
	if (w->chunk_count)
		cut_chunk(w, most);
	while (w->chunk_count && aim(w, w->chunk[w->chunk_count - 1].id) < reached)
		w->chunk_count--;
	*ret_last = reached;
	return 0;
}

static int ask_series(struct alert_walk *w, int64_t *ret_last, struct err *e)
{
	int r = find_keys(w, e);

	return r < 0 ? r : ask_keys(w, " AND series = ?4", w->keys, w->key_count, ret_last, e);
}

static int ask_containers(struct alert_walk *w, int64_t *ret_last, struct err *e)
{
	size_t n = w->f->containers.count;
	int64_t *keys = ARENA_ARRAY(w->a, n, int64_t);

	if (!keys)
		return err_set(e, ENOBUFS, "too many containers");
	for (size_t i = 0; i < n; i++)
		keys[i] = alert_container_key(w->f->containers.items[i]);
	return ask_keys(w, " AND container = ?4 AND container <> 0", keys, n, ret_last, e);
}

/* The next chunk of rows of this day; goes to the next day when it has no more. */
static int fill_chunk(struct alert_walk *w, struct err *e)
{
	int64_t last = NOTHING_LEFT, day;
	int r;

	w->chunk_count = w->chunk_at = 0;
	if (w->how == HOW_SERIES)
		r = ask_series(w, &last, e);
	else if (w->how == HOW_CONTAINER)
		r = ask_containers(w, &last, e);
	else
		r = ask(w, w->how == HOW_TRIAGED ? " AND state <> 0" : "", 0, w->low, w->chunk_size,
			&last, e);
	if (r < 0)
		return r;
	w->chunk_size = MIN(w->chunk_size * 2, CHUNK_MOST);
	if (last != NOTHING_LEFT) {
		w->at = last;
		return 0;
	}
	day = w->days[w->day++];
	w->at = MIN(w->at, w->f->oldest_first ? 1 - alert_rows.low(day + 1) : alert_rows.low(day));
	return 0;
}

static bool holds_words(const struct alert_walk *w, const struct alert_hit *h, size_t position)
{
	const struct series_view *series = &w->match.cache->series;
	str rest = w->f->text;

	while (rest.n) {
		str word = str_cut(&rest, ' ');
		bool found = word.n == 0 || alert_text_has(h->doc, word);

		for (unsigned t = 0; !found && t < ALERT_TEXT_COUNT; t++)
			found = alert_text_has(series_text(series, series_at(series, position),
							   (enum alert_text)t),
					       word);
		if (!found)
			return false;
	}
	return true;
}

/* Whether the document holds what the filter asks of it. */
static int judge(struct alert_walk *w, struct alert_hit *h, struct err *e)
{
	size_t at = alert_match_position(&w->match, h->series);
	struct stored_alert a = { .id = h->id,
				  .state = (enum alert_state)h->state,
				  .received_ns = h->received_ms * (int64_t)MS_NS,
				  .who = h->who };

	if (at == w->match.count || !h->doc.p || !holds_words(w, h, at))
		return 0;
	if (!w->f->holds)
		return 1;
	a.series = series_describe(w->match.cache, series_at(&w->match.cache->series, at), w->a);
	if (!a.series)
		return err_set(e, ENOBUFS, "too many alerts at once");
	a.doc = h->doc;
	return w->f->holds(w->f->ctx, &a);
}

static bool saw_enough_docs(const struct alert_walk *w)
{
	return w->doc_looks >= DOC_LOOKS ||
	       (w->doc_looks && clock_ms(CLOCK_MONOTONIC) > w->doc_end_ms);
}

/* The next row that matches; its document read in company of those behind it. */
static int next_row(struct alert_walk *w, struct alert_hit **ret, struct err *e)
{
	while (w->chunk_at == w->chunk_count && !w->spent) {
		int r;

		if (w->day == w->day_count)
			return 0;
		if (w->looks >= LOOKS || saw_enough_docs(w)) {
			w->spent = true;
			return 0;
		}
		r = fill_chunk(w, e);
		if (r < 0)
			return r;
	}
	if (w->spent)
		return 0;
	if (w->looks_at_docs && w->chunk_at % DOC_CHUNK == 0) {
		size_t n = MIN((size_t)DOC_CHUNK, w->chunk_count - w->chunk_at);
		int r;

		if (w->chunk_at && saw_enough_docs(w)) {
			w->at = aim(w, w->chunk[w->chunk_at - 1].id);
			w->spent = true;
			return 0;
		}
		r = alert_docs_fetch(w->s, &w->chunk[w->chunk_at], n, w->a, e);
		if (r < 0)
			return r;
		w->doc_looks += n;
	}
	*ret = &w->chunk[w->chunk_at++];
	return 1;
}

int alert_walk_next(struct alert_walk *w, struct alert_hit *ret, struct err *e)
{
	struct alert_hit *h = NULL;
	int r = 0;

	if (w->done)
		return 0;
	while ((r = next_row(w, &h, e)) > 0) {
		if (w->looks_at_docs)
			r = judge(w, h, e);
		if (r < 0)
			return r;
		if (r > 0) {
			*ret = *h;
			return 1;
		}
	}
	w->done = r == 0 && !w->spent;
	return r;
}

int64_t alert_walk_at(const struct alert_walk *w)
{
	return w->done ? 0 : aim(w, w->at);
}
