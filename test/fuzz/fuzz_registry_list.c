/* Every name listed is one a repository or a tag can have, whichever was asked for; what leads to the next page fits into a
 * URL and leaves no path or host of its own choosing. */
#include "fuzz.h"

#include "codec/reference.h"
#include "codec/registry_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size }, next = registry_list_next(text);
	struct registry_list l;
	struct arena a;

	assert(next.n <= REGISTRY_PAGE_MAX);
	for (size_t i = 0; i < next.n; i++)
		assert(next.p[i] > ' ' && next.p[i] < 0x7f && next.p[i] != '#');
	arena_init(&a, 64u << 20);
	if (registry_list_parse(text, REGISTRY_REPOSITORIES, &a, &l, NULL) == 0)
		for (size_t i = 0; i < l.count; i++)
			assert(reference_is_repository(l.names[i]));
	if (registry_list_parse(text, REGISTRY_TAGS, &a, &l, NULL) == 0)
		for (size_t i = 0; i < l.count; i++)
			assert(reference_is_tag(l.names[i]));
	arena_done(&a);
	return 0;
}
