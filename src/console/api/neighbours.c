#include "console/api/neighbours.h"

#include "console/store/flows.h"
#include "console/store/partition.h"

int neighbours_of(struct call *c, str id, unsigned kinds, size_t max, struct asset_neighbour **ret,
		  size_t *ret_count, bool *ret_cut, struct err *e)
{
	struct asset_neighbour *all = ARENA_ARRAY(c->arena, max + 1, struct asset_neighbour);
	struct asset_neighbour *things, *talkers;
	size_t thing_count, talker_count, more;
	bool cut, talkers_cut;
	int r = all ? assets_neighbours(c->store, &c->who.scope, id, kinds, max, c->arena, &things,
					&thing_count, &cut, e)
		    : err_set(e, ENOBUFS, "too many assets at once");

	if (r == 0)
		r = flows_neighbours(c->store, &c->who.scope, id, c->now_ns - DAY_NS, max, c->arena,
				     &talkers, &talker_count, &talkers_cut, e);
	if (r < 0)
		return r;
	more = MIN(talker_count, max - thing_count);
	if (thing_count)
		memcpy(all, things, thing_count * sizeof(*all));
	if (more)
		memcpy(all + thing_count, talkers, more * sizeof(*all));
	*ret = all;
	*ret_count = thing_count + more;
	*ret_cut = cut || talkers_cut || more < talker_count;
	return 0;
}
