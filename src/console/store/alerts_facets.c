#include "base/word.h"
#include "console/store/alert_tally.h"
#include "policy/alert_target.h"

static const char *const names[ALERT_FACET_COUNT] = {
#define FACET_NAME(id, name) [ALERT_FACET_##id] = name,
	ALERT_FACETS(FACET_NAME)
#undef FACET_NAME
};

/* The text a facet counts the values of; the two others are no texts. */
static const enum alert_text texts[ALERT_FACET_COUNT] = {
	[ALERT_FACET_RULE] = ALERT_TEXT_rule,
	[ALERT_FACET_HOST] = ALERT_TEXT_host,
	[ALERT_FACET_CLUSTER] = ALERT_TEXT_cluster,
	[ALERT_FACET_NAMESPACE] = ALERT_TEXT_namespace,
	[ALERT_FACET_WORKLOAD] = ALERT_TEXT_workload,
	[ALERT_FACET_IMAGE] = ALERT_TEXT_image,
	[ALERT_FACET_TAG] = ALERT_TEXT_tags,
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

size_t alert_facet_value(const struct series *x, unsigned state, enum alert_facet facet)
{
	return facet == ALERT_FACET_STATE      ? state
	       : facet == ALERT_FACET_PRIORITY ? x->key.priority
					       : x->key.words[texts[facet]];
}

size_t alert_facet_values(const struct series_view *v, enum alert_facet facet)
{
	return facet == ALERT_FACET_STATE      ? ALERT_STATE_COUNT
	       : facet == ALERT_FACET_PRIORITY ? PRIORITY_COUNT
					       : v->word_count;
}

str alert_facet_text(const struct series_view *v, size_t value, enum alert_facet facet)
{
	return facet == ALERT_FACET_STATE ? str_from(alert_state_name((enum alert_state)value))
	       : facet == ALERT_FACET_PRIORITY
		       ? str_from(alert_priority_word((enum alert_priority)value))
		       : series_word(v, value);
}

/* Adds up alerts by the value they have, @p total of all for which the filter holds. */
static void add_up(const struct alert_filter *f, const struct alert_tally *t,
		   enum alert_facet facet, int64_t *sums, size_t count, int64_t *total)
{
	*total = 0;
	for (size_t i = 0; i < t->match.count; i++) {
		const struct series *x = series_at(&t->match.cache->series, i);

		for (unsigned state = 0; state < ALERT_STATE_COUNT; state++) {
			int64_t n = t->n[i * ALERT_STATE_COUNT + state];
			uint32_t missed = t->match.missed[i];
			size_t value = alert_facet_value(x, state, facet);

			if (f->states && !(f->states & 1U << state))
				missed |= 1U << ALERT_FACET_STATE;
			if (n > 0 && missed == 0)
				*total += n;
			if (n > 0 && counts_for(missed, facet) && value < count)
				sums[value] += n;
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

/* Sorts and cuts; copies what stays, for the series may go. */
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
static int push_tags(struct arena *a, struct list *l, struct map *seen, str tags, int64_t n)
{
	while (tags.n) {
		str tag = str_cut(&tags, ' ');
		void **at = tag.n ? map_at(seen, tag) : NULL;
		uintptr_t no = at ? (uintptr_t)*at : 0;

		if (tag.n == 0)
			continue;
		if (!at || (no == 0 && push(a, l, tag, n) < 0))
			return -ENOBUFS;
		if (no)
			l->items[no - 1].count += n;
		else
			*at = (void *)(uintptr_t)l->count;
	}
	return 0;
}

/* One after the other: of hundreds of thousands of words each takes megabytes. */
static int list_facet(const struct alert_filter *f, const struct alert_tally *t,
		      enum alert_facet facet, size_t top, struct arena *scratch, struct arena *a,
		      struct alert_facets *ret)
{
	const struct series_view *v = &t->match.cache->series;
	const size_t count = alert_facet_values(v, facet);
	int64_t *sums = ARENA_ARRAY(scratch, count, int64_t);
	struct map seen = map_in(scratch);
	struct list l = { 0 };
	int r = sums ? 0 : -ENOBUFS;

	if (sums)
		add_up(f, t, facet, sums, count, &ret->total);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (sums[i] == 0)
			continue;
		r = facet == ALERT_FACET_TAG
			    ? push_tags(scratch, &l, &seen, alert_facet_text(v, i, facet), sums[i])
			    : push(scratch, &l, alert_facet_text(v, i, facet), sums[i]);
	}
	return r < 0 ? r : finish(&l, facet, top, a, ret);
}

int alerts_facets(struct store *s, const struct alert_filter *f, size_t top, struct arena *a,
		  struct alert_facets *ret, struct err *e)
{
	struct alert_tally t = { 0 };
	struct alert_facets out = { 0 };
	struct arena scratch, each;
	bool room = true;
	int r;

	arena_init(&scratch, 0);
	r = alert_tally(s, f, false, &scratch, &t, e);
	out.cut = t.cut;
	for (unsigned i = 0; r == 0 && room && i < ALERT_FACET_COUNT; i++) {
		arena_init(&each, 0);
		room = list_facet(f, &t, (enum alert_facet)i, top, &each, a, &out) == 0;
		arena_done(&each);
	}
	if (r == 0 && !room)
		r = err_set(e, ENOBUFS, "no memory to count alerts");
	arena_done(&scratch);
	if (r == 0)
		*ret = out;
	return r;
}
