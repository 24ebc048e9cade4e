#include <stdlib.h>

#include "console/api/asset_graph_priv.h"

/* Of containers that have everything in common so many are drawn. */
#define GRAPH_CROWD_MAX 100

/* By what containers are grouped; the first that tells two of them apart. */
enum by { BY_NAMESPACE, BY_IMAGE, BY_HOST, BY_COUNT };

static const char *const by_names[] = { "namespace", "image", "host" };

struct group {
	str key, name;
	int64_t count;
	str id; /**< of the node that stands for it; empty: none */
};

/* Groups of one sort: found by key, in the order they came until they are sorted. */
struct groups {
	struct map known;
	struct group **list;
	size_t count, cap;
};

struct picture {
	struct graph *g;
	struct graph_open shown;
	struct asset_tally *rows;
	size_t count;
	int64_t containers;
	struct groups hosts, clusters, images, by[BY_COUNT];
	bool alone; /**< containers are drawn one by one */
	enum by grouped;
};

static int count_in(struct picture *p, struct groups *in, str key, str name, int64_t count,
		    struct err *e)
{
	struct arena *a = p->g->call->arena;
	void **at = map_at(&in->known, key);
	struct group **place;

	if (!at)
		return graph_spent(e);
	if (!*at) {
		struct group *new = ARENA_NEW(a, struct group);

		place = new ? ARENA_PUSH(a, in->list, in->count, in->cap) : NULL;
		if (!place)
			return graph_spent(e);
		*new = (struct group){ .key = key, .name = name };
		*at = *place = new;
	}
	((struct group *)*at)->count += count;
	return 0;
}

static bool is_shown(const struct graph_open *o, const struct asset_tally *t)
{
	return (!o->cluster.n || str_eq(o->cluster, t->cluster)) &&
	       (!o->agent.n || str_eq(o->agent, t->agent)) &&
	       (t->kind == ASSET_HOST || ((!o->namespace.n || str_eq(o->namespace, t->namespace)) &&
					  (!o->image.n || str_eq(o->image, t->image_id))));
}

static str key_of(const struct asset_tally *t, enum by by)
{
	return by == BY_NAMESPACE ? t->namespace : by == BY_IMAGE ? t->image_id : t->agent;
}

static int count_row(struct picture *p, const struct asset_tally *t, struct err *e)
{
	int r = 0;

	if (t->kind == ASSET_HOST)
		return 0;
	p->containers += t->count;
	for (unsigned i = 0; i < BY_COUNT && r == 0; i++)
		r = count_in(p, &p->by[i], key_of(t, (enum by)i),
			     i == BY_NAMESPACE ? t->namespace
			     : i == BY_IMAGE   ? t->image
					       : t->host,
			     t->count, e);
	if (r == 0 && t->image_id.n)
		r = count_in(p, &p->images, t->image_id, t->image, t->count, e);
	return r;
}

/* Of the hosts those that run what is shown; all, where nothing of containers was asked for. */
static int count_host(struct picture *p, const struct asset_tally *t, struct err *e)
{
	const bool any = !p->shown.namespace.n && !p->shown.image.n;
	int r;

	if (t->kind != ASSET_HOST || (!any && !map_find(&p->by[BY_HOST].known, t->agent)))
		return 0;
	r = count_in(p, &p->hosts, t->agent, t->host, 1, e);
	return r < 0 ? r : count_in(p, &p->clusters, t->cluster, t->cluster, 1, e);
}

static int largest_first(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;

	return x->count != y->count ? (x->count < y->count) - (x->count > y->count)
				    : str_cmp(x->key, y->key);
}

static int count_all(struct picture *p, struct err *e)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < p->count; i++)
		if (is_shown(&p->shown, &p->rows[i]))
			p->rows[kept++] = p->rows[i];
	p->count = kept;
	for (size_t i = 0; i < kept && r == 0; i++)
		r = count_row(p, &p->rows[i], e);
	for (size_t i = 0; i < kept && r == 0; i++)
		r = count_host(p, &p->rows[i], e);
	while (p->grouped < BY_COUNT - 1 && p->by[p->grouped].count < 2)
		p->grouped++;
	p->alone = p->containers <= GRAPH_ALONE_MAX || p->by[p->grouped].count < 2;
	return r;
}

