#include "console/store/alerts_priv.h"

#include "base/clock.h"
#include "base/word.h"
#include "console/store/notify_queue.h"

enum { NUMBER_BITS = 21, SKIPS = 64, SKIP = 7919 };

static const char *const states[ALERT_STATE_COUNT] = {
#define STATE_NAME(id, name) [ALERT_##id] = name,
	ALERT_STATES(STATE_NAME)
#undef STATE_NAME
};

const char *alert_state_name(enum alert_state s)
{
	return WORD_NAME(states, s);
}

int alert_state_find(str name)
{
	return WORD_FIND(states, name);
}

int64_t alert_id_ms(int64_t id)
{
	return id >> NUMBER_BITS;
}

int64_t alert_ms_from(int64_t ns)
{
	const int64_t ms = (int64_t)MS_NS, before = MAX(ns, 0) / ms;

	return MIN(before + (before * ms < ns), ALERT_END_MS);
}

int64_t alert_low_id(int64_t ms)
{
	return (int64_t)((uint64_t)MIN(MAX(ms, 0), ALERT_END_MS) << NUMBER_BITS);
}

int64_t alert_day_low(int64_t day)
{
	return alert_low_id(day * ALERT_DAY_MS);
}

#define REPEATS_COLUMN "repeats BIGINT NOT NULL DEFAULT 0"

const struct partition_table alert_rows = {
	.name = "alert",
	.columns = "id BIGINT PRIMARY KEY, series BIGINT NOT NULL, state BIGINT NOT NULL,"
		   " container BIGINT NOT NULL, pod BIGINT NOT NULL, received_ms BIGINT NOT NULL, "
		   "who TEXT, " REPEATS_COLUMN,
	.key = "id",
	.low = alert_day_low,
	.indexes = { "CREATE INDEX IF NOT EXISTS {table}_series ON {table} (series, id)",
		     "CREATE INDEX IF NOT EXISTS {table}_container ON {table} (container, id)"
		     " WHERE container <> 0",
		     "CREATE INDEX IF NOT EXISTS {table}_triaged ON {table} (id) WHERE state <> "
		     "0" },
};

int alert_rows_add_repeats(struct sql *s, struct err *e)
{
	return partition_add_column(s, &alert_rows, REPEATS_COLUMN, e);
}

const struct partition_table alert_docs = {
	.name = "alert_doc",
	.columns = "id BIGINT PRIMARY KEY, dictionary BIGINT NOT NULL, size BIGINT NOT NULL, doc "
		   "{blob}",
	.key = "id",
	.low = alert_day_low,
};

int64_t alert_container_key(str container)
{
	return container.n ? (int64_t)str_hash(container) : 0;
}

/* An alert between being told and being stored. */
struct draft {
	int64_t id, series, day, hour, dictionary;
	str packed;
	size_t at; /* in the caller's list */
};

struct batch {
	struct store *s;
	struct alert_cache *cache;
	const struct alert_new *alerts;
	size_t count;
	int64_t now_ns;
	struct draft *drafts;
	struct arena arena;
	struct buf packed;
};

/* Where an agent's clock is wrong an alert is moved to where it could have been. */
static int64_t time_of(const struct alert_new *a, int64_t now_ns)
{
	int64_t t = MIN(a->time_ns, now_ns);

	return MAX(t, now_ns - ALERT_LATE_DAYS * DAY_NS) / (int64_t)MS_NS;
}

static int put_series(struct batch *b, struct err *e)
{
	struct series_view *v = &b->cache->series;
	struct sql_bulk *bulk = NULL;
	int r, ended;

	if (v->stored == v->fresh_count)
		return 0;
#define TEXT_COLUMN(field) ", " #field
	r = sql_bulk_begin(b->s->sql, "alert_series",
			   "id, priority" ALERT_SERIES_TEXTS(TEXT_COLUMN), &bulk, e);
#undef TEXT_COLUMN
	if (r < 0)
		return r;
	for (size_t i = v->stored; r == 0 && i < v->fresh_count; i++) {
		const struct series *x = v->fresh[i];
		struct sql_value values[2 + ALERT_TEXT_COUNT] = { SQL_I(x->id),
								  SQL_I(x->key.priority) };

		for (unsigned t = 0; t < ALERT_TEXT_COUNT; t++)
			values[2 + t] = SQL_T(series_text(v, x, (enum alert_text)t));
		r = sql_bulk_row(bulk, values, ARRAY_LEN(values), e);
	}
	v->stored = v->fresh_count;
	ended = sql_bulk_end(bulk, r < 0 ? NULL : e);
	return r < 0 ? r : ended;
}

