#include "base/map.h"
#include "codec/json.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/flows.h"
#include "policy/ip_set.h"

enum {
	PROCESS_MAX_BYTES = 64,
	PROTOCOL_MAX_BYTES = 16,
	CONTAINER_MAX_BYTES = 512,
	PORT_MOST = 65535
};
#define CONNECTIONS_MOST ((int64_t)1 << 48)

/** The address as the store has it: one text for one address. */
static str address_of(const struct value *v, struct arena *a)
{
	char text[POLICY_IP_BYTES];
	struct policy_ip ip;

	return ip_parse(value_str(v), &ip, NULL) < 0 ? (str){ 0 }
						     : arena_str(a, policy_ip_text(&ip, text));
}

static bool is_word(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 'a' || s.p[i] > 'z')
			return false;
	return s.n && s.n <= PROTOCOL_MAX_BYTES;
}

/** @return whether it is a flow */
static bool read_flow(const struct value *v, struct arena *a, struct flow_new *ret)
{
	str role = value_get_str(v, "role"), container = value_get_str(v, "container");
	struct flow_new f = {
		.asset = container,
		.process = str_take(value_get_str(v, "process"), PROCESS_MAX_BYTES),
		.server = str_is(role, "server"),
		.protocol = value_get_str(v, "protocol"),
		.local = address_of(value_get(v, "local"), a),
		.peer = address_of(value_get(v, "peer"), a),
		.port = value_int(value_get(v, "port"), 0),
		.connections = value_int(value_get(v, "connections"), 0),
		.first_ns = value_int(value_get(v, "firstNs"), 0),
		.last_ns = value_int(value_get(v, "lastNs"), 0),
	};

	if ((!f.server && !str_is(role, "client")) || !is_word(f.protocol) || !f.local.n ||
	    !f.peer.n || f.port < 1 || f.port > PORT_MOST || f.connections < 1 ||
	    f.connections > CONNECTIONS_MOST || f.first_ns < 1 || f.last_ns < f.first_ns ||
	    container.n > CONTAINER_MAX_BYTES)
		return false;
	*ret = f;
	return true;
}

int record_flows(str doc, struct arena *a, struct flow_new **ret, size_t *ret_count,
		 int64_t *ret_lost, size_t *ret_refused, struct err *e)
{
	struct value v;
	const struct value *list;
	struct flow_new *out;
	size_t n = 0;
	int r = json_parse(doc, a, &v, e);

	if (r < 0)
		return r;
	list = value_get(&v, "flows");
	if (!list || list->kind != VALUE_ARRAY)
		return err_set(e, EBADMSG, "no flows");
	out = ARENA_ARRAY(a, list->count, struct flow_new);
	if (!out)
		return err_set(e, ENOBUFS, "memory budget spent");
	VALUE_EACH (item, list)
		n += read_flow(item, a, &out[n]);
	*ret = out;
	*ret_count = n;
	*ret_lost = MIN(MAX(value_int(value_get(&v, "lost"), 0), 0), CONNECTIONS_MOST);
	*ret_refused = list->count - n;
	return 0;
}

/** The asset a container's name stands for; what is another agent's, nobody says here. @return NULL: no memory */
static str *find_asset(struct teller *t, str container)
{
	str *id = ARENA_NEW(t->arena, str);
	struct asset have;

	if (!id)
		return NULL;
	*id = str_is(container, "host")
		      ? arena_printf(t->arena, "host:%.*s", STR_ARG(t->agent->id))
		      : arena_printf(t->arena, "container:%.*s", STR_ARG(container));
	if (!id->p)
		return NULL;
	if (assets_get(t->store, &scope_everything, *id, t->arena, &have, NULL) == 0 &&
	    !str_eq(have.agent, t->agent->id))
		*id = S("");
	return id;
}

/** Containers' names to ids of assets: each is looked up once. @return 0, -ENOBUFS */
static int name_assets(struct teller *t, struct flow_new *list, size_t count, struct err *e)
{
	struct map known = map_in(t->arena);

	for (size_t i = 0; i < count; i++) {
		str *id;
		void **at;

		if (!list[i].asset.n)
			continue;
		at = map_at(&known, list[i].asset);
		id = !at ? NULL : *at ? *at : find_asset(t, list[i].asset);
		if (!id)
			return err_set(e, ENOBUFS, "memory budget spent");
		*at = id;
		list[i].asset = *id;
	}
	return 0;
}

int record_flow(struct teller *t, str doc, struct err *e)
{
	struct flow_new *list;
	size_t count, refused;
	int64_t lost;
	int r = record_flows(doc, t->arena, &list, &count, &lost, &refused, NULL);

	if (r < 0)
		return r == -ENOBUFS ? err_set(e, ENOBUFS, "memory budget spent") : RECORD_REFUSED;
	r = name_assets(t, list, count, e);
	if (r == 0)
		r = flows_append(t->store, t->agent->id, list, count, t->now_ns, e);
	if (r == 0 && lost)
		r = agent_add_flows_lost(t->store, t->agent->id, lost, e);
	t->job->refused += refused;
	return r;
}
