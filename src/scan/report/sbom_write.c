#include "scan/report/sbom_write.h"

#include <stdio.h>

#include "base/map.h"
#include "codec/digest.h"
#include "scan/report/sbom_names.h"

static void tell(sbom_fact *fact, void *ctx, const char *key, str value)
{
	if (value.n)
		fact(ctx, key, value);
}

void sbom_write_package(const struct view *v, const struct package *p, sbom_fact *fact, void *ctx)
{
	const struct inventory_layer *l = report_layer(v->r, p);

#define SBOM_FACT(field, key) tell(fact, ctx, key, p->field);
	PACKAGE_FIELDS(SBOM_FACT)
#undef SBOM_FACT
	if (p->line)
		tell(fact, ctx, SBOM_KEY_LINE, arena_printf(v->a, "%u", p->line));
	if (p->third_party)
		tell(fact, ctx, SBOM_KEY_THIRD_PARTY, S("true"));
	tell(fact, ctx, SBOM_KEY_CONTENT_SETS, p->content_sets);
	if (l) {
		tell(fact, ctx, SBOM_KEY_LAYER_DIGEST, l->digest);
		tell(fact, ctx, SBOM_KEY_LAYER_DIFF_ID, l->diff_id);
	}
}

void sbom_write_os(const struct os *os, sbom_fact *fact, void *ctx)
{
#define SBOM_FACT(field, key) tell(fact, ctx, key, os->field);
	OS_FIELDS(SBOM_FACT)
#undef SBOM_FACT
}

str *sbom_write_refs(const struct view *v)
{
	const struct package_list *l = &v->r->inventory->packages;
	str *refs = ARENA_ARRAY(v->a, l->count + 1, str);
	struct map seen = map_in(v->a);

	for (size_t i = 0; refs && i < l->count; i++) {
		void **at = l->items[i].purl.n ? map_at(&seen, l->items[i].purl) : NULL;

		if (at && !*at) {
			*at = refs;
			refs[i] = l->items[i].purl;
			continue;
		}
		refs[i] = arena_printf(v->a, "%.*s#%zu", STR_ARG(l->items[i].purl), i + 1);
		if (!refs[i].p)
			return NULL;
	}
	return refs;
}

static void feed(struct sha256 *h, str s)
{
	uint8_t n[8];

	for (size_t i = 0; i < sizeof(n); i++)
		n[i] = (uint8_t)((uint64_t)s.n >> (8 * i));
	sha256_update(h, (str){ (const char *)n, sizeof(n) });
	sha256_update(h, s);
}

void sbom_write_uuid(const struct view *v, const char *kind, char ret[SBOM_UUID_BYTES])
{
	const struct report *r = v->r;
	struct sha256 *h;
	uint8_t sum[SHA256_BYTES] = { 0 };
	char hex[33];

	if (sha256_new(&h, NULL) == 0) {
		feed(h, str_from(kind));
		feed(h, r->tool_version);
		feed(h, r->started);
		feed(h, r->database.digest);
		feed(h, report_target(r));
		feed(h, r->inventory->image_id);
		for (size_t i = 0; i < r->inventory->packages.count; i++)
			feed(h, r->inventory->packages.items[i].purl);
		for (size_t i = 0; i < r->findings.count; i++)
			feed(h, r->findings.items[i].vuln->id);
		sha256_final(h, sum);
		sha256_free(h);
	}
	sum[6] = (uint8_t)((sum[6] & 0x0f) | 0x80);
	sum[8] = (uint8_t)((sum[8] & 0x3f) | 0x80);
	hex_render(sum, 16, hex);
	snprintf(ret, SBOM_UUID_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
		 hex + 16, hex + 20);
}

str sbom_write_time(const struct view *v)
{
	return v->r->started.n ? v->r->started : S("1970-01-01T00:00:00Z");
}
