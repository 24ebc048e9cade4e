/* Every package of an SBOM that was read has a type, a name and a version, belongs to a layer that exists when there
 * are layers, and survives a round trip through our own CycloneDX: the same packages, in the same order. */
#include "fuzz.h"

#include "scan/report/report_render.h"
#include "scan/report/sbom_read.h"

static void check(const struct inventory *v)
{
	for (size_t i = 0; i < v->packages.count; i++) {
		const struct package *p = &v->packages.items[i];

		assert(p->type.n && p->name.n && p->version.n && p->purl.n);
		assert(v->layer_count ? p->layer < v->layer_count : p->layer == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits l = limits_default();
	struct report_style style = { .packages_only = true };
	struct inventory v, again;
	struct report r = { .inventory = &v };
	struct arena a;
	OWNED_BUF b = BUF_INIT;

	l.packages = 10000;
	arena_init(&a, 32u << 20);
	if (sbom_read((str){ (const char *)data, size }, &a, &l, &v, NULL) == 0) {
		check(&v);
		assert(report_render(&r, REPORT_CYCLONEDX, &style, &b, NULL) == 0);
		int result = sbom_read(buf_str(&b), &a, &l, &again, NULL);
		assert(result == 0 || result == -ENOBUFS);
		if (result == 0) {
			check(&again);
			assert(again.packages.count == v.packages.count);
			for (size_t i = 0; i < v.packages.count; i++)
				assert(str_eq(v.packages.items[i].purl,
					      again.packages.items[i].purl));
		}
	}
	arena_done(&a);
	return 0;
}
