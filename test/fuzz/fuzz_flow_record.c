/* What is a flow by record_flows() has two addresses in one form, a port, a role and a count within bounds, and times in order; what is
 * none is counted. */
#include "fuzz.h"

#include <arpa/inet.h>

#include "codec/json.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/flows.h"

static void check_address(str s)
{
	char text[INET6_ADDRSTRLEN], again[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	int family = str_find(s, ':') < s.n ? AF_INET6 : AF_INET;

	assert(s.n && s.n < sizeof(text));
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	assert(inet_pton(family, text, bytes) == 1);
	assert(inet_ntop(family, bytes, again, sizeof(again)) && str_is(s, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const str doc = { (const char *)data, size };
	struct flow_new *list;
	size_t count, refused;
	int64_t lost;
	struct arena a;
	struct value v;

	arena_init(&a, (size_t)64 << 20);
	if (record_flows(doc, &a, &list, &count, &lost, &refused, NULL) == 0) {
		assert(json_parse(doc, &a, &v, NULL) == 0);
		assert(count + refused == value_get(&v, "flows")->count && lost >= 0);
		for (size_t i = 0; i < count; i++) {
			const struct flow_new *f = &list[i];

			check_address(f->local);
			check_address(f->peer);
			assert(f->port > 0 && f->port <= 65535 && f->protocol.n);
			assert(f->connections > 0 && f->connections <= (int64_t)1 << 48);
			assert(f->first_ns > 0 && f->last_ns >= f->first_ns);
			assert(f->process.n <= 64 && f->asset.n <= 512);
		}
	}
	arena_done(&a);
	return 0;
}
