#include "base/clock.h"
#include "console/store/alerts_priv.h"

enum { AT_ONCE = 62 };

struct triage {
	struct store *s;
	const struct scope *scope;
	const struct alert_decision *to;
	struct alert_hit *hits;
	size_t count, cap;
	struct arena arena;
};

static int add_hit(struct triage *t, const struct alert_hit *h, struct err *e)
{
	struct alert_hit *slot = ARENA_PUSH(&t->arena, t->hits, t->count, t->cap);

	if (!slot)
		return err_set(e, ENOMEM, "no memory to triage");
	*slot = *h;
	return 0;
}

/* The alert's series and state, where there is one and it is shown. */
static int add_id(struct triage *t, int64_t id, struct err *e)
{
	const int64_t day = alert_id_day(id);
	OWNED_BUF text = BUF_INIT;
	OWNED_ROWS *rows = NULL;
	struct alert_hit h = { .id = id };
	int64_t there;
	int r = sql_get_int(t->s->sql, "SELECT 1 FROM alert_day WHERE day = ?1",
			    SQL_ARGS(SQL_I(day)), &there, e);

	if (r <= 0)
		return r;
	partition_say(&alert_rows, day, "SELECT series, state, repeats FROM {table} WHERE id = ?1",
		      &text);
	r = sql_query(t->s->sql, buf_cstr(&text), SQL_ARGS(SQL_I(id)), &rows, e);
	r = r < 0 ? r : sql_next(rows, e);
	if (r <= 0)
		return r;
	h.series = sql_int(rows, 0);
	h.state = sql_int(rows, 1);
	h.repeats = sql_int(rows, 2);
	return alert_in_scope(t->s->alerts, h.series, t->scope) ? add_hit(t, &h, e) : 0;
}

static int by_id(const void *x, const void *y)
{
	const struct alert_hit *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

/* In order of ids, that is by days, each once. */
static void sort_hits(struct triage *t)
{
	size_t n = 0;

	if (t->count)
		qsort(t->hits, t->count, sizeof(*t->hits), by_id);
	for (size_t i = 0; i < t->count; i++)
		if (n == 0 || t->hits[n - 1].id != t->hits[i].id)
			t->hits[n++] = t->hits[i];
	t->count = n;
}

/* At most AT_ONCE of one day. */
static int set_some(const struct triage *t, const struct alert_hit *hits, size_t count,
		    struct err *e)
{
	struct sql_value values[AT_ONCE + 2];
	OWNED_BUF text = BUF_INIT;

	for (size_t i = 0; i < AT_ONCE; i++)
		values[i] = SQL_I(hits[MIN(i, count - 1)].id);
	values[AT_ONCE] = SQL_I(t->to->state);
	values[AT_ONCE + 1] = SQL_T(t->to->who);
	partition_say(&alert_rows, alert_id_day(hits[0].id),
		      "UPDATE {table} SET state = ?63, who = ?64 WHERE id IN (" SQL_TO_62 ")",
		      &text);
	return sql_do(t->s->sql, buf_cstr(&text), values, ARRAY_LEN(values), e);
}

/* Of those that are in another state. @return how many */
static int set_states(struct triage *t, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->hits[i].state != (int64_t)t->to->state)
			t->hits[n++] = t->hits[i];
	t->count = n;
	for (size_t i = 0; i < t->count; i += n) {
		const int64_t day = alert_id_day(t->hits[i].id);
		int r;

		for (n = 1;
		     n < AT_ONCE && i + n < t->count && alert_id_day(t->hits[i + n].id) == day;)
			n++;
		r = set_some(t, &t->hits[i], n, e);
		if (r < 0)
			return r;
	}
	return (int)t->count;
}