/* A node for a group that is drawn. @return as graph_hang() */
static int hang_group(struct picture *p, struct group *of, struct graph_node n, struct err *e)
{
	struct arena *a = p->g->call->arena;
	int r;

	n.kind = "group";
	n.name = of->name;
	n.count = of->count;
	n.id = arena_printf(a, "group:%s:%s:%.*s", asset_kind_name(n.of), n.by ? n.by : "",
			    STR_ARG(of->key));
	r = graph_hang(p->g, &n, e);
	if (r > 0)
		of->id = n.id;
	return r;
}

/* Draws the asset itself, if it is stored and may be seen. */
static int add_alone(struct picture *p, str id, struct group *of, struct err *e)
{
	struct call *c = p->g->call;
	struct asset x;
	bool in;
	int r = assets_get(c->store, &c->who.scope, id, c->arena, &x, e);

	if (r == -ENOENT)
		return 0;
	p->g->left = p->g->max;
	r = r < 0 ? r : graph_add_asset(p->g, &x, 0, &in, e);
	if (r == 0 && in)
		of->id = x.id;
	return r;
}

static int draw_hosts(struct picture *p, struct err *e)
{
	struct arena *a = p->g->call->arena;
	const bool alone = p->hosts.count <= GRAPH_ALONE_MAX;
	struct groups *of = alone ? &p->hosts : &p->clusters;
	int r = 0;

	if (of->count)
		qsort(of->list, of->count, sizeof(*of->list), largest_first);
	for (size_t i = 0; i < of->count && r >= 0; i++) {
		struct graph_node n = { .of = ASSET_HOST,
					.by = of->list[i]->key.n ? "cluster" : NULL };
		str id = arena_printf(a, "host:%.*s", STR_ARG(of->list[i]->key));

		if (!str_eq(of->list[i]->key, p->shown.cluster)) {
			n.open = p->shown;
			n.open.cluster = of->list[i]->key;
		}
		if (!id.p)
			return graph_spent(e);
		p->g->cut |= i == GRAPH_ALONE_MAX;
		if (i >= GRAPH_ALONE_MAX)
			break;
		r = alone ? add_alone(p, id, of->list[i], e) : hang_group(p, of->list[i], n, e);
	}
	return MIN(r, 0);
}

static int draw_images(struct picture *p, struct err *e)
{
	struct group all = { .name = S(""), .count = (int64_t)p->images.count };
	int r = 0;

	if (p->images.count > GRAPH_ALONE_MAX) {
		r = hang_group(p, &all, (struct graph_node){ .of = ASSET_IMAGE }, e);
		for (size_t i = 0; i < p->images.count; i++)
			p->images.list[i]->id = all.id;
		return MIN(r, 0);
	}
	for (size_t i = 0; i < p->images.count && r >= 0; i++)
		r = add_alone(p, p->images.list[i]->key, p->images.list[i], e);
	return r;
}

/* The largest groups; those behind them are one node, which opens the next. */
static int draw_groups(struct picture *p, struct err *e)
{
	struct groups *of = &p->by[p->grouped];
	const size_t from = MIN((size_t)p->shown.skip, of->count);
	size_t until = MIN(from + GRAPH_GROUPS_MAX, of->count);
	struct group rest = { .key = S("*"), .name = S("") };
	int r = 0;

	until += of->count - until == 1;
	qsort(of->list, of->count, sizeof(*of->list), largest_first);
	for (size_t i = from; i < until && r >= 0; i++) {
		struct graph_node n = { .of = ASSET_CONTAINER, .by = by_names[p->grouped] };

		if (of->list[i]->key.n)
			n.open = p->shown;
		*(p->grouped == BY_NAMESPACE ? &n.open.namespace
		  : p->grouped == BY_IMAGE   ? &n.open.image
					     : &n.open.agent) = of->list[i]->key;
		n.open.skip = 0;
		r = hang_group(p, of->list[i], n, e);
	}
	for (size_t i = until; i < of->count; i++)
		rest.count += of->list[i]->count;
	if (r < 0 || !rest.count)
		return MIN(r, 0);
	r = hang_group(p, &rest, (struct graph_node){ .of = ASSET_CONTAINER, .open = p->shown }, e);
	if (r > 0)
		p->g->beyond[p->g->beyond_count - 1].open.skip = (int64_t)until;
	for (size_t i = until; i < of->count; i++)
		of->list[i]->id = rest.id;
	return MIN(r, 0);
}

