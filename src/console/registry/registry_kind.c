#include "console/registry/registry_kind.h"

static const struct registry_kind kinds[] = {
#define X(name_, catalogue_, api_, folder_, example_, en_, zh_) \
	{ name_, catalogue_, REGISTRY_API_##api_, folder_, example_, { en_, zh_ } },
#include "console/registry/registry_kind.def"
#undef X
};

bool registry_kind_lists(const struct registry_kind *k)
{
	return k->has_catalogue || k->api != REGISTRY_API_NONE;
}

const struct registry_kind *registry_kinds(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(kinds);
	return kinds;
}

const struct registry_kind *registry_kind_find(str name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_is(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}