/* Nobody else makes series while the lock is held: the next number is ours. Rows follow, all at once, with put_series(). */
static int find_series(struct batch *b, const struct alert_series *of, int64_t *ret, struct err *e)
{
	const struct alert_series other = { .rule = S("(other)"),
					    .agent = of->agent,
					    .host = of->host,
					    .cluster = of->cluster,
					    .priority = of->priority };
	struct series_view *v = &b->cache->series;
	const size_t fresh = v->fresh_count;
	const struct series *x = NULL;
	int r = series_view_find(v, of, false, &x, e);

	if (r == 0)
		r = series_view_find(v, &other, true, &x, e);
	if (v->fresh_count != fresh)
		alert_cache_doubt(b->s);
	if (r < 0)
		return r;
	*ret = x->id;
	return 0;
}

/* The document as it is stored, here or compressed before. */
static int pack(struct batch *b, const struct alert_new *a, struct draft *d, struct err *e)
{
	const size_t start = b->packed.n;
	int r;

	if (a->packed.n) {
		d->dictionary = a->dictionary;
		d->packed = a->packed;
		return 0;
	}
	r = alert_doc_pack(b->s, b->cache, a->doc, &d->dictionary, &b->packed, e);
	/* Its place follows; the buffer may still move. */
	d->packed = (str){ NULL, b->packed.n - start };
	return r;
}

static int draft_all(struct batch *b, int64_t number, struct err *e)
{
	const int64_t mask = ((int64_t)1 << NUMBER_BITS) - 1;

	for (size_t i = 0; i < b->count; i++) {
		const struct alert_new *a = &b->alerts[i];
		struct draft *d = &b->drafts[i];
		int64_t ms = time_of(a, b->now_ns);
		int r;

		if (a->doc.n > ALERT_DOC_MAX)
			return err_set(e, E2BIG, "an alert of %zu bytes", a->doc.n);
		d->at = i;
		d->id = alert_low_id(ms) | ((number + (int64_t)i) & mask);
		d->day = ms / ALERT_DAY_MS;
		d->hour = ms / ALERT_HOUR_MS;
		r = find_series(b, &a->series, &d->series, e);
		r = r < 0 ? r : pack(b, a, d, e);
		if (r < 0)
			return r;
	}
	for (size_t i = 0, at = 0; i < b->count; i++) {
		str *packed = &b->drafts[i].packed;

		if (packed->p)
			continue;
		packed->p = b->packed.p + at;
		at += packed->n;
	}
	return 0;
}

