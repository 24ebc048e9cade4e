#include "console/store/series_index.h"

#include <pthread.h>

/* What a text of a series may be long: names that agents tell. */
enum { TEXT_MAX = 1024, PLACES_FIRST = 64 };

/* Numbers by hash, each plus one, at most two thirds full. */
struct places {
	uint32_t *at;
	size_t cap;
};

struct series_table {
	size_t holders;
	int64_t epoch, last_id;
	struct arena arena;
	struct series **series;
	str **words;
	size_t count, pieces, pieces_cap;
	size_t word_count, word_pieces, word_pieces_cap;
	struct places by_key, by_text;
};

struct series_index {
	pthread_mutex_t lock;
	struct series_table *now; /* held */
	size_t most_series, most_bytes;
	uint64_t evicted, refused;
};

int series_index_new(size_t series, size_t bytes, struct series_index **ret, struct err *e)
{
	struct series_index *x = calloc(1, sizeof(*x));

	if (!x)
		return err_set(e, ENOMEM, "no memory for names of alerts");
	pthread_mutex_init(&x->lock, NULL);
	x->most_series = series ? series : ALERT_SERIES_MAX;
	x->most_bytes = bytes ? bytes : SERIES_BYTES_MAX;
	*ret = x;
	return 0;
}

static void let_go(struct series_table *t)
{
	if (!t || --t->holders > 0)
		return;
	free(t->by_key.at);
	free(t->by_text.at);
	arena_done(&t->arena);
	free(t);
}

