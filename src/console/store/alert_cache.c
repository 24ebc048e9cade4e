#include "console/store/alerts_priv.h"

/* Series read by one statement: an answer is held in memory. */
enum { AT_ONCE = 2000 };

static void forget_dictionaries(struct alert_cache *c)
{
	for (size_t i = 0; i < c->dictionary_count; i++)
		zstd_unpacker_free(c->dictionaries[i].unpacker);
	c->dictionary_count = 0;
	zstd_packer_free(TAKE(&c->packer));
	c->packs = 0;
}

void alert_cache_doubt(struct store *s)
{
	s->alerts->transaction = sql_transaction(s->sql);
}

void alert_cache_free(struct alert_cache *c)
{
	if (!c)
		return;
	forget_dictionaries(c);
	series_view_drop(&c->series);
	arena_done(&c->series.arena);
	series_index_free(c->own_index);
	buf_done(&c->samples);
	free(c->sample_sizes);
	free(c);
}

void alert_cache_rest(struct store *s)
{
	if (s->alerts && !sql_in_transaction(s->sql))
		series_view_drop(&s->alerts->series);
}

static int make(struct store *s, struct err *e)
{
	struct alert_cache *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c)
		return err_set(e, ENOMEM, "no memory for names of alerts");
	if (!s->series)
		r = series_index_new(0, 0, &c->own_index, e);
	if (r < 0) {
		free(c);
		return r;
	}
	c->series.index = s->series ? s->series : c->own_index;
	s->alerts = c;
	return 0;
}

int alert_cache_get(struct store *s, struct alert_cache **ret, struct err *e)
{
	struct alert_cache *c;
	int r = s->alerts ? 0 : make(s, e);

	if (r < 0)
		return r;
	c = s->alerts;
	/* Of a transaction that is over: committed, and read with what others made, or undone. */
	if (c->transaction && c->transaction != sql_transaction(s->sql)) {
		series_view_forget(&c->series);
		c->transaction = 0;
	}
	if (c->learning && c->learning != sql_transaction(s->sql)) {
		forget_dictionaries(c);
		c->learning = 0;
	}
	*ret = c;
	return 0;
}

/* @return how many; AT_ONCE also when series were forgotten since *epoch, which is then a later one */
static int read_some(struct store *s, struct series_view *v, int64_t *epoch, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int count = 0, r;

#define TEXT_COLUMN(field) ", " #field
	r = sql_query(s->sql,
		      "SELECT id, priority" ALERT_SERIES_TEXTS(
			      TEXT_COLUMN) ", (SELECT epoch FROM alert_counter) "
					   "FROM alert_series WHERE id > ?1 ORDER BY id LIMIT ?2",
		      SQL_ARGS(SQL_I(v->last_id), SQL_I(AT_ONCE)), &rows, e);
#undef TEXT_COLUMN
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		str texts[ALERT_TEXT_COUNT];
		int64_t priority;

		*epoch = sql_int(rows, 2 + ALERT_TEXT_COUNT);
		if (*epoch > v->epoch)
			return AT_ONCE;
		for (unsigned t = 0; t < ALERT_TEXT_COUNT; t++)
			texts[t] = sql_text(rows, 2 + t);
		/* Others count by it: one that a damaged store has is the least urgent. */
		priority = sql_int(rows, 1);
		if (priority < 0 || priority >= PRIORITY_COUNT)
			priority = PRIORITY_COUNT - 1;
		r = series_view_add(v, sql_int(rows, 0), (uint32_t)priority, texts, e);
		if (r < 0)
			break;
		count++;
	}
	return r < 0 ? r : count;
}

int alert_cache_refresh(struct store *s, struct err *e)
{
	struct alert_cache *c = s->alerts;
	int64_t epoch = 0;
	int r;

	/* Nobody makes others while this transaction lasts, and what it made is nobody else's yet. */
	if (c->transaction)
		return 0;
	r = sql_get_int(s->sql, "SELECT epoch FROM alert_counter", SQL_NONE, &epoch, e);
	do {
		r = r < 0 ? r : series_view_hold(&c->series, epoch, e);
		r = r < 0 ? r : read_some(s, &c->series, &epoch, e);
	} while (r == AT_ONCE);
	return MIN(r, 0);
}

const struct alert_series *series_describe(const struct alert_cache *c, const struct series *x,
					   struct arena *a)
{
	struct alert_series *out = ARENA_NEW(a, struct alert_series);

	if (!out)
		return NULL;
		/* The table may go while the reader still looks at this: copied. */
#define TEXT_COPY(field) \
	out->field = arena_str(a, series_text(&c->series, x, ALERT_TEXT_##field)); \
	if (!out->field.p) \
		return NULL;
	ALERT_SERIES_TEXTS(TEXT_COPY)
#undef TEXT_COPY
	out->priority = (enum alert_priority)x->key.priority;
	return out;
}
