/* Alerts in groups by container: a walk over them, added up in memory. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/map.h"
#include "codec/json.h"
#include "console/store/alert_groups.h"
#include "console/store/alert_tally.h"
#include "console/store/list_sort.h"

/* Of one document when it is parsed. */
#define DOCUMENT_BUDGET ((size_t)64 << 20)

struct container_group {
	int64_t key; /* the map's */
	struct alert_group sum;
	struct alert_ends ends;
};

struct walked {
	struct store *s;
	struct container_group **groups; /* each where it stays: the map borrows its key */
	size_t count, cap;
	struct map by_key;
	int64_t total, without;
	bool cut;
	struct arena arena;
};

static int no_memory(struct err *e)
{
	return err_set(e, ENOBUFS, "no memory to put alerts in groups");
}

static str key_of(const int64_t *key)
{
	return (str){ (const char *)key, sizeof(*key) };
}

static struct container_group *group_at(struct walked *w, int64_t key)
{
	struct container_group *g = map_find(&w->by_key, key_of(&key)), **slot;
	void **at;

	if (g)
		return g;
	g = ARENA_NEW(&w->arena, struct container_group);
	slot = g ? ARENA_PUSH(&w->arena, w->groups, w->count, w->cap) : NULL;
	if (!slot)
		return NULL;
	*g = (struct container_group){ .key = key, .sum.priority = PRIORITY_COUNT - 1 };
	*slot = g;
	at = map_at(&w->by_key, key_of(&g->key));
	if (!at)
		return NULL;
	*at = g;
	return g;
}

static int take(struct walked *w, const struct alert_hit *h, enum alert_priority priority,
		struct err *e)
{
	struct container_group *g;

	w->total++;
	if (!h->container) {
		w->without++;
		return 0;
	}
	g = group_at(w, h->container);
	if (!g)
		return no_memory(e);
	g->sum.alerts++;
	g->sum.events += 1 + MAX(h->repeats, 0);
	g->sum.open += h->state == ALERT_OPEN;
	g->sum.priority = MIN(g->sum.priority, priority);
	alert_ends_widen(&g->ends, h->id, h->id);
	return 0;
}

static int walk(struct walked *w, const struct alert_filter *f, struct err *e)
{
	struct alert_filter newest = *f;
	struct alert_walk *walk = NULL;
	struct alert_hit h;
	int r;

	newest.oldest_first = false;
	r = alert_walk_new(w->s, &newest, 0, ALERT_READ_MOST, &w->arena, &walk, e);
	while (r >= 0 && (r = alert_walk_next(walk, &h, e)) > 0) {
		const struct alert_match *m = alert_walk_match(walk);
		const size_t at = alert_match_position(m, h.series);

		/* A series that came after the walk began is not judged yet. */
		if (at < m->count)
			r = take(
				w, &h,
				(enum alert_priority)series_at(&m->cache->series, at)->key.priority,
				e);
		if (r < 0)
			return r;
	}
	if (r == 0)
		w->cut = alert_walk_at(walk) != 0;
	return r;
}

static int pick(struct walked *w, enum alert_group_sort sort, bool descending, str cursor,
		size_t limit, struct list_slice *ret, struct err *e)
{
	struct list_item *items = ARENA_ARRAY(&w->arena, w->count, struct list_item);

	if (!items)
		return no_memory(e);
	for (size_t i = 0; i < w->count; i++) {
		const struct container_group *g = w->groups[i];

		items[i] = (struct list_item){
			.number = sort == ALERT_GROUPS_BY_LAST ? g->ends.last : g->sum.alerts,
			.id = arena_printf(&w->arena, "%016" PRIx64, (uint64_t)g->key),
			.item = g
		};
		if (!items[i].id.p)
			return no_memory(e);
	}
	return list_sort_page(items, w->count, descending, cursor, limit, &w->arena, ret, e);
}

static int by_id(const void *x, const void *y)
{
	const struct alert_hit *a = x, *b = y;

	return (a->id > b->id) - (a->id < b->id);
}

/* Rows keep what a container's id is found by alone; the id itself and the name stand in its last alert. */
static int name_group(struct container_group *g, str doc, struct arena *a, struct err *e)
{
	const struct value *c;
	struct arena scratch;
	struct value v;
	int r = 0;

	arena_init(&scratch, DOCUMENT_BUDGET);
	if (doc.p && json_parse(doc, &scratch, &v, NULL) == 0) {
		c = value_get(&v, "container");
		g->sum.value = arena_str(a, value_get_str(c, "id"));
		g->sum.name = arena_str(a, value_get_str(c, "name"));
		r = g->sum.value.p && g->sum.name.p ? 0 : no_memory(e);
	}
	arena_done(&scratch);
	return r;
}

static int name_page(struct walked *w, const struct list_slice *page, struct arena *a,
		     struct err *e)
{
	struct alert_hit *hits = ARENA_ARRAY(&w->arena, page->count, struct alert_hit);
	int r;

	if (!hits)
		return no_memory(e);
	for (size_t i = 0; i < page->count; i++) {
		const struct container_group *g = page->items[i].item;

		hits[i] = (struct alert_hit){ .id = g->ends.last, .container = g->key };
	}
	if (page->count)
		qsort(hits, page->count, sizeof(*hits), by_id);
	r = alert_docs_fetch(w->s, hits, page->count, &w->arena, e);
	for (size_t i = 0; r == 0 && i < page->count; i++)
		r = name_group(group_at(w, hits[i].container), hits[i].doc, a, e);
	return r;
}

static int put_out(const struct walked *w, const struct list_slice *page, struct arena *a,
		   struct alert_groups *ret, struct err *e)
{
	struct alert_groups out = { .items = ARENA_ARRAY(a, page->count, struct alert_group),
				    .next = arena_str(a, page->next),
				    .groups = (int64_t)w->count,
				    .alerts = w->total,
				    .without = w->without,
				    .cut = w->cut };

	if (!out.items || (page->next.n && !out.next.p))
		return no_memory(e);
	for (size_t i = 0; i < page->count; i++) {
		const struct container_group *g = page->items[i].item;
		struct alert_group *x = &out.items[out.count];

		/* Its last alert went meanwhile, with its whole day. */
		if (!g->sum.value.n)
			continue;
		*x = g->sum;
		x->first_ns = alert_id_ms(g->ends.first) * (int64_t)MS_NS;
		x->last_ns = alert_id_ms(g->ends.last) * (int64_t)MS_NS;
		out.count++;
	}
	*ret = out;
	return 0;
}

int alerts_container_groups(struct store *s, const struct alert_filter *f,
			    enum alert_group_sort sort, bool descending, str cursor, size_t limit,
			    struct arena *a, struct alert_groups *ret, struct err *e)
{
	struct walked w = { .s = s };
	struct list_slice page = { 0 };
	int r;

	if (limit == 0 || limit > ALERT_PAGE_MAX)
		return err_set(e, EINVAL, "alerts are not put in such groups");
	arena_init(&w.arena, 0);
	w.by_key = map_in(&w.arena);
	r = walk(&w, f, e);
	r = r < 0 ? r : pick(&w, sort, descending, cursor, limit, &page, e);
	r = r < 0 ? r : name_page(&w, &page, a, e);
	r = r < 0 ? r : put_out(&w, &page, a, ret, e);
	arena_done(&w.arena);
	return r;
}
