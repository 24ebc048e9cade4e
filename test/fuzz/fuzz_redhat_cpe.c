/*
 * A CPE from a feed: its parts lie inside it, a product covers itself, what covers a version covers its minor releases,
 * and a namespace is "rhel:" with one or two digits or nothing.
 */
#include "fuzz.h"

#include "scan/vuln/redhat_cpe.h"

static bool is_inside(str whole, str part)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str all = { (const char *)data, size };
	struct redhat_cpe c, minor;
	struct arena a;
	str namespace;

	arena_init(&a, 1u << 20);
	namespace = redhat_cpe_namespace(all, &a);
	assert(namespace.n == 0 || (str_starts(namespace, S("rhel:")) && namespace.n <= 7));
	if (redhat_cpe_parse(all, &c)) {
		assert(c.product.n && is_inside(all, c.product) && is_inside(all, c.version) &&
		       is_inside(all, c.channel));
		assert(is_inside(all, redhat_cpe_major(&c)));
		assert(redhat_cpe_covers(&c, &c));
		minor = c;
		minor.version = arena_printf(&a, "%.*s.1", STR_ARG(c.version));
		if (minor.version.p)
			assert(redhat_cpe_covers(&c, &minor));
	}
	arena_done(&a);
	return 0;
}
