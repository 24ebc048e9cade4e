#include "scan/report/sbom_item.h"

static int compare(const void *left, const void *right)
{
	const struct package *a = left, *b = right;
	int c = str_cmp(a->type, b->type);

	if (!c)
		c = str_cmp(a->name, b->name);
	if (!c)
		c = str_cmp(a->version, b->version);
	if (!c)
		c = str_cmp(a->arch, b->arch);
	if (!c)
		c = str_cmp(a->db_path, b->db_path);
	return c ? c : str_cmp(a->purl, b->purl);
}

static const struct sbom_distro *most_named(const struct sbom_reader *r)
{
	const struct sbom_distro *best = NULL;

	for (size_t i = 0; i < r->distros.cap; i++) {
		const struct sbom_distro *d = r->distros.slots[i].value;

		if (!r->distros.slots[i].key.p || !d)
			continue;
		if (!best || d->packages > best->packages ||
		    (d->packages == best->packages && str_cmp(d->version, best->version) > 0))
			best = d;
	}
	return best;
}

/* The document has no component for the operating system: its packages' URLs say it. */
static void os_from_packages(struct sbom_reader *r)
{
	const struct sbom_distro *d = most_named(r);
	struct os *os = &r->inventory->os;
	struct gap_list *gaps = &r->inventory->gaps;

	if (!d)
		return;
	os->id = sbom_os_id(r->a, d->id);
	os->version_id = d->version;
	if (r->distros.count > 1)
		gap_add(gaps, r->a, GAP_UNEXPECTED, os->id,
			"the packages name %zu distributions or releases; the one most named was "
			"taken",
			r->distros.count);
	if (!d->version.n && !str_is(os->id, "wolfi") && !str_is(os->id, "chainguard") &&
	    !str_is(os->id, "arch"))
		gap_add(gaps, r->a, GAP_UNRESOLVED, os->id,
			"the document does not say which release of the distribution the packages "
			"are of");
}

/* Packages of which the document does not say the layer come from one without a name, if it has layers at all. */
static int unknown_layer(struct sbom_reader *r)
{
	struct package_list *l = &r->inventory->packages;
	uint32_t unknown = UINT32_MAX;

	for (size_t i = 0; i < l->count; i++) {
		if (l->items[i].layer != UINT32_MAX)
			continue;
		if (!r->inventory->layer_count)
			unknown = 0;
		if (unknown == UINT32_MAX && sbom_layer(r, S(""), (str){ 0 }, &unknown) < 0)
			return -ENOBUFS;
		l->items[i].layer = unknown;
	}
	return 0;
}

int sbom_finish(struct sbom_reader *r, struct err *e)
{
	struct package_list *l = &r->inventory->packages;

	if (r->os_given)
		r->inventory->os.id = sbom_os_id(r->a, r->inventory->os.id);
	else
		os_from_packages(r);
	if (unknown_layer(r) < 0)
		return err_set(e, ENOBUFS, "SBOM: memory budget spent");
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), compare);
	return 0;
}
