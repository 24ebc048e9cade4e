/* What reference_parse() accepts has a name and something to fetch, and reads back from its full form unchanged. */
#include "fuzz.h"

#include "codec/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reference r, again;
	struct arena a;

	arena_init(&a, 1u << 20);
	if (reference_parse((str){ (const char *)data, size }, &a, &r, NULL) == 0) {
		str full = reference_render(&r, &a);

		assert(r.registry.n && r.repository.n && (r.tag.n || r.digest.n));
		assert(reference_parse(full, &a, &again, NULL) == 0);
		assert(str_eq(again.registry, r.registry) &&
		       str_eq(again.repository, r.repository) && str_eq(again.tag, r.tag) &&
		       str_eq(again.digest, r.digest));
	}
	arena_done(&a);
	return 0;
}
