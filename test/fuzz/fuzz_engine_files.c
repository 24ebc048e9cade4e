/* Files that engines leave on disk, whatever is in them: networks stay bounded, and every string that is set has a place. Any
 * source of a mount is of no volume, or of one with an id and a folder that the source begins with. */
#include "fuzz.h"

#include "asset/cni.h"
#include "asset/mount_volume.h"
#include "asset/process_address.h"
#include "input.h"

static void check_network(const struct cni_network *x)
{
	assert(x->id.p && x->id.n && x->subnet_count <= CNI_SUBNETS_MAX &&
	       x->member_count <= CNI_MEMBERS_MAX);
	for (size_t i = 0; i < x->subnet_count; i++)
		assert(x->subnets[i].p && x->subnets[i].n);
	for (size_t i = 0; i < x->member_count; i++)
		assert(x->members[i].p && x->members[i].n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	enum container_runtime runtime = input_byte(&in) % (CONTAINER_OTHER + 1);
	struct cni_networks n = { 0 };
	struct networks own = { 0 };
	struct mount_volume v;
	struct arena a;

	arena_init(&a, 8 << 20);
	for (int i = 0; i < 2; i++) {
		(void)!cni_take_config(in.rest, &a, &n);
		(void)!cni_take_netavark(in.rest, &a, &n);
		(void)!cni_take_result(in.rest, &a, &n);
	}
	assert(n.count <= 3);
	for (size_t i = 0; i < n.count; i++)
		check_network(&n.items[i]);
	process_address_take_trie(in.rest, &own);
	process_address_take_inet6(in.rest, &own);
	assert(own.count <= NETWORKS_MAX);
	for (size_t i = 0; i < own.count; i++)
		assert(own.list[i].bits == 8 * NETWORK_ADDRESS_BYTES);
	if (mount_volume(runtime, in.rest, &a, &v) == 0) {
		assert(v.id.n && v.name.n && v.driver.p);
		assert(v.at.n <= in.rest.n && str_starts(in.rest, v.at));
	}
	arena_done(&a);
	return 0;
}
