#include "console/registry/registry_kind.h"

static const struct registry_kind kinds[] = {
#define X(name_, lists_, en_, zh_) { name_, lists_, { en_, zh_ } },
#include "console/registry/registry_kind.def"
#undef X
};

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
