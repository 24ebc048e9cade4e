#include "console/store/alert_groups_priv.h"

#include <inttypes.h>

#include "base/clock.h"
#include "console/store/list_sort.h"
#include "policy/alert_target.h"

/* Of a value, that it takes in a cursor: the rest stands there as a number. */
#define ID_TEXT_MAX 120

static int no_memory(struct err *e)
{
	return err_set(e, ENOBUFS, "no memory to put alerts in groups");
}

static int push_member(struct grouping *g, str value, struct map *seen)
{
	void **at = map_at(seen, value);
	uint32_t *member = ARENA_PUSH(&g->arena, g->members, g->member_count, g->member_cap);
	struct group *x;

	if (!at || !member)
		return -ENOBUFS;
	if (!*at) {
		x = ARENA_PUSH(&g->arena, g->groups, g->count, g->cap);
		if (!x)
			return -ENOBUFS;
		*x = (struct group){ .value = value, .priority = PRIORITY_COUNT - 1 };
		*at = (void *)(uintptr_t)g->count;
	}
	*member = (uint32_t)((uintptr_t)*at - 1);
	return 0;
}

/* Where the filter says which tags, other tags that an alert has besides are no groups: the filter could not show them. */
static bool is_asked_for(const struct grouping *g, str one)
{
	const struct alert_values *tags = &g->f->tags;
	bool found = g->by != ALERT_FACET_TAG || tags->count == 0;

	for (size_t i = 0; !found && i < tags->count; i++)
		found = str_eq(tags->items[i], one);
	return found;
}

/* Which groups each value of the facet stands for: none, one, or as many as it has tags. */
static int lay_out(struct grouping *g, struct err *e)
{
	const struct series_view *v = &g->tally.match.cache->series;
	const struct alert_match *m = &g->tally.match;
	const size_t count = alert_facet_values(v, g->by);
	bool *used = ARENA_ARRAY(&g->arena, count, bool);
	struct map seen = map_in(&g->arena);

	g->starts = ARENA_ARRAY(&g->arena, count + 1, uint32_t);
	if (!g->starts || !used)
		return no_memory(e);
	for (size_t i = 0; i < m->count; i++)
		if (m->missed[i] == 0)
			used[alert_facet_value(series_at(v, i), 0, g->by)] = true;
	for (size_t i = 0; i < count; i++) {
		str rest = used[i] ? alert_facet_text(v, i, g->by) : (str){ 0 };

		while (rest.n) {
			str one = g->by == ALERT_FACET_TAG ? str_cut(&rest, ' ') : rest;

			if (g->by != ALERT_FACET_TAG)
				rest.n = 0;
			if (one.n && is_asked_for(g, one) && push_member(g, one, &seen) < 0)
				return no_memory(e);
		}
		g->starts[i + 1] = (uint32_t)g->member_count;
	}
	return 0;
}

static void add(struct grouping *g, size_t position, unsigned state)
{
	const struct alert_tally *t = &g->tally;
	const size_t at = position * ALERT_STATE_COUNT + state;
	const int64_t n = t->n[at];
	const uint32_t priority = series_at(&g->tally.match.cache->series, position)->key.priority;
	size_t count;
	const uint32_t *of = group_of(g, position, &count);

	g->total += n;
	g->without += count ? 0 : n;
	for (size_t i = 0; i < count; i++) {
		struct group *x = &g->groups[of[i]];

		x->alerts += n;
		x->open += state == ALERT_OPEN ? n : 0;
		x->repeats += MAX(t->repeats[at], 0);
		x->priority = MIN(x->priority, (enum alert_priority)priority);
		if (t->ends)
			alert_ends_widen(&x->ends, t->ends[at].first, t->ends[at].last);
	}
}

static void add_up(struct grouping *g)
{
	const struct alert_tally *t = &g->tally;

	for (size_t i = 0; i < t->match.count; i++) {
		for (unsigned state = 0; t->match.missed[i] == 0 && state < ALERT_STATE_COUNT;
		     state++)
			if (t->n[i * ALERT_STATE_COUNT + state] > 0 &&
			    (!g->f->states || g->f->states & 1U << state))
				add(g, i, state);
	}
}

static int put_items(struct grouping *g, enum alert_group_sort sort, struct list_item **ret,
		     size_t *ret_count, struct err *e)
{
	struct list_item *items = ARENA_ARRAY(&g->arena, g->count, struct list_item);
	size_t n = 0;

	for (size_t i = 0; items && i < g->count; i++) {
		const struct group *x = &g->groups[i];
		struct list_item *item = &items[n];

		if (!x->alerts || (sort == ALERT_GROUPS_BY_LAST && x->wanted))
			continue;
		*item = (struct list_item){
			.number = sort == ALERT_GROUPS_BY_LAST ? x->ends.last : x->alerts,
			.id = arena_printf(&g->arena, "%.*s %016" PRIx64,
					   STR_ARG(str_take(x->value, ID_TEXT_MAX)),
					   str_hash(x->value)),
			.item = x
		};
		if (!item->id.p)
			return no_memory(e);
		n++;
	}
	if (!items)
		return no_memory(e);
	*ret = items;
	*ret_count = n;
	return 0;
}

