/* A query is refused with a place inside it, or compiles to what judges any asset without reading beyond it. */
#include "fuzz.h"

#include "policy/asset_target.h"
#include "policy/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct value nothing = { .kind = VALUE_OBJECT };
	struct policy_filter *f;
	size_t at = 0;

	if (policy_filter_new((str){ (const char *)data, size }, &policy_assets, &f, &at, NULL) <
	    0) {
		assert(at <= size);
		return 0;
	}
	assert(policy_filter_condition(f)->size >= 1);
	for (int i = 0; i < ASSET_KIND_COUNT; i++) {
		const struct asset_facts facts = { .kind = (enum asset_kind)i, .name = S("n") };
		struct asset_target t = { 0 };

		asset_target_init(&t, i % 2 ? &nothing : NULL, &facts);
		(void)policy_filter_judge(f, &t.target);
	}
	policy_filter_free(f);
	return 0;
}
