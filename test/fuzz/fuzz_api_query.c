/* A query string is either told to be wrong or becomes an object that holds only parameters the route knows, each of its type. */
#include "fuzz.h"

#include "base/text.h"
#include "console/api/object.h"

static void check(const struct value *v)
{
	VALUE_MEMBERS (m, v) {
		const struct object_member *row = object_member(OBJECT_ALERT_QUERY, m->key);

		if (!row)
			row = object_member(OBJECT_PAGE_QUERY, m->key);
		assert(row);
		assert((m->value.kind == VALUE_ARRAY) == (row->shape == SHAPE_LIST));
		assert((m->value.kind == VALUE_NUMBER) == (row->type == TYPE_INTEGER));
		assert(text_ill_formed(m->value.string) == m->value.string.n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum object_id ids[] = { OBJECT_ALERT_QUERY, OBJECT_PAGE_QUERY, OBJECT_NONE };
	struct fault_list faults;
	struct value v;
	struct arena a;

	arena_init(&a, 1u << 20);
	if (query_parse((str){ (const char *)data, size }, ids, &a, &v, &faults) == 0) {
		assert(faults.count <= FAULT_MAX);
		for (size_t i = 0; i < faults.count; i++)
			assert(faults.items[i].path.n && faults.items[i].path.p[0] == '?' &&
			       faults.items[i].why.zh);
		if (faults.count == 0)
			check(&v);
	}
	arena_done(&a);
	return 0;
}
