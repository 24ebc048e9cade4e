#include "console/api/asset_graph_priv.h"
#include "console/api/asset_json.h"
#include "console/api/neighbours.h"

#define NEIGHBOURS_MAX 200

int graph_spent(struct err *e)
{
	return err_set(e, ENOBUFS, "graph: memory budget spent");
}

int graph_add_asset(struct graph *g, const struct asset *a, unsigned int depth, bool *ret_in,
		    struct err *e)
{
	void **at;

	*ret_in = map_find(&g->known, a->id) != NULL;
	if (*ret_in)
		return 0;
	if (g->kinds && depth && !(g->kinds & 1U << a->kind))
		return 0;
	if (g->count == g->max || !g->left ||
	    (g->depth > 1 && g->at_depth[depth] == GRAPH_STEP_MAX(g->max))) {
		g->cut = true;
		return 0;
	}
	at = map_at(&g->known, a->id);
	if (!at)
		return graph_spent(e);
	g->nodes[g->count] = *a;
	g->depths[g->count] = depth;
	g->at_depth[depth]++;
	g->left--;
	*at = &g->nodes[g->count++];
	*ret_in = true;
	return 0;
}

int graph_add_edge(struct graph *g, str from, str kind, str to, struct err *e)
{
	struct arena *a = g->call->arena;
	str key = arena_printf(a, "%.*s %.*s %.*s", STR_ARG(from), STR_ARG(kind), STR_ARG(to));
	void **at = key.p ? map_at(&g->edges, key) : NULL;
	struct graph_edge *edge;

	if (!at)
		return graph_spent(e);
	if (*at)
		return 0;
	edge = ARENA_PUSH(a, g->list, g->edge_count, g->edge_cap);
	if (!edge)
		return graph_spent(e);
	*edge = (struct graph_edge){ from, to, kind };
	*at = g;
	return 0;
}

/* A step's room, shared between the nodes of the step before. */
static size_t share_of(const struct graph *g, unsigned int depth)
{
	return g->depth > 1
		       ? MAX((size_t)GRAPH_SHARE_MIN, GRAPH_STEP_MAX(g->max) / g->at_depth[depth])
		       : g->max;
}

static int take_neighbour(struct graph *g, size_t node, const struct asset_neighbour *x,
			  struct err *e)
{
	str here = g->nodes[node].id, there = x->asset.id;
	bool in;
	int r = graph_add_asset(g, &x->asset, g->depths[node] + 1, &in, e);

	return r < 0 || !in ? r
			    : graph_add_edge(g, x->outgoing ? here : there, x->kind,
					     x->outgoing ? there : here, e);
}

/* Which kinds of these are too many to be drawn one by one. Only groups on a host or of an image can be opened. */
static unsigned int crowds(const struct graph *g, const struct asset *of,
			   const struct asset_neighbour *list, size_t count,
			   size_t of_kind[static ASSET_KIND_COUNT])
{
	unsigned int many = 0;

	if (of->kind != ASSET_HOST && of->kind != ASSET_IMAGE)
		return 0;
	for (size_t i = 0; i < count; i++) {
		const enum asset_kind k = list[i].asset.kind;

		if ((!g->kinds || (g->kinds & 1U << k)) && ++of_kind[k] > GRAPH_ALONE_MAX)
			many |= 1U << k;
	}
	return many;
}

/* One node for all neighbours of a kind. */
static int add_crowd(struct graph *g, const struct asset *of, const struct asset_neighbour *one,
		     size_t count, struct err *e)
{
	struct graph_node n = { .id = arena_printf(g->call->arena, "group:%s:%.*s",
						   asset_kind_name(one->asset.kind),
						   STR_ARG(of->id)),
				.name = S(""),
				.kind = "group",
				.of = one->asset.kind,
				.count = (int64_t)count };
	int r;

	if (of->kind == ASSET_HOST)
		n.open.agent = of->agent;
	else
		n.open.image = of->id;
	r = graph_hang(g, &n, e);
	if (r <= 0)
		return r;
	return graph_add_edge(g, one->outgoing ? of->id : n.id, one->kind,
			      one->outgoing ? n.id : of->id, e);
}

static int look_around(struct graph *g, size_t node, struct err *e)
{
	struct call *c = g->call;
	size_t of_kind[ASSET_KIND_COUNT] = { 0 };
	const struct asset of = g->nodes[node];
	struct asset_neighbour *list;
	unsigned int many;
	size_t count;
	bool cut;
	int r = neighbours_of(c, g->nodes[node].id, g->kinds, NEIGHBOURS_MAX, &list, &count, &cut,
			      e);

	if (r < 0)
		return r;
	g->cut |= cut;
	g->left = share_of(g, g->depths[node]);
	many = crowds(g, &of, list, count, of_kind);
	/* Users are many, and tell least of how things hang together: they get the room that is left. */
	for (int users = 0; users < 2 && r == 0; users++)
		for (size_t i = 0; i < count && r == 0; i++) {
			const enum asset_kind k = list[i].asset.kind;

			if ((k == ASSET_USER) != (users > 0))
				continue;
			if (!(many & 1U << k))
				r = take_neighbour(g, node, &list[i], e);
			else if (of_kind[k])
				r = add_crowd(g, &of, &list[i], of_kind[k], e);
			of_kind[k] = 0;
		}
	return r;
}