void series_index_free(struct series_index *x)
{
	if (!x)
		return;
	let_go(x->now);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

static size_t bytes_of(const struct series_table *t)
{
	return t->arena.used_bytes + (t->by_key.cap + t->by_text.cap) * sizeof(uint32_t);
}

void series_index_read(struct series_index *x, struct series_figures *ret)
{
	pthread_mutex_lock(&x->lock);
	*ret = (struct series_figures){ .evicted = x->evicted, .refused = x->refused };
	if (x->now) {
		ret->series = x->now->count;
		ret->texts = x->now->word_count;
		ret->bytes = bytes_of(x->now);
	}
	pthread_mutex_unlock(&x->lock);
}

/* ---- A table. Under the lock ---- */

static struct series *series_of(const struct series_table *t, size_t at)
{
	return &t->series[at / SERIES_PIECE][at % SERIES_PIECE];
}

static str word_of(const struct series_table *t, size_t no)
{
	return t->words[no / SERIES_PIECE][no % SERIES_PIECE];
}

static str key_bytes(const struct series_key *key)
{
	return (str){ (const char *)key, sizeof(*key) };
}

static uint64_t hash_series(const struct series_table *t, size_t at)
{
	return str_hash(key_bytes(&series_of(t, at)->key));
}

static uint64_t hash_word(const struct series_table *t, size_t no)
{
	return str_hash(word_of(t, no));
}

static void place(struct places *p, uint64_t hash, size_t no)
{
	size_t i = (size_t)hash & (p->cap - 1);

	while (p->at[i])
		i = (i + 1) & (p->cap - 1);
	p->at[i] = (uint32_t)no + 1;
}

/* Room for one more than @p count. */
static bool widen(const struct series_table *t, struct places *p, size_t count,
		  uint64_t (*hash)(const struct series_table *, size_t))
{
	struct places wide = { .cap = p->cap ? p->cap * 2 : PLACES_FIRST };

	if (count < p->cap / 3 * 2)
		return true;
	wide.at = calloc(wide.cap, sizeof(*wide.at));
	if (!wide.at)
		return false;
	for (size_t i = 0; i < count; i++)
		place(&wide, hash(t, i), i);
	free(p->at);
	*p = wide;
	return true;
}

static const struct series *find_key(const struct series_table *t, const struct series_key *key)
{
	const size_t mask = t->by_key.cap - 1;

	if (!t->by_key.cap)
		return NULL;
	for (size_t i = (size_t)str_hash(key_bytes(key)) & mask; t->by_key.at[i];
	     i = (i + 1) & mask) {
		const struct series *x = series_of(t, t->by_key.at[i] - 1);

		if (str_eq(key_bytes(&x->key), key_bytes(key)))
			return x;
	}
	return NULL;
}

static bool find_word(const struct series_table *t, str text, uint32_t *ret)
{
	const size_t mask = t->by_text.cap - 1;

	if (!t->by_text.cap)
		return false;
	for (size_t i = (size_t)str_hash(text) & mask; t->by_text.at[i]; i = (i + 1) & mask)
		if (str_eq(word_of(t, t->by_text.at[i] - 1), text)) {
			*ret = t->by_text.at[i] - 1;
			return true;
		}
	return false;
}

static int add_word(struct series_table *t, str text, uint32_t *ret)
{
	const size_t no = t->word_count;

	if (no / SERIES_PIECE == t->word_pieces) {
		str *piece = ARENA_ARRAY(&t->arena, SERIES_PIECE, str);
		str **slot =
			piece ? ARENA_PUSH(&t->arena, t->words, t->word_pieces, t->word_pieces_cap)
			      : NULL;

		if (!slot)
			return -ENOBUFS;
		*slot = piece;
	}
	text = arena_str(&t->arena, text);
	if (!text.p || !widen(t, &t->by_text, no, hash_word))
		return -ENOBUFS;
	t->words[no / SERIES_PIECE][no % SERIES_PIECE] = text;
	place(&t->by_text, str_hash(text), no);
	t->word_count++;
	*ret = (uint32_t)no;
	return 0;
}

static int add_series(struct series_table *t, const struct series *x)
{
	const size_t at = t->count;

	if (at / SERIES_PIECE == t->pieces) {
		struct series *piece = ARENA_ARRAY(&t->arena, SERIES_PIECE, struct series);
		struct series **slot =
			piece ? ARENA_PUSH(&t->arena, t->series, t->pieces, t->pieces_cap) : NULL;

		if (!slot)
			return -ENOBUFS;
		*slot = piece;
	}
	if (!widen(t, &t->by_key, at, hash_series))
		return -ENOBUFS;
	*series_of(t, at) = *x;
	place(&t->by_key, hash_series(t, at), at);
	t->count++;
	t->last_id = x->id;
	return 0;
}

/* The numbers of texts, as the store holds them. @return 1, 0 one is not known and not to be made, -ENOBUFS */
static int find_words(struct series_table *t, const str texts[ALERT_TEXT_COUNT], bool make,
		      uint32_t ret[ALERT_TEXT_COUNT])
{
	for (unsigned i = 0; i < ALERT_TEXT_COUNT; i++) {
		OWNED_BUF mended = BUF_INIT;
		str text = sql_well_formed(str_take(texts[i], TEXT_MAX), &mended);
		int r;

		if (!text.p && texts[i].p)
			return -ENOBUFS;
		if (find_word(t, text, &ret[i]))
			continue;
		if (!make)
			return 0;
		r = add_word(t, text, &ret[i]);
		if (r < 0)
			return r;
	}
	return 1;
}

/* ---- A view ---- */

static void look(struct series_view *v)
{
	const struct series_table *t = v->table;

	v->epoch = t->epoch;
	v->last_id = t->last_id;
	v->series = t->series;
	v->words = t->words;
	v->count = t->count;
	v->word_count = t->word_count;
}

static struct series_table *begin(int64_t epoch)
{
	struct series_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	arena_init(&t->arena, 0);
	t->holders = 1;
	t->epoch = epoch;
	return t;
}

void series_view_forget(struct series_view *v)
{
	arena_done(&v->arena);
	arena_init(&v->arena, 0);
	v->fresh_by_key = map_in(&v->arena);
	v->fresh = NULL;
	v->fresh_count = v->fresh_cap = v->stored = 0;
}

int series_view_hold(struct series_view *v, int64_t epoch, struct err *e)
{
	struct series_index *x = v->index;
	struct series_table *t = NULL;
	int r = 0;

	series_view_forget(v);
	pthread_mutex_lock(&x->lock);
	if (!x->now || x->now->epoch < epoch) {
		t = begin(epoch);
		r = t ? 0 : err_set(e, ENOMEM, "no memory for names of alerts");
	}
	if (t) {
		x->evicted += x->now ? x->now->count : 0;
		let_go(x->now);
		x->now = t;
	}
	if (r == 0) {
		x->now->holders++;
		let_go(v->table);
		v->table = x->now;
		look(v);
	}
	pthread_mutex_unlock(&x->lock);
	return r;
}

void series_view_drop(struct series_view *v)
{
	series_view_forget(v);
	if (v->table) {
		pthread_mutex_lock(&v->index->lock);
		let_go(v->table);
		pthread_mutex_unlock(&v->index->lock);
	}
	*v = (struct series_view){ .index = v->index };
}

int series_view_add(struct series_view *v, int64_t id, uint32_t priority,
		    const str texts[ALERT_TEXT_COUNT], struct err *e)
{
	struct series x = { .id = id, .key.priority = priority };
	int r = 0;

	pthread_mutex_lock(&v->index->lock);
	if (id > v->table->last_id) {
		r = find_words(v->table, texts, true, x.key.words);
		r = r < 0 ? r : add_series(v->table, &x);
	}
	look(v);
	pthread_mutex_unlock(&v->index->lock);
	return r < 0 ? err_set(e, ENOBUFS, "no memory for names of alerts") : 0;
}

static struct series *add_fresh(struct series_view *v, const struct series_key *key)
{
	struct series *x = ARENA_NEW(&v->arena, struct series);
	struct series **slot =
		x ? ARENA_PUSH(&v->arena, v->fresh, v->fresh_count, v->fresh_cap) : NULL;
	void **at;

	if (!slot)
		return NULL;
	*x = (struct series){ .id = v->last_id + (int64_t)v->fresh_count, .key = *key };
	*slot = x;
	at = map_at(&v->fresh_by_key, key_bytes(&x->key));
	if (!at)
		return NULL;
	*at = x;
	return x;
}

int series_view_find(struct series_view *v, const struct alert_series *of, bool always,
		     const struct series **ret, struct err *e)
{
#define TEXT_OF(field) of->field,
	const str texts[ALERT_TEXT_COUNT] = { ALERT_SERIES_TEXTS(TEXT_OF) };
#undef TEXT_OF
	struct series_key key = { .priority = (uint32_t)of->priority };
	struct series_index *x = v->index;
	const struct series *found = NULL;
	bool room;
	int r;

	pthread_mutex_lock(&x->lock);
	room = always || (series_count(v) < x->most_series && bytes_of(v->table) < x->most_bytes);
	r = find_words(v->table, texts, room, key.words);
	/* Words it just got to know are read, too. */
	v->words = v->table->words;
	v->word_count = v->table->word_count;
	if (r > 0)
		found = find_key(v->table, &key);
	if (r > 0 && !found)
		found = map_find(&v->fresh_by_key, key_bytes(&key));
	if (!found && !room) {
		x->refused++;
		r = MIN(r, 0);
	}
	pthread_mutex_unlock(&x->lock);
	if (r > 0 && !found) {
		found = add_fresh(v, &key);
		r = found ? 1 : -ENOBUFS;
	}
	if (r > 0)
		*ret = found;
	return r < 0 ? err_set(e, ENOBUFS, "no memory for names of alerts") : r;
}

bool series_view_word(const struct series_view *v, str text, uint32_t *ret)
{
	bool found = false;

	if (!v->table)
		return false;
	pthread_mutex_lock(&v->index->lock);
	found = find_word(v->table, text, ret);
	pthread_mutex_unlock(&v->index->lock);
	return found && *ret < v->word_count;
}

size_t series_position(const struct series_view *v, int64_t id)
{
	const size_t count = series_count(v);
	size_t low = 0, high = count;

	/* Ids are dense: the first guess is nearly always right. */
	if (id > 0 && (size_t)id <= count && series_at(v, (size_t)id - 1)->id == id)
		return (size_t)id - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (series_at(v, middle)->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && series_at(v, low)->id == id ? low : count;
}
