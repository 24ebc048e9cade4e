/* Every package has a name and a version, its spans lie inside the text, and stanzas are kept, counted or absent. */
#include "fuzz.h"

#include "scan/package/dpkg_status.h"

static bool inside(str text, str s)
{
	return !s.n || (s.p >= text.p && s.p + s.n <= text.p + text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };
	struct arena a;
	struct dpkg_status s;

	arena_init(&a, 64u << 20);
	if (dpkg_status_parse(text, &a, &s, NULL) == 0) {
		uint32_t line = 0;

		assert(!s.skipped == !s.first_skip);
		for (size_t i = 0; i < s.count; i++) {
			const struct dpkg_package *p = &s.packages[i];

			assert(p->name.n && p->version.n && p->source.n && p->source_version.n);
			assert(inside(text, p->name) && inside(text, p->version));
			assert(inside(text, p->arch) && inside(text, p->vendor));
			assert(inside(text, p->source) && inside(text, p->source_version));
			assert(p->line > line);
			line = p->line;
		}
	}
	arena_done(&a);
	return 0;
}
