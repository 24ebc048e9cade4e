/** @file
 * The graph as it grows: assets and edges (asset_graph.c), what hangs on images and containers (asset_graph_findings.c), and many
 * drawn as one (asset_graph_groups.c).
 */
#ifndef SKEP_CONSOLE_API_ASSET_GRAPH_PRIV_H
#define SKEP_CONSOLE_API_ASSET_GRAPH_PRIV_H

#include "base/map.h"
#include "console/api/call.h"
#include "console/store/assets.h"
#include "model/vulnerability.h"

/** More than this nobody can look at: assets and what hangs on them together. */
#define GRAPH_NODES_MAX 300
/** Of these, when findings are wanted, the share of what is no asset. */
#define GRAPH_BEYOND_MAX 120

/** Steps from the root or the hosts, as GraphQuery says. */
#define GRAPH_DEPTH_MAX 4
/** Of the assets, what one step of several may take: hosts with a hundred containers leave room for their images. */
#define GRAPH_STEP_MAX(assets) ((assets)*2 / 5)
/** What each node may bring into the step after its own, at least: none hides behind another's hundred. */
#define GRAPH_SHARE_MIN 4

/** More of a kind than this, side by side, are drawn in groups ... */
#define GRAPH_ALONE_MAX 24
/** ... of which so many are drawn, the largest; those behind are one more. */
#define GRAPH_GROUPS_MAX 13

/** What a group opens: which of the fleet is shown then. Empty: any. */
struct graph_open {
	str cluster, namespace, agent, image;
	int64_t skip; /**< that many groups, the largest, are left out */
};

/** What hangs on assets: a package, a vulnerability, an owner, how many more there are, or a group of assets. */
struct graph_node {
	str id, name;
	const char *kind;     /**< of GraphKind */
	const char *severity; /**< of a vulnerability; else NULL */
	bool kev;
	int64_t count; /**< of "more" and "group" */
	/* Of a group: */
	enum asset_kind of;
	const char *
		by; /**< of GraphGroupBy; NULL: its members have nothing in common but their kind */
	struct graph_open open;
};

struct graph_edge {
	str from, to, kind;
};

/* Nodes in the order they were found, each looked around once: breadth first, so that what is near is there. */
struct graph {
	struct call *call;
	struct asset nodes[GRAPH_NODES_MAX];
	unsigned int depths[GRAPH_NODES_MAX];
	size_t at_depth[GRAPH_DEPTH_MAX + 1];
	size_t left; /**< what the node that is looked around may still bring */
	size_t count, max;
	unsigned int depth; /**< how far to look */
	struct map known;
	struct map edges; /* "from kind to" */
	struct graph_edge *list;
	size_t edge_count, edge_cap;
	struct graph_node beyond[GRAPH_BEYOND_MAX];
	size_t beyond_count;
	unsigned int kinds; /* 0: any */
	bool cut;
};

/** @return -ENOBUFS: the request's memory is spent */
int graph_spent(struct err *e);
/** Adds an asset where there is room for it. @param depth steps from the root @param ret_in it is there */
MUST_CHECK int graph_add_asset(struct graph *g, const struct asset *a, unsigned int depth,
			       bool *ret_in, struct err *e);
/** Adds what is no asset. @return 1 it is there now, 0 there is no room, -ENOBUFS */
MUST_CHECK int graph_hang(struct graph *g, const struct graph_node *n, struct err *e);
/** Draws a fleet, or what the query narrows it to: hosts, containers and images, many as groups. @return 1, 0 there are few, or the
 * store's errors */
MUST_CHECK int graph_add_groups(struct graph *g, struct err *e);
/** @return 0, -ENOBUFS */
MUST_CHECK int graph_add_edge(struct graph *g, str from, str kind, str to, struct err *e);
/** Hangs on all images what is worst in them, on that whose it is, on containers who owns them. @return 0, or the store's */
MUST_CHECK int graph_add_findings(struct graph *g, struct err *e);

#endif
