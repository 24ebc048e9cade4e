#include "console/store/flows.h"

#include "console/api/call.h"
#include "console/store/partition.h"

static void put_end(struct json_out *j, const char *key, str address, str asset, str name)
{
	const bool loopback = str_starts(address, S("127.")) || str_is(address, "::1");

	json_key(j, key);
	json_object_open(j);
	json_put_cstr(j, "kind", asset.n ? "asset" : loopback ? "loopback" : "address");
	json_put_str(j, "address", address);
	json_opt_str(j, "asset", asset);
	json_opt_str(j, "name", name);
	json_object_close(j);
}

static void put(struct json_out *j, const struct flow *f)
{
	json_object_open(j);
	put_end(j, "own", f->local, f->asset, f->asset_name);
	put_end(j, "peer", f->peer, f->peer_asset, f->peer_name);
	json_put_cstr(j, "role", f->server ? "server" : "client");
	json_put_str(j, "agent", f->agent);
	json_put_str(j, "protocol", f->protocol);
	json_put_int(j, "port", f->port);
	json_opt_str(j, "process", f->process);
	json_put_int(j, "connections", f->connections);
	call_put_time(j, "firstSeen", f->first_ns);
	call_put_time(j, "lastSeen", f->last_ns);
	json_object_close(j);
}

int api_flow_list(struct call *c, struct err *e)
{
	const struct flow_filter f = {
		.scope = &c->who.scope,
		.asset = call_query(c, "asset"),
		.peer = call_query(c, "peer"),
		.port = value_int(value_get(&c->query, "port"), 0),
		.since_ns = call_time(&c->query, "since", c->now_ns - DAY_NS),
		/* Agents' clocks may be ahead of ours. */
		.until_ns = call_time(&c->query, "until", c->now_ns + HOUR_NS),
	};
	struct flow_page page;
	int r = flows_page(c->store, &f, c->cursor, c->limit, c->arena, &page, e);

	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < page.count; i++)
		put(&c->json, &page.items[i]);
	call_page_close(c, page.next, -1);
	return 0;
}
