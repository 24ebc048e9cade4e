/* No accepted line names a file outside the folder of feeds. */
#include "fuzz.h"

#include "scan/feed/upstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed_upstream_list l;
	struct arena a;

	arena_init(&a, 4u << 20);
	if (feed_upstream_parse((str){ (const char *)data, size }, &a, &l, NULL) == 0)
		for (size_t i = 0; i < l.count; i++) {
			str file = str_from(l.items[i].file);

			assert(file.n && file.p[0] != '/' && *l.items[i].url);
			assert(!str_starts(file, S("../")) && !str_ends(file, S("/..")));
			assert(!str_is(file, "..") && str_search(file, S("/../")) == file.n);
		}
	arena_done(&a);
	return 0;
}
