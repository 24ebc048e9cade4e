#include "console/api/asset_graph_priv.h"
#include "console/api/asset_json.h"
#include "console/api/neighbours.h"

#define NEIGHBOURS_MAX 200

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "graph: memory budget spent");
}

static int add_node(struct graph *g, const struct asset *a, unsigned int depth, bool *ret_in,
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
		return spent(e);
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
		return spent(e);
	if (*at)
		return 0;
	edge = ARENA_PUSH(a, g->list, g->edge_count, g->edge_cap);
	if (!edge)
		return spent(e);
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
	int r = add_node(g, &x->asset, g->depths[node] + 1, &in, e);

	return r < 0 || !in ? r
			    : graph_add_edge(g, x->outgoing ? here : there, x->kind,
					     x->outgoing ? there : here, e);
}

static int look_around(struct graph *g, size_t node, struct err *e)
{
	struct call *c = g->call;
	struct asset_neighbour *list;
	size_t count;
	bool cut;
	int r = neighbours_of(c, g->nodes[node].id, NEIGHBOURS_MAX, &list, &count, &cut, e);

	if (r < 0)
		return r;
	g->cut |= cut;
	g->left = share_of(g, g->depths[node]);
	/* Users are many, and tell least of how things hang together: they get the room that is left. */
	for (int users = 0; users < 2 && r == 0; users++)
		for (size_t i = 0; i < count && r == 0; i++)
			if ((list[i].asset.kind == ASSET_USER) == (users > 0))
				r = take_neighbour(g, node, &list[i], e);
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
		return r < 0 ? r : add_node(g, &a, 0, &in, e);
	}
	r = assets_page(c->store, &hosts, (str){ 0 }, g->max, false, c->arena, &page, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < page.count && r == 0; i++)
		r = add_node(g, &page.items[i], 0, &in, e);
	g->cut |= page.next.n != 0;
	return r;
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
		return spent(e);
	g->call = c;
	g->depth = (unsigned int)value_int(value_get(&c->query, "depth"), 2);
	g->max = findings ? GRAPH_NODES_MAX - GRAPH_BEYOND_MAX : GRAPH_NODES_MAX;
	g->left = g->max;
	g->known = map_in(c->arena);
	g->edges = map_in(c->arena);
	VALUE_EACH (v, value_get(&c->query, "kind"))
		g->kinds |= asset_kind_bit(v->string);
	r = begin(g, e);
	for (size_t i = 0; i < g->count && r == 0; i++)
		if (g->depths[i] < g->depth)
			r = look_around(g, i, e);
	if (r == 0 && findings)
		r = graph_add_findings(g, e);
	if (r == 0)
		put(g, &c->json);
	return r;
}