static int begin(struct graph *g, struct err *e)
{
	struct call *c = g->call;
	struct asset_filter hosts = { .scope = &c->who.scope, .kinds = 1U << ASSET_HOST };
	str root = call_query(c, "root");
	struct asset_page page;
	struct asset a;
	bool in;
	int r;

	if (root.n) {
		r = assets_get(c->store, &c->who.scope, root, c->arena, &a, e);
		return r < 0 ? r : graph_add_asset(g, &a, 0, &in, e);
	}
	r = assets_page(c->store, &hosts, (str){ 0 }, g->max, false, c->arena, &page, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < page.count && r == 0; i++)
		r = graph_add_asset(g, &page.items[i], 0, &in, e);
	g->cut |= page.next.n != 0;
	return r;
}

static void put_open(const struct graph_open *o, struct json_out *j)
{
	json_key(j, "open");
	json_object_open(j);
	if (o->cluster.n)
		json_put_str(j, "cluster", o->cluster);
	if (o->namespace.n)
		json_put_str(j, "namespace", o->namespace);
	if (o->agent.n)
		json_put_str(j, "agent", o->agent);
	if (o->image.n)
		json_put_str(j, "image", o->image);
	if (o->skip)
		json_put_int(j, "skip", o->skip);
	json_object_close(j);
}

static void put_beyond(const struct graph_node *n, struct json_out *j)
{
	json_object_open(j);
	json_put_str(j, "id", n->id);
	json_put_cstr(j, "kind", n->kind);
	json_put_str(j, "name", n->name);
	if (n->severity) {
		json_put_cstr(j, "severity", n->severity);
		json_put_bool(j, "kev", n->kev);
	}
	if (n->count)
		json_put_int(j, "count", n->count);
	if (str_is(str_from(n->kind), "group")) {
		json_put_cstr(j, "of", asset_kind_name(n->of));
		if (n->by)
			json_put_cstr(j, "by", n->by);
		if (n->open.cluster.n || n->open.namespace.n || n->open.agent.n ||
		    n->open.image.n || n->open.skip)
			put_open(&n->open, j);
	}
	json_object_close(j);
}

static void put(const struct graph *g, struct json_out *j)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	json_object_open(j);
	json_key(j, "nodes");
	json_array_open(j);
	for (size_t i = 0; i < g->count; i++)
		asset_put(&g->nodes[i], &scratch, j);
	json_array_close(j);
	json_key(j, "edges");
	json_array_open(j);
	for (size_t i = 0; i < g->edge_count; i++) {
		json_object_open(j);
		json_put_str(j, "from", g->list[i].from);
		json_put_str(j, "to", g->list[i].to);
		json_put_str(j, "kind", g->list[i].kind);
		json_object_close(j);
	}
	json_array_close(j);
	json_key(j, "beyond");
	json_array_open(j);
	for (size_t i = 0; i < g->beyond_count; i++)
		put_beyond(&g->beyond[i], j);
	json_array_close(j);
	json_put_bool(j, "cut", g->cut);
	json_object_close(j);
	arena_done(&scratch);
}

int api_asset_graph(struct call *c, struct err *e)
{
	bool findings = value_is_true(value_get(&c->query, "findings"));
	struct graph *g = ARENA_NEW(c->arena, struct graph);
	int r;

	if (!g)
		return graph_spent(e);
	g->call = c;
	g->depth = (unsigned int)value_int(value_get(&c->query, "depth"), 2);
	g->max = findings ? GRAPH_NODES_MAX - GRAPH_BEYOND_MAX : GRAPH_NODES_MAX;
	g->left = g->max;
	g->known = map_in(c->arena);
	g->edges = map_in(c->arena);
	VALUE_EACH (v, value_get(&c->query, "kind"))
		g->kinds |= asset_kind_bit(v->string);
	r = call_query(c, "root").n ? 0 : graph_add_groups(g, e);
	if (r == 0) {
		r = begin(g, e);
		for (size_t i = 0; i < g->count && r == 0; i++)
			if (g->depths[i] < g->depth)
				r = look_around(g, i, e);
	}
	r = MIN(r, 0);
	if (r == 0 && findings)
		r = graph_add_findings(g, e);
	if (r == 0)
		put(g, &c->json);
	return r;
}
