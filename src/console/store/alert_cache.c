#include "console/store/alerts_priv.h"

/* What a text of a series may be long: names that agents tell. */
enum { TEXT_MAX = 1024 };

static void forget_dictionaries(struct alert_cache *c)
{
	for (size_t i = 0; i < c->dictionary_count; i++)
		zstd_unpacker_free(c->dictionaries[i].unpacker);
	c->dictionary_count = 0;
	zstd_packer_free(TAKE(&c->packer));
	c->packs = 0;
}

void alert_cache_forget(struct alert_cache *c)
{
	arena_done(&c->arena);
	arena_init(&c->arena, 0);
	c->by_text = map_in(&c->arena);
	c->by_key = map_in(&c->arena);
	c->words = NULL;
	c->items = NULL;
	c->word_count = c->word_cap = c->count = c->cap = 0;
	c->last_id = 0;
	c->unsure = false;
	forget_dictionaries(c);
}

void alert_cache_doubt(struct store *s)
{
	struct alert_cache *c = s->alerts;

	if (!c->unsure)
		c->rollbacks = sql_rollbacks(s->sql);
	c->unsure = true;
}

void alert_cache_free(struct alert_cache *c)
{
	if (!c)
		return;
	forget_dictionaries(c);
	arena_done(&c->arena);
	buf_done(&c->samples);
	free(c->sample_sizes);
	free(c);
}

int alert_cache_get(struct store *s, struct alert_cache **ret, struct err *e)
{
	struct alert_cache *c = s->alerts;

	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return err_set(e, ENOMEM, "no memory for names of alerts");
		alert_cache_forget(c);
		c->most = ALERT_SERIES_MAX;
		s->alerts = c;
	}
	/* A transaction that was undone took series with it that stand here. */
	if (c->unsure && c->rollbacks != sql_rollbacks(s->sql))
		alert_cache_forget(c);
	if (!sql_in_transaction(s->sql))
		c->unsure = false;
	*ret = c;
	return 0;
}

int alert_cache_word(struct alert_cache *c, str text, uint32_t *ret, struct err *e)
{
	OWNED_BUF mended = BUF_INIT;
	str key = sql_well_formed(str_take(text, TEXT_MAX), &mended);
	uintptr_t no = (uintptr_t)map_find(&c->by_text, key.p ? key : S(""));
	void **at;
	str *word;

	if (no == 0) {
		key = arena_str(&c->arena, key);
		word = key.p ? ARENA_PUSH(&c->arena, c->words, c->word_count, c->word_cap) : NULL;
		at = word ? map_at(&c->by_text, key) : NULL;
		if (!at)
			return err_set(e, ENOBUFS, "no memory for names of alerts");
		*word = key;
		no = c->word_count;
		*at = (void *)no;
	}
	*ret = (uint32_t)no - 1;
	return 0;
}

static str key_bytes(const struct series_key *key)
{
	return (str){ (const char *)key, sizeof(*key) };
}

struct series *alert_cache_add(struct alert_cache *c, int64_t id, const struct series_key *key)
{
	struct series *x = ARENA_NEW(&c->arena, struct series);
	struct series **slot = x ? ARENA_PUSH(&c->arena, c->items, c->count, c->cap) : NULL;
	void **at;

	if (!slot)
		return NULL;
	*slot = x;
	x->id = id;
	x->key = *key;
	at = map_at(&c->by_key, key_bytes(&x->key));
	if (!at)
		return NULL;
	*at = x;
	c->last_id = MAX(c->last_id, id);
	return x;
}

size_t alert_position(const struct alert_cache *c, int64_t series)
{
	size_t low = 0, high = c->count;

	/* Ids are dense: the first guess is nearly always right. */
	if (series > 0 && (size_t)series <= c->count && c->items[series - 1]->id == series)
		return (size_t)series - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->items[middle]->id < series)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->count && c->items[low]->id == series ? low : c->count;
}

static int take_row(struct alert_cache *c, struct sql_rows *rows, struct err *e)
{
	struct series_key key = { .priority = (uint32_t)sql_int(rows, 1) };
	int r = 0;

	for (unsigned t = 0; r == 0 && t < ALERT_TEXT_COUNT; t++)
		r = alert_cache_word(c, sql_text(rows, 2 + t), &key.words[t], e);
	if (r == 0 && !alert_cache_add(c, sql_int(rows, 0), &key))
		r = err_set(e, ENOBUFS, "no memory for names of alerts");
	return r;
}

int alert_cache_refresh(struct store *s, struct err *e)
{
	struct alert_cache *c = s->alerts;
	OWNED_ROWS *rows = NULL;
	int64_t epoch = 0;
	int r = sql_get_int(s->sql, "SELECT epoch FROM alert_counter", SQL_NONE, &epoch, e);

	if (r < 0)
		return r;
	if (epoch != c->epoch) {
		alert_cache_forget(c);
		c->epoch = epoch;
	}
#define TEXT_COLUMN(field) ", " #field
	r = sql_query(s->sql,
		      "SELECT id, priority" ALERT_SERIES_TEXTS(
			      TEXT_COLUMN) " FROM alert_series WHERE id > ?1 ORDER BY id",
		      SQL_ARGS(SQL_I(c->last_id)), &rows, e);
#undef TEXT_COLUMN
	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		r = take_row(c, rows, e);
	return r;
}

const struct alert_series *series_describe(const struct alert_cache *c, const struct series *x,
					   struct arena *a)
{
	struct alert_series *out = ARENA_NEW(a, struct alert_series);

	if (!out)
		return NULL;
		/* The cache may be begun anew while the reader still looks at this: copied. */
#define TEXT_COPY(field) \
	out->field = arena_str(a, series_text(c, x, ALERT_TEXT_##field)); \
	if (!out->field.p) \
		return NULL;
	ALERT_SERIES_TEXTS(TEXT_COPY)
#undef TEXT_COPY
	out->priority = (enum alert_priority)x->key.priority;
	return out;
}
