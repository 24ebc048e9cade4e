/** @file
 * Assets: what there is and was (hosts, containers, images, pods, processes, ports, packages, users, volumes, networks),
 * and how they belong together, with history: what goes is marked gone and kept until assets_forget().
 *
 * An asset's id is "KIND:ID" and unique in the whole fleet; who tells of one makes it so ("container:3f2a...",
 * "host:a-...", "process:a-.../812@55"). Functions that change things run inside the caller's transaction.
 */
#ifndef SKEP_CONSOLE_STORE_ASSETS_H
#define SKEP_CONSOLE_STORE_ASSETS_H

#include "console/store/scope.h"
#include "console/store/store.h"
#include "model/asset_kind.h"

#define ASSET_PAGE_MAX 1000
#define ASSET_DOC_MAX (4 << 20)

struct asset {
	str id;    /**< "KIND:..."; the kind is taken from it */
	str agent; /**< who tells of it; empty for what is of no host, such as images */
	str name;  /**< for people */
	str host;  /**< name of the host; empty: none */
	str cluster, namespace;
	str image; /**< reference of the image, for scopes and people; empty: none */
	str image_id; /**< asset id of the image a container was made from: "image:sha256:..."; empty: none */
	str labels;  /**< ",name=value,name=value,": framed by commas; empty: none */
	str state;   /**< a word of its kind: running, exited ...; empty: none */
	str doc;     /**< JSON; at most ASSET_DOC_MAX */
	double risk; /**< 0 to 100; negative: none was made */
	/* Set by the store. */
	enum asset_kind kind;
	int64_t first_ns, last_ns;
	int64_t gone_ns; /**< 0: it is there */
};

/** How many of the times something was there are kept. */
#define ASSET_PERIODS_MAX 100

/** From when to when something was there. */
struct asset_period {
	int64_t from_ns, to_ns; /**< to_ns 0: still */
};

/** Stores what there is now: new, changed, or seen again. `risk` is kept as it was. @return how many were new or came back */
MUST_CHECK int assets_put(struct store *s, const struct asset *assets, size_t count, int64_t now_ns,
			  struct err *e);
/** Marks one as gone, with the relations it has. @return 1, 0 it was not there */
MUST_CHECK int assets_gone(struct store *s, str id, int64_t now_ns, struct err *e);
/** Marks pods of an agent's as gone of which no container is there any more. @return how many went */
MUST_CHECK int assets_gone_pods(struct store *s, str agent, int64_t now_ns, struct err *e);
/** @param risk 0 to 100; negative: none @return 1, 0 it was that already */
MUST_CHECK int assets_set_risk(struct store *s, str id, double risk, struct err *e);

/** "FROM KIND TO": host runs container, container uses image, container listens port, image contains package ... */
struct asset_relation {
	str from, kind, to;
	int64_t first_ns, gone_ns; /**< 0: it holds */
};

/** Makes exactly these the relations of @p from of that kind: others end. Either end need not be stored (yet). */
MUST_CHECK int assets_relate(struct store *s, str from, str kind, const str *to, size_t count,
			     int64_t now_ns, struct err *e);

/** Gives hosts, pods and images that are there the risk of the worst container on, in or of them. */
MUST_CHECK int assets_spread_risk(struct store *s, struct err *e);

enum asset_presence { ASSET_PRESENT, ASSET_IS_GONE, ASSET_ANY };

/** What lists of assets are sorted by, the least first: what an index serves. */
enum asset_sort {
	ASSET_BY_NAME,
	ASSET_BY_FIRST_SEEN,
	ASSET_BY_LAST_SEEN,
	ASSET_BY_RISK,
	ASSET_BY_KIND, /**< and, within a kind, by name */
};

