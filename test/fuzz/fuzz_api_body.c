/* A body that passes the check of an object has all its required members and no other: the first byte says of which object. */
#include "fuzz.h"

#include "codec/json.h"
#include "console/api/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault_list faults;
	struct value v;
	struct arena a;
	enum object_id id;

	if (size == 0)
		return 0;
	id = (enum object_id)(1 + data[0] % (OBJECT_COUNT - 1));
	arena_init(&a, 8u << 20);
	if (json_parse((str){ (const char *)data + 1, size - 1 }, &a, &v, NULL) == 0 &&
	    object_check(id, &v, &a, &faults) == 0) {
		struct object_row o = object_row(id);

		assert(faults.count <= FAULT_MAX);
		for (size_t i = 0; i < faults.count; i++)
			assert(faults.items[i].why.en && faults.items[i].why.zh);
		for (size_t i = 0; faults.count == 0 && i < o.count; i++)
			assert(value_get(&v, o.members[i].name) ||
			       o.members[i].presence == PRESENCE_MAY ||
			       o.members[i].presence == PRESENCE_MAY_NULL);
		VALUE_MEMBERS (m, &v)
			assert(faults.count || object_member(id, m->key));
	}
	arena_done(&a);
	return 0;
}