static str id_in(const struct groups *in, str key)
{
	const struct group *of = map_find(&in->known, key);

	return of ? of->id : (str){ 0 };
}

static int link_up(struct picture *p, str container, const struct asset_tally *t, struct err *e)
{
	str host = id_in(&p->hosts, t->agent), image = id_in(&p->images, t->image_id);
	int r = 0;

	if (!container.n)
		return 0;
	if (host.n)
		r = graph_add_edge(p->g, container, S("on"), host, e);
	return r == 0 && image.n ? graph_add_edge(p->g, container, S("uses"), image, e) : r;
}

static int draw_alone(struct picture *p, struct err *e)
{
	struct call *c = p->g->call;
	const struct asset_filter f = { .scope = &c->who.scope,
					.kinds = 1U << ASSET_CONTAINER,
					.agent = p->shown.agent,
					.image_id = p->shown.image,
					.cluster = p->shown.cluster,
					.namespace = p->shown.namespace };
	struct asset_page page;
	int r = assets_page(c->store, &f, (str){ 0 }, GRAPH_CROWD_MAX, false, c->arena, &page, e);

	p->g->cut |= r == 0 && page.next.n;
	for (size_t i = 0; r == 0 && i < page.count; i++) {
		const struct asset *x = &page.items[i];
		bool in;

		p->g->left = p->g->max;
		r = graph_add_asset(p->g, x, 0, &in, e);
		if (r == 0 && in)
			r = link_up(
				p, x->id,
				&(struct asset_tally){ .agent = x->agent, .image_id = x->image_id },
				e);
	}
	return r;
}

static int draw(struct picture *p, struct err *e)
{
	int r = draw_hosts(p, e);

	/* Where hosts are groups, a host stands for its cluster's. */
	for (size_t i = 0; i < p->count && p->hosts.count > GRAPH_ALONE_MAX; i++) {
		struct group *host = map_find(&p->hosts.known, p->rows[i].agent);

		if (host && p->rows[i].kind == ASSET_HOST)
			host->id = id_in(&p->clusters, p->rows[i].cluster);
	}
	r = r < 0 ? r : draw_images(p, e);
	if (r < 0 || p->alone)
		return r < 0 ? r : draw_alone(p, e);
	r = draw_groups(p, e);
	for (size_t i = 0; i < p->count && r == 0; i++)
		if (p->rows[i].kind == ASSET_CONTAINER)
			r = link_up(p, id_in(&p->by[p->grouped], key_of(&p->rows[i], p->grouped)),
				    &p->rows[i], e);
	return r;
}

int graph_add_groups(struct graph *g, struct err *e)
{
	struct call *c = g->call;
	struct picture *p = ARENA_NEW(c->arena, struct picture);
	bool cut, narrowed;
	int r;

	if (!p)
		return graph_spent(e);
	p->g = g;
	p->shown = (struct graph_open){ .cluster = call_query(c, "cluster"),
					.namespace = call_query(c, "namespace"),
					.agent = call_query(c, "agent"),
					.image = call_query(c, "image"),
					.skip = value_int(value_get(&c->query, "skip"), 0) };
	narrowed = p->shown.cluster.n || p->shown.namespace.n || p->shown.agent.n ||
		   p->shown.image.n || p->shown.skip;
	p->hosts.known = map_in(c->arena);
	p->clusters.known = map_in(c->arena);
	p->images.known = map_in(c->arena);
	for (unsigned i = 0; i < BY_COUNT; i++)
		p->by[i].known = map_in(c->arena);
	r = assets_tally(c->store, &c->who.scope, 1U << ASSET_HOST | 1U << ASSET_CONTAINER,
			 c->arena, &p->rows, &p->count, &cut, e);
	r = r < 0 ? r : count_all(p, e);
	if (r < 0 || (!narrowed && p->alone && p->hosts.count <= GRAPH_ALONE_MAX))
		return r;
	g->cut = cut;
	r = draw(p, e);
	return r < 0 ? r : 1;
}