struct asset_filter {
	const struct scope *scope; /**< NULL shows nothing */
	unsigned kinds;            /**< bits 1 << ASSET_HOST ...; 0: any */
	str agent;                 /**< empty: any */
	str image_id;              /**< empty: any */
	str cluster, namespace;    /**< empty: any */
	enum asset_presence presence;
	str text; /**< each of its words stands in name, id, image, namespace, host, labels or document */
	bool (*holds)(void *ctx, const struct asset *a); /**< NULL: none */
	void *ctx;
	enum asset_sort sort;
	bool descending; /**< the other way round */
};

struct asset_page {
	struct asset *items;
	size_t count;
	str next; /**< cursor, of characters that may stand in a URL; empty: this is the last */
};

/**
 * A page of the assets that match. It looks at a bounded number of rows: the page may be short and still have a `next`.
 *
 * @param cursor empty: from the start; -EINVAL: not one of ours
 * @param with_doc whether documents are wanted (`holds` sees them in any case)
 */
MUST_CHECK int assets_page(struct store *s, const struct asset_filter *f, str cursor, size_t limit,
			   bool with_doc, struct arena *a, struct asset_page *ret, struct err *e);

/** One asset. @return 0, -ENOENT there is none or @p scope does not show it */
MUST_CHECK int assets_get(struct store *s, const struct scope *scope, str id, struct arena *a,
			  struct asset *ret, struct err *e);

struct asset_neighbour {
	str kind;
	bool outgoing;      /**< the asset asked about is `from` */
	int64_t from_ns;    /**< the relation began */
	int64_t to_ns;      /**< and ended; 0: it holds */
	struct asset asset; /**< without document */
};

/**
 * What an asset belongs to now, as far as @p scope shows it; at most @p max, found in a bounded number of rows.
 *
 * @param kinds    bits by enum asset_kind: others are not looked at; 0: all
 * @param ret_cut  there are more, or there may be
 */
MUST_CHECK int assets_neighbours(struct store *s, const struct scope *scope, str id, unsigned kinds,
				 size_t max, struct arena *a, struct asset_neighbour **ret,
				 size_t *ret_count, bool *ret_cut, struct err *e);

/** When an asset was there, the newest first; at most ASSET_PERIODS_MAX. Whether it may be seen the caller asked before. */
MUST_CHECK int assets_periods(struct store *s, str id, struct arena *a, struct asset_period **ret,
			      size_t *ret_count, struct err *e);

/** What an asset belonged to and does no more, as far as @p scope shows it: those that ended last first, at most @p max. */
MUST_CHECK int assets_past(struct store *s, const struct scope *scope, str id, size_t max,
			   struct arena *a, struct asset_neighbour **ret, size_t *ret_count,
			   struct err *e);

/** How many of each kind there are now. */
MUST_CHECK int assets_count(struct store *s, const struct scope *scope,
			    int64_t ret[ASSET_KIND_COUNT], struct err *e);

/** How many of a kind there are of one image in one place. */
struct asset_tally {
	enum asset_kind kind;
	int64_t count;
	str agent, host, cluster, namespace, image, image_id; /**< as in struct asset */
};

/** More than this are not counted: 10,000 hosts with what runs on them. */
#define ASSET_TALLIES_MAX 50000

/**
 * Counts what there is now of @p kinds by place and image, as far as @p scope shows it.
 *
 * @param ret_cut there is more than was counted
 * @return 0, -ENOBUFS, or the database's
 */
MUST_CHECK int assets_tally(struct store *s, const struct scope *scope, unsigned kinds,
			    struct arena *a, struct asset_tally **ret, size_t *ret_count,
			    bool *ret_cut, struct err *e);

/** What came and went last, newest first: assets of @p kinds with first_ns or gone_ns at or after @p since_ns. */
MUST_CHECK int assets_changes(struct store *s, const struct scope *scope, unsigned kinds,
			      int64_t since_ns, size_t max, struct arena *a, struct asset **ret,
			      size_t *ret_count, struct err *e);

/** Deletes what went before @p before_ns, at most @p max rows at once. @return how many */
MUST_CHECK int assets_forget(struct store *s, int64_t before_ns, int max, struct err *e);

#endif
