#include "base/word.h"
#include "console/store/alert_tally.h"
#include "policy/alert_target.h"

static const char *const names[ALERT_FACET_COUNT] = {
#define FACET_NAME(id, name) [ALERT_FACET_##id] = name,
	ALERT_FACETS(FACET_NAME)
#undef FACET_NAME
};

/* The text a facet counts; the others are made of other things. */
static const struct {
	enum alert_facet facet;
	enum alert_text text;
} by_text[] = {
	{ ALERT_FACET_RULE, ALERT_TEXT_rule },
	{ ALERT_FACET_HOST, ALERT_TEXT_host },
	{ ALERT_FACET_CLUSTER, ALERT_TEXT_cluster },
	{ ALERT_FACET_NAMESPACE, ALERT_TEXT_namespace },
	{ ALERT_FACET_WORKLOAD, ALERT_TEXT_workload },
	{ ALERT_FACET_IMAGE, ALERT_TEXT_image },
	{ ALERT_FACET_TAG, ALERT_TEXT_tags },
};

struct sums {
	int64_t *words[ARRAY_LEN(by_text)]; /* by number of the word */
	int64_t priorities[PRIORITY_COUNT], states[ALERT_STATE_COUNT], total;
};

const char *alert_facet_name(enum alert_facet f)
{
	return WORD_NAME(names, f);
}

/* Whether it counts for a facet: nothing else keeps it out. */
static bool counts_for(uint32_t missed, enum alert_facet f)
{
	return (missed & ~(1U << f)) == 0;
}

static void add_up(const struct series *x, uint32_t missed, unsigned state, int64_t n,
		   struct sums *sums)
{
	if (missed == 0)
		sums->total += n;
	if (counts_for(missed, ALERT_FACET_STATE))
		sums->states[state] += n;
	if (counts_for(missed, ALERT_FACET_PRIORITY) && x->key.priority < PRIORITY_COUNT)
		sums->priorities[x->key.priority] += n;
	for (size_t i = 0; i < ARRAY_LEN(by_text); i++)
		if (counts_for(missed, by_text[i].facet))
			sums->words[i][x->key.words[by_text[i].text]] += n;
}

static void add_all(const struct alert_filter *f, const struct alert_tally *t, struct sums *sums)
{
	for (size_t i = 0; i < t->match.cache->count; i++) {
		if (t->match.missed[i] & ALERT_HIDDEN)
			continue;
		for (unsigned state = 0; state < ALERT_STATE_COUNT; state++) {
			int64_t n = t->n[i * ALERT_STATE_COUNT + state];
			uint32_t missed = t->match.missed[i];

			if (f->states && !(f->states & 1U << state))
				missed |= 1U << ALERT_FACET_STATE;
			if (n > 0)
				add_up(t->match.cache->items[i], missed, state, n, sums);
		}
	}
}

static int most_first(const void *x, const void *y)
{
	const struct alert_count *a = x, *b = y;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return str_cmp(a->value, b->value);
}

struct list {
	struct alert_count *items;
	size_t count, cap;
};

static int push(struct arena *a, struct list *l, str value, int64_t n)
{
	struct alert_count *c;

	if (n <= 0 || value.n == 0)
		return 0;
	c = ARENA_PUSH(a, l->items, l->count, l->cap);
	if (!c)
		return -ENOBUFS;
	*c = (struct alert_count){ value, n };
	return 0;
}

/* Sorts and cuts; copies what stays, for the cache may be begun anew. */
static int finish(struct list *l, enum alert_facet f, size_t top, struct arena *a,
		  struct alert_facets *ret)
{
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), most_first);
	ret->count[f] = MIN(l->count, top);
	ret->values[f] = ARENA_ARRAY(a, ret->count[f], struct alert_count);
	if (!ret->values[f])
		return -ENOBUFS;
	for (size_t i = 0; i < ret->count[f]; i++) {
		ret->values[f][i] =
			(struct alert_count){ arena_str(a, l->items[i].value), l->items[i].count };
		if (!ret->values[f][i].value.p)
			return -ENOBUFS;
	}
	return 0;
}

/* Tags come several to a text. */
static int list_tags(const struct alert_cache *c, const int64_t *words, struct arena *scratch,
		     struct list *l)
{
	struct map seen = map_in(scratch);

	for (size_t i = 0; i < c->word_count; i++) {
		str rest = words[i] ? c->words[i] : (str){ NULL, 0 };

		while (rest.n) {
			str tag = str_cut(&rest, ' ');
			void **at = tag.n ? map_at(&seen, tag) : NULL;
			uintptr_t no = at ? (uintptr_t)*at : 0;

			if (tag.n == 0)
				continue;
			if (!at || (no == 0 && push(scratch, l, tag, words[i]) < 0))
				return -ENOBUFS;
			if (no)
				l->items[no - 1].count += words[i];
			else
				*at = (void *)(uintptr_t)l->count;
		}
	}
	return 0;
}

static int list_words(const struct alert_cache *c, const int64_t *words, struct arena *scratch,
		      struct list *l)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->word_count; i++)
		r = push(scratch, l, c->words[i], words[i]);
	return r;
}

static int list_all(const struct alert_cache *c, const struct sums *sums, size_t top,
		    struct arena *scratch, struct arena *a, struct alert_facets *ret)
{
	struct list state = { 0 }, priority = { 0 };
	int r = 0;

	for (unsigned i = 0; r == 0 && i < ALERT_STATE_COUNT; i++)
		r = push(scratch, &state, str_from(alert_state_name((enum alert_state)i)),
			 sums->states[i]);
	for (unsigned i = 0; r == 0 && i < PRIORITY_COUNT; i++)
		r = push(scratch, &priority, str_from(alert_priority_word((enum alert_priority)i)),
			 sums->priorities[i]);
	r = r < 0 ? r : finish(&state, ALERT_FACET_STATE, top, a, ret);
	r = r < 0 ? r : finish(&priority, ALERT_FACET_PRIORITY, top, a, ret);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(by_text); i++) {
		struct list l = { 0 };

		r = by_text[i].facet == ALERT_FACET_TAG
			    ? list_tags(c, sums->words[i], scratch, &l)
			    : list_words(c, sums->words[i], scratch, &l);
		r = r < 0 ? r : finish(&l, by_text[i].facet, top, a, ret);
	}
	return r;
}

int alerts_facets(struct store *s, const struct alert_filter *f, size_t top, struct arena *a,
		  struct alert_facets *ret, struct err *e)
{
	struct alert_tally t = { 0 };
	struct alert_facets out = { 0 };
	struct sums sums = { 0 };
	struct arena scratch;
	bool room = true;
	int r;

	arena_init(&scratch, 0);
	r = alert_tally(s, f, &scratch, &t, e);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(by_text); i++) {
		sums.words[i] = ARENA_ARRAY(&scratch, t.match.cache->word_count, int64_t);
		room = room && sums.words[i];
	}
	if (r == 0 && room) {
		add_all(f, &t, &sums);
		out.total = sums.total;
		out.cut = t.cut;
		room = list_all(t.match.cache, &sums, top, &scratch, a, &out) == 0;
	}
	if (r == 0 && !room)
		r = err_set(e, ENOBUFS, "no memory to count alerts");
	arena_done(&scratch);
	if (r == 0)
		*ret = out;
	return r;
}
