/* Every name listed is one a repository, a tag or a project can have, whichever was asked for; what leads to the next page fits into a
 * URL and leaves no path or host of its own choosing. */
#include "fuzz.h"

#include "codec/reference.h"
#include "codec/registry_list.h"

static void check_next(str next)
{
	assert(next.n <= REGISTRY_PAGE_MAX);
	for (size_t i = 0; i < next.n; i++)
		assert(next.p[i] > ' ' && next.p[i] < 0x7f && next.p[i] != '#');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size }, next = { 0 };
	struct registry_list l;
	struct arena a;

	if (registry_list_next(text, &next, NULL) == 0)
		check_next(next);
	arena_init(&a, 64u << 20);
	for (unsigned what = 0; what < REGISTRY_LISTING_COUNT; what++) {
		bool tags = what == REGISTRY_TAGS, projects = what == REGISTRY_HARBOR_PROJECTS ||
							      what == REGISTRY_GITLAB_PROJECTS;

		if (registry_list_parse(text, (enum registry_listing)what, &a, &l, NULL) < 0)
			continue;
		check_next(l.next);
		for (size_t i = 0; i < l.count; i++)
			assert(tags       ? reference_is_tag(l.names[i])
			       : projects ? registry_list_is_project(l.names[i])
					  : reference_is_repository(l.names[i]));
	}
	arena_done(&a);
	return 0;
}
