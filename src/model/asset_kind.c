#include "model/asset_kind.h"

#include "base/word.h"

static const char *const kinds[ASSET_KIND_COUNT] = {
#define KIND_NAME(id, name) [ASSET_##id] = name,
	ASSET_KINDS(KIND_NAME)
#undef KIND_NAME
};

const char *asset_kind_name(enum asset_kind k)
{
	return WORD_NAME(kinds, k);
}

int asset_kind_find(str name)
{
	return WORD_FIND(kinds, name);
}

unsigned int asset_kind_bit(str name)
{
	int k = asset_kind_find(name);

	return k < 0 ? 0 : 1U << k;
}
