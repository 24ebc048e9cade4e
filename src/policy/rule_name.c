#include "policy/rule_priv.h"

void *rule_name_define(struct rule_item *it, struct rule_names *names, size_t bytes)
{
	void **slot = map_at(&names->map, it->name);
	struct rule_name *n = slot ? *slot : NULL;

	if (!slot)
		return NULL;
	if (!n) {
		struct rule_name **at =
			ARENA_PUSH(&it->set->arena, names->items, names->count, names->cap);

		n = at ? arena_alloc(&it->set->arena, bytes) : NULL;
		if (!n)
			return NULL;
		*at = n;
		*slot = n;
		n->name = it->name;
		n->index = names->clock;
	}
	n->place = rule_place_of(it->file, it->node);
	n->visibility = names->clock++;
	return n;
}