struct wish {
	enum alert_group_sort sort;
	bool descending;
	str cursor;
	size_t limit;
};

static int pick(struct grouping *g, const struct wish *w, struct list_slice *ret, struct err *e)
{
	struct list_item *items = NULL;
	size_t count = 0;
	int r = put_items(g, w->sort, &items, &count, e);

	return r < 0 ? r
		     : list_sort_page(items, count, w->descending, w->cursor, w->limit, &g->arena,
				      ret, e);
}

/* By the last alert. Newest first it is enough to go back until the page is full: who was not found yet comes later. */
static int pick_by_last(struct grouping *g, const struct wish *w, struct list_slice *ret,
			struct err *e)
{
	struct group_search s;
	int r;

	for (size_t i = 0; i < g->count; i++)
		g->groups[i].wanted = g->groups[i].alerts && !g->groups[i].ends.last;
	r = group_search_open(g, true, &s, e);
	while (r >= 0) {
		const size_t left = s.left;

		r = left ? group_search_day(&s, e) : 0;
		if (r < 0 || (r > 0 && s.left && (!w->descending || s.left == left)))
			continue;
		for (size_t i = 0; s.day == s.day_count && i < g->count; i++)
			g->groups[i].wanted = false;
		r = pick(g, w, ret, e);
		if (r < 0 || ret->next.n || s.left == 0 || s.day == s.day_count)
			return r;
	}
	return r;
}

/* When the first, or the last, of the groups of a page was. */
static int find_ends(struct grouping *g, const struct list_slice *page, bool newest, struct err *e)
{
	struct group_search s = { 0 };
	bool any = false;
	int r;

	for (size_t i = 0; i < g->count; i++)
		g->groups[i].wanted = false;
	for (size_t i = 0; i < page->count; i++) {
		struct group *x = &g->groups[(const struct group *)page->items[i].item - g->groups];

		x->wanted = !(newest ? x->ends.last : x->ends.first);
		any = any || x->wanted;
	}
	r = any ? group_search_open(g, newest, &s, e) : 0;
	while (r >= 0 && s.left && (r = group_search_day(&s, e)) > 0)
		;
	return MIN(r, 0);
}

static int64_t time_of(int64_t id)
{
	return alert_id_ms(id) * (int64_t)MS_NS;
}

static int put_out(const struct grouping *g, const struct list_slice *page, struct arena *a,
		   struct alert_groups *ret, struct err *e)
{
	struct alert_groups out = { .items = ARENA_ARRAY(a, page->count, struct alert_group),
				    .next = arena_str(a, page->next),
				    .alerts = g->total,
				    .without = g->without,
				    .cut = g->tally.cut };

	if (!out.items || (page->next.n && !out.next.p))
		return no_memory(e);
	for (size_t i = 0; i < g->count; i++)
		out.groups += g->groups[i].alerts > 0;
	for (; out.count < page->count; out.count++) {
		const struct group *x = page->items[out.count].item;

		out.items[out.count] = (struct alert_group){ .value = arena_str(a, x->value),
							     .alerts = x->alerts,
							     .events = x->alerts + x->repeats,
							     .open = x->open,
							     .priority = x->priority,
							     .first_ns = time_of(x->ends.first),
							     .last_ns = time_of(x->ends.last) };
		if (!out.items[out.count].value.p)
			return no_memory(e);
	}
	*ret = out;
	return 0;
}

int alerts_groups(struct store *s, const struct alert_filter *f, enum alert_facet by,
		  enum alert_group_sort sort, bool descending, str cursor, size_t limit,
		  struct arena *a, struct alert_groups *ret, struct err *e)
{
	const struct wish w = { sort, descending, cursor, limit };
	struct grouping g = { .s = s, .f = f, .by = by };
	struct list_slice page = { 0 };
	int r;

	if (limit == 0 || limit > ALERT_PAGE_MAX || by == ALERT_FACET_STATE)
		return err_set(e, EINVAL, "alerts are not put in such groups");
	arena_init(&g.arena, 0);
	r = alert_tally(s, f, true, &g.arena, &g.tally, e);
	r = r < 0 ? r : lay_out(&g, e);
	if (r == 0) {
		add_up(&g);
		r = sort == ALERT_GROUPS_BY_LAST ? pick_by_last(&g, &w, &page, e)
						 : pick(&g, &w, &page, e);
	}
	r = r < 0 ? r : find_ends(&g, &page, true, e);
	r = r < 0 ? r : find_ends(&g, &page, false, e);
	r = r < 0 ? r : put_out(&g, &page, a, ret, e);
	arena_done(&g.arena);
	return r;
}
