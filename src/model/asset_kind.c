#include "model/asset_kind.h"

static const char *const kinds[ASSET_KIND_COUNT] = {
#define KIND_NAME(id, name) [ASSET_##id] = name,
	ASSET_KINDS(KIND_NAME)
#undef KIND_NAME
};

const char *asset_kind_name(enum asset_kind k)
{
	return k < ASSET_KIND_COUNT ? kinds[k] : "unknown";
}

int asset_kind_find(str name, enum asset_kind *ret)
{
	for (unsigned i = 0; i < ASSET_KIND_COUNT; i++)
		if (str_is(name, kinds[i])) {
			*ret = (enum asset_kind)i;
			return 0;
		}
	return -ENOENT;
}
