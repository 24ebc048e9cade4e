#include "scan/report/tally.h"

static void count_gaps(const struct gap_list *l, struct tally *t)
{
	for (size_t i = 0; i < l->count; i++) {
		t->gaps[l->items[i].kind] += l->items[i].count;
		t->gaps_total += l->items[i].count;
		t->is_partial |= gap_is_partial(l->items[i].kind);
	}
	t->gaps_total += l->dropped;
	t->is_partial |= l->dropped > 0;
}

static void count_layers(const struct inventory *v, struct tally *t)
{
	for (size_t i = 0; i < v->layer_count; i++) {
		const struct inventory_layer *l = &v->layers[i];

		t->layers += !l->missing;
		t->layers_missing += l->missing;
		t->layers_cached += l->from_cache;
		t->tar_bytes += l->tar_bytes;
		t->entries += l->entries;
		t->files += l->files_analysed;
	}
}

int tally_count(const struct report *r, struct tally *ret)
{
	struct tally t = { .findings = r->findings.count };
	OWNED bool *seen = calloc(r->inventory->packages.count + 1, sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	for (size_t i = 0; i < r->findings.count; i++) {
		const struct finding *f = &r->findings.items[i];

		t.by_severity[f->severity]++;
		t.kev += (f->vuln->exploit_flags & EXPLOIT_KEV) != 0;
		t.fixable += f->fixed_version.n > 0;
		t.packages += !seen[f->package];
		seen[f->package] = true;
	}
	count_layers(r->inventory, &t);
	count_gaps(&r->inventory->gaps, &t);
	count_gaps(&r->gaps, &t);
	*ret = t;
	return 0;
}

bool tally_is_partial(const struct report *r)
{
	struct tally t = { 0 };

	count_gaps(&r->inventory->gaps, &t);
	count_gaps(&r->gaps, &t);
	return t.is_partial;
}