/* Counters move with states. */
static int move_counts(struct triage *t, struct err *e)
{
	struct alert_cell *cells = ARENA_ARRAY(&t->arena, t->count * 4, struct alert_cell);
	size_t n = 0;

	if (!cells)
		return err_set(e, ENOMEM, "no memory to triage");
	for (size_t i = 0; i < t->count; i++) {
		const struct alert_hit *h = &t->hits[i];
		const int64_t hour = alert_id_ms(h->id) / ALERT_HOUR_MS;
		const int64_t also = h->series + ALERT_REPEATS, more = h->repeats;

		cells[n++] = (struct alert_cell){ hour, h->series, h->state, -1 };
		cells[n++] = (struct alert_cell){ hour, h->series, t->to->state, 1 };
		if (!more)
			continue;
		cells[n++] = (struct alert_cell){ hour, also, h->state, -more };
		cells[n++] = (struct alert_cell){ hour, also, t->to->state, more };
	}
	return alert_counts_add(t->s, cells, n, e);
}

static int decide(struct triage *t, struct err *e)
{
	int r, changed;

	sort_hits(t);
	r = alert_steps_put(t->s, t->hits, t->count, t->to, e);
	changed = r < 0 ? r : set_states(t, e);
	r = changed < 0 ? changed : move_counts(t, e);
	return r < 0 ? r : changed;
}

static int begin(struct store *s, struct err *e)
{
	struct alert_cache *c = NULL;
	int r = alert_cache_get(s, &c, e);

	if (r == 0 && !sql_in_transaction(s->sql))
		r = err_set(e, EINVAL, "alerts are triaged inside a transaction");
	/* In the order everybody takes them, and nobody between reading and changing. */
	r = r < 0 ? r : sql_lock(s->sql, "alerts", e);
	return r < 0 ? r : alert_cache_refresh(s, e);
}

int alerts_triage(struct store *s, const struct scope *scope, const int64_t *ids, size_t count,
		  const struct alert_decision *to, struct err *e)
{
	struct triage t = { .s = s, .scope = scope, .to = to };
	int r = begin(s, e);

	arena_init(&t.arena, 0);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = ids[i] > 0 ? add_id(&t, ids[i], e) : 0;
	r = r < 0 ? r : decide(&t, e);
	arena_done(&t.arena);
	return r;
}

/* Those that were there already and are to change. @param ret_more  whether there may be others */
static int gather(struct triage *t, const struct alert_filter *f, int64_t before_ns, bool *ret_more,
		  struct err *e)
{
	struct alert_walk *w = NULL;
	struct alert_hit h;
	int r = alert_walk_new(t->s, f, 0, ALERT_TRIAGE_MOST, &t->arena, &w, e);

	while (r >= 0 && t->count <= ALERT_TRIAGE_MOST && (r = alert_walk_next(w, &h, e)) > 0)
		if (h.received_ms * (int64_t)MS_NS < before_ns &&
		    alert_in_scope(t->s->alerts, h.series, t->scope))
			r = add_hit(t, &h, e);
	if (r < 0)
		return r;
	*ret_more = t->count > ALERT_TRIAGE_MOST || alert_walk_at(w) != 0;
	t->count = MIN(t->count, (size_t)ALERT_TRIAGE_MOST);
	return 0;
}

int alerts_triage_all(struct store *s, const struct scope *scope, const struct alert_filter *f,
		      int64_t before_ns, int64_t expected, const struct alert_decision *to,
		      bool *ret_more, struct err *e)
{
	const unsigned others = ((1U << ALERT_STATE_COUNT) - 1) & ~(1U << to->state);
	struct triage t = { .s = s, .scope = scope, .to = to };
	struct alert_filter x = *f;
	bool more = false;
	int r = begin(s, e);

	x.states = (x.states ? x.states : others) & others;
	arena_init(&t.arena, 0);
	if (r >= 0 && x.states)
		r = gather(&t, &x, before_ns, &more, e);
	if (r >= 0 && (int64_t)t.count > expected)
		r = err_set(e, EBUSY, "there are more alerts than %lld to decide about: look again",
			    (long long)expected);
	r = r < 0 ? r : decide(&t, e);
	arena_done(&t.arena);
	if (r >= 0)
		*ret_more = more;
	return r;
}
