#include "console/api/asset_graph_priv.h"
#include "console/api/asset_json.h"
#include "console/store/findings.h"

#define WORST_OF_IMAGE 5
#define LOOKED_AT 60 /* findings of an image: a vulnerability may be in several packages */

int graph_hang(struct graph *g, const struct graph_node *n, struct err *e)
{
	void **at;

	if (!n->id.p || !n->name.p)
		return graph_spent(e);
	if (map_find(&g->known, n->id))
		return 1;
	if (g->beyond_count == GRAPH_BEYOND_MAX) {
		g->cut = true;
		return 0;
	}
	at = map_at(&g->known, n->id);
	if (!at)
		return graph_spent(e);
	g->beyond[g->beyond_count] = *n;
	*at = &g->beyond[g->beyond_count++];
	return 1;
}

static int hang_on(struct graph *g, str from, const char *kind, const struct graph_node *n,
		   struct err *e)
{
	int r = graph_hang(g, n, e);

	return r <= 0 ? r : graph_add_edge(g, from, str_from(kind), n->id, e);
}

static int add_finding(struct graph *g, str image, const struct stored_finding *f, struct err *e)
{
	struct arena *a = g->call->arena;
	const char *whose = layer_owner_name(f->owner);
	const struct graph_node package = {
		.id = arena_printf(a, "package-of:%.*s@%.*s", STR_ARG(f->package),
				   STR_ARG(f->version)),
		.name = arena_printf(a, "%.*s %.*s", STR_ARG(f->package), STR_ARG(f->version)),
		.kind = "package"
	};
	const struct graph_node vulnerability = { .id = arena_printf(a, "vulnerability:%.*s",
								     STR_ARG(f->vulnerability)),
						  .name = f->vulnerability,
						  .kind = "vulnerability",
						  .severity = severity_name(f->severity),
						  .kev = f->kev };
	const struct graph_node owner = { .id = arena_printf(a, "owner-layer:%s", whose),
					  .name = str_from(whose),
					  .kind = "layer" };
	int r = hang_on(g, image, "has", &package, e);

	if (r == 0 && map_find(&g->known, package.id))
		r = hang_on(g, package.id, "affected-by", &vulnerability, e);
	if (r == 0 && map_find(&g->known, vulnerability.id))
		r = hang_on(g, vulnerability.id, "brought-by", &owner, e);
	return r;
}

/* How many of the image's vulnerabilities are not among those shown. */
static int add_more(struct graph *g, str image, const struct stored_image *i, int64_t shown,
		    struct err *e)
{
	struct arena *a = g->call->arena;
	int64_t all = 0;

	for (unsigned int k = 0; k < SEVERITY_COUNT; k++)
		all += i->counts[k];
	if (all <= shown)
		return 0;
	return hang_on(g, image, "has",
		       &(struct graph_node){ .id = arena_printf(a, "more:%.*s", STR_ARG(image)),
					     .name = image,
					     .kind = "more",
					     .count = all - shown },
		       e);
}

static int look_into(struct graph *g, str image, const struct scope *scope, struct err *e)
{
	struct call *c = g->call;
	struct map seen = map_in(c->arena);
	struct stored_finding *list;
	struct stored_image i;
	size_t count;
	int r = images_get(c->store, scope, str_skip(image, strlen("image:")), c->arena, &i, e);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = findings_worst(c->store, i.digest, LOOKED_AT, c->arena, &list, &count, e);
	for (size_t k = 0; r == 0 && k < count; k++) {
		void **at;

		if (list[k].accepted ||
		    (seen.count == WORST_OF_IMAGE && !map_find(&seen, list[k].vulnerability)))
			continue;
		at = map_at(&seen, list[k].vulnerability);
		if (!at)
			return graph_spent(e);
		*at = g;
		r = add_finding(g, image, &list[k], e);
	}
	return r < 0 ? r : add_more(g, image, &i, (int64_t)seen.count, e);
}

/* Who looks after a container, as its labels say. */
static int add_owner(struct graph *g, const struct asset *x, struct err *e)
{
	static const char *const labels[] = { "owner", "team", "maintainer",
					      "org.opencontainers.image.authors" };
	struct arena *a = g->call->arena;

	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		str key = arena_printf(a, ",%s=", labels[i]), rest;
		size_t at;

		if (!key.p)
			return graph_spent(e);
		at = str_search(x->labels, key);
		if (at == x->labels.n)
			continue;
		rest = str_skip(x->labels, at + key.n);
		rest = str_cut(&rest, ',');
		if (!rest.n)
			continue;
		return hang_on(
			g, x->id, "owned-by",
			&(struct graph_node){ .id = arena_printf(a, "owner:%.*s", STR_ARG(rest)),
					      .name = rest,
					      .kind = "owner" },
			e);
	}
	return 0;
}

int graph_add_findings(struct graph *g, struct err *e)
{
	const struct scope *scope = call_scope(g->call, PERMISSION_RISKS_READ);
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->count; i++)
		if (g->nodes[i].kind == ASSET_CONTAINER)
			r = add_owner(g, &g->nodes[i], e);
	for (size_t i = 0; r == 0 && i < g->count; i++)
		if (g->nodes[i].kind == ASSET_IMAGE)
			r = look_into(g, g->nodes[i].id, scope, e);
	return r;
}
