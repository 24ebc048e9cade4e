/* Whatever purl_parse() accepts renders to a text that reads back as the same parts and renders to itself. */
#include "fuzz.h"

#include "codec/purl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct purl p, again;
	OWNED_BUF first = BUF_INIT;
	OWNED_BUF second = BUF_INIT;

	arena_init(&a, 1u << 20);
	if (purl_parse((str){ (const char *)data, size }, &a, &p, NULL) == 0) {
		int r;

		assert(p.type.n && p.name.n && p.qualifier_count <= PURL_MAX_QUALIFIERS);
		purl_render(&p, &first);
		assert(!buf_error(&first));
		r = purl_parse(buf_str(&first), &a, &again, NULL);
		assert(r == 0 || r == -ENOBUFS);
		if (r == 0) {
			assert(str_eq(p.type, again.type) && str_eq(p.namespace, again.namespace));
			assert(str_eq(p.name, again.name) && str_eq(p.version, again.version));
			assert(str_eq(p.subpath, again.subpath));
			assert(p.qualifier_count == again.qualifier_count);
			purl_render(&again, &second);
			assert(str_eq(buf_str(&first), buf_str(&second)));
		}
	}
	arena_done(&a);
	return 0;
}
