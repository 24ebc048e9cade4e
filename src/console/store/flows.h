/** @file
 * Flows: who talked to whom, summed up by the hour, in tables a day (partition.h).
 *
 * A connection has two ends and each end is told by its own agent, so the row of one end is mirrored by the row of the other:
 * the same port, the addresses exchanged. That is how an address becomes an asset. Where nobody told the other end with these
 * addresses (a translated address between the two), the asset that alone has the address is taken; else it stays an address.
 * Loopback is nobody's.
 */
#ifndef SKEP_CONSOLE_STORE_FLOWS_H
#define SKEP_CONSOLE_STORE_FLOWS_H

#include "console/store/assets.h"

#define FLOW_PAGE_MAX 1000
/** Days that one list may look at. */
#define FLOW_DAYS_MAX 32

struct flow_new {
	str asset;   /**< whose end this is: an asset's id; empty: not known */
	str process; /**< short name; empty: not known */
	bool server; /**< it was connected to */
	str protocol;
	str local, peer; /**< addresses as inet_ntop(3) writes them */
	int64_t port;    /**< the server's */
	int64_t connections, first_ns, last_ns;
};

/** Adds what @p agent told, in the caller's transaction. What is dated outside of the last week is dated @p now_ns. */
MUST_CHECK int flows_append(struct store *s, str agent, const struct flow_new *flows, size_t count,
			    int64_t now_ns, struct err *e);

/** Makes tables of today and tomorrow and drops days that ended before @p before_ns. @return how many days went */
MUST_CHECK int flows_keep(struct store *s, int64_t now_ns, int64_t before_ns, struct err *e);

struct flow_filter {
	const struct scope *
		scope; /**< of the end that tells, and of assets at the other; NULL shows nothing */
	str asset;     /**< whose ends; empty: any */
	str peer;      /**< the other end: an address, or an asset's id; empty: any */
	int64_t port;  /**< 0: any */
	int64_t since_ns,
		until_ns; /**< by whole hours; no more than FLOW_DAYS_MAX days are looked at, the latest */
};

struct flow {
	str asset, asset_name; /**< empty: not known */
	str agent;
	str process, protocol, local, peer;
	str peer_asset, peer_name; /**< empty: it is not known, or out of scope */
	bool server;
	int64_t port, connections, first_ns, last_ns;
};

struct flow_page {
	struct flow *items; /**< by asset, peer, port */
	size_t count;
	str next; /**< cursor; empty: this is the last */
};

/** A page of ends, summed up over the time asked for. It looks at a bounded number of rows: it may be short and have a `next`. */
MUST_CHECK int flows_page(struct store *s, const struct flow_filter *f, str cursor, size_t limit,
			  struct arena *a, struct flow_page *ret, struct err *e);

/**
 * Assets one talked with since @p since_ns, as relations "talks-to" of the client to the server; at most @p max.
 * @param ret_cut there are more
 */
MUST_CHECK int flows_neighbours(struct store *s, const struct scope *scope, str asset,
				int64_t since_ns, size_t max, struct arena *a,
				struct asset_neighbour **ret, size_t *ret_count, bool *ret_cut,
				struct err *e);

#endif
