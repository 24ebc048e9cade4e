/* Whatever yaml_parse() accepts is within the promised depth and node count, and every scalar keeps its text. */
#include "fuzz.h"

#include "codec/yaml.h"

static size_t check(const struct value *v, unsigned int depth)
{
	size_t nodes = 1;

	assert(depth <= YAML_MAX_DEPTH);
	switch (v->kind) {
	case VALUE_ARRAY:
		for (size_t i = 0; i < v->count; i++)
			nodes += check(&v->items[i], depth + 1);
		break;
	case VALUE_OBJECT:
		for (size_t i = 0; i < v->count; i++)
			nodes += check(&v->members[i].value, depth + 1);
		break;
	default:
		assert(v->kind == VALUE_NULL || v->string.p);
	}
	return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct value v;

	arena_init(&a, 16u << 20);
	if (yaml_parse_all((str){ (const char *)data, size }, &a, &v, NULL) == 0)
		for (size_t i = 0; i < v.count; i++)
			assert(check(&v.items[i], 0) <= YAML_MAX_NODES);
	arena_done(&a);
	return 0;
}