static int by_id(const void *x, const void *y)
{
	const struct draft *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

static int note_day(struct batch *b, const struct draft *d, size_t count, struct err *e)
{
	int64_t bytes = 0, alerts = 0;
	int r;

	for (size_t i = 0; i < count; i++)
		bytes += (int64_t)d[i].packed.n;
	r = sql_get_int(
		b->s->sql,
		"INSERT INTO alert_day (day, alerts, bytes) VALUES (?1, ?2, ?3) "
		"ON CONFLICT (day) DO UPDATE SET alerts = alert_day.alerts + excluded.alerts,"
		" bytes = alert_day.bytes + excluded.bytes RETURNING alerts",
		SQL_ARGS(SQL_I(d->day), SQL_I(count), SQL_I(bytes)), &alerts, e);
	return r < 0 || alerts != (int64_t)count ? MIN(r, 0) : alert_day_make(b->s, d->day, e);
}

static int64_t repeats_of(const struct alert_new *a)
{
	return MIN(MAX(a->repeats, 0), ALERT_REPEATS_MOST);
}

static int put_row(struct batch *b, struct sql_bulk *bulk, const struct draft *d, struct err *e)
{
	const struct alert_new *a = &b->alerts[d->at];

	return sql_bulk_row(bulk,
			    SQL_ARGS(SQL_I(d->id), SQL_I(d->series), SQL_I(ALERT_OPEN),
				     SQL_I(alert_container_key(a->container)),
				     SQL_I(alert_container_key(a->pod)),
				     SQL_I(b->now_ns / (int64_t)MS_NS), SQL_I(repeats_of(a))),
			    e);
}

static int put_doc(struct batch *b, struct sql_bulk *bulk, const struct draft *d, struct err *e)
{
	return sql_bulk_row(bulk,
			    SQL_ARGS(SQL_I(d->id), SQL_I(d->dictionary),
				     SQL_I(b->alerts[d->at].doc.n), SQL_B(d->packed)),
			    e);
}

static int put_all(struct batch *b, const struct partition_table *t, const char *columns,
		   int (*put)(struct batch *, struct sql_bulk *, const struct draft *,
			      struct err *),
		   const struct draft *d, size_t count, struct err *e)
{
	OWNED_BUF table = BUF_INIT;
	struct sql_bulk *bulk = NULL;
	int r, ended;

	partition_say(t, d->day, "{table}", &table);
	r = sql_bulk_begin(b->s->sql, buf_cstr(&table), columns, &bulk, e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = put(b, bulk, &d[i], e);
	ended = sql_bulk_end(bulk, r < 0 ? NULL : e);
	return r < 0 ? r : ended;
}

static int put_days(struct batch *b, struct err *e)
{
	for (size_t i = 0, n; i < b->count; i += n) {
		const struct draft *d = &b->drafts[i];
		int r;

		for (n = 1; i + n < b->count && d[n].day == d->day;)
			n++;
		r = note_day(b, d, n, e);
		r = r < 0 ? r
			  : put_all(b, &alert_rows,
				    "id, series, state, container, pod, received_ms, repeats",
				    put_row, d, n, e);
		r = r < 0 ? r
			  : put_all(b, &alert_docs, "id, dictionary, size, doc", put_doc, d, n, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int count_batch(struct batch *b, struct err *e)
{
	struct alert_cell *cells = ARENA_ARRAY(&b->arena, b->count * 2, struct alert_cell);
	size_t n = 0;

	if (!cells)
		return err_set(e, ENOMEM, "no memory for a batch of alerts");
	for (size_t i = 0; i < b->count; i++) {
		const struct draft *d = &b->drafts[i];
		const int64_t more = repeats_of(&b->alerts[d->at]);

		cells[n++] = (struct alert_cell){ d->hour, d->series, ALERT_OPEN, 1 };
		if (more)
			cells[n++] = (struct alert_cell){ d->hour, d->series + ALERT_REPEATS,
							  ALERT_OPEN, more };
	}
	return alert_counts_add(b->s, cells, n, e);
}

/* What is stored is told, whoever dies in between. */
static int queue_batch(struct batch *b, struct err *e)
{
	int64_t *ids = ARENA_ARRAY(&b->arena, b->count, int64_t);

	if (!ids)
		return err_set(e, ENOMEM, "no memory for a batch of alerts");
	for (size_t i = 0; i < b->count; i++)
		ids[i] = b->drafts[i].id;
	return notify_queue_add(b->s, ids, b->count, e);
}

static int store_batch(struct batch *b, int64_t *ret_ids, struct err *e)
{
	/* After a transaction was undone, perhaps because an id was taken, other numbers follow. */
	const int64_t skip = (int64_t)(sql_rollbacks(b->s->sql) % SKIPS) * SKIP;
	int64_t next = 0;
	/* The counters' rows are everybody's: whoever adds to them waits for others, in one place. */
	int r = sql_lock(b->s->sql, "alerts", e);

	r = r < 0 ? r : alert_cache_refresh(b->s, e);
	r = r < 0 ? r
		  : sql_get_int(b->s->sql,
				"UPDATE alert_counter SET next = next + ?1 RETURNING next",
				SQL_ARGS(SQL_I((int64_t)b->count + skip)), &next, e);
	r = r < 0 ? r : draft_all(b, next - (int64_t)b->count, e);
	r = r < 0 ? r : put_series(b, e);
	if (r < 0)
		return r;
	for (size_t i = 0; ret_ids && i < b->count; i++)
		ret_ids[i] = b->drafts[i].id;
	r = queue_batch(b, e);
	if (r < 0)
		return r;
	qsort(b->drafts, b->count, sizeof(*b->drafts), by_id);
	r = put_days(b, e);
	r = r < 0 ? r : alert_counts_settle(b->s, b->now_ns / HOUR_NS, e);
	r = r < 0 ? r : count_batch(b, e);
	return r < 0 ? r : alert_doc_learn(b->s, b->cache, b->now_ns, e);
}

int alerts_pack(struct store *s, struct alert_new *alerts, size_t count, struct buf *out,
		struct err *e)
{
	struct alert_cache *c = NULL;
	size_t at = out->n;
	int r = alert_cache_get(s, &c, e);

	r = r < 0 ? r : alert_doc_ready(s, c, e);
	if (r <= 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		const size_t start = out->n;

		if (alerts[i].doc.n > ALERT_DOC_MAX)
			continue;
		r = alert_doc_pack(s, c, alerts[i].doc, &alerts[i].dictionary, out, e);
		if (r < 0)
			return r;
		alerts[i].packed.n = out->n - start;
	}
	for (size_t i = 0; i < count; at += alerts[i++].packed.n)
		alerts[i].packed.p = out->p + at;
	return 0;
}

int alerts_append(struct store *s, const struct alert_new *alerts, size_t count, int64_t now_ns,
		  int64_t *ret_ids, struct err *e)
{
	struct batch b = { .s = s, .alerts = alerts, .count = count, .now_ns = now_ns };
	int r;

	if (count == 0)
		return 0;
	if (!sql_in_transaction(s->sql))
		return err_set(e, EINVAL, "alerts are stored inside a transaction");
	arena_init(&b.arena, 0);
	b.drafts = ARENA_ARRAY(&b.arena, count, struct draft);
	r = b.drafts ? alert_cache_get(s, &b.cache, e)
		     : err_set(e, ENOMEM, "no memory for a batch of alerts");
	r = r < 0 ? r : store_batch(&b, ret_ids, e);
	/* Numbers came round to a moment they were used in already: the next ones will not. */
	if (r == -EEXIST)
		r = err_set(e, EAGAIN, "two alerts would have the same id");
	buf_done(&b.packed);
	arena_done(&b.arena);
	return r;
}
