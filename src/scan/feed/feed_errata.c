/* Advisories of AlmaLinux (errata.json and one a file), Rocky Linux, Amazon Linux and Bottlerocket as JSON. They share
 * the updateinfo vocabulary and differ in where the packages stand. */
#include "scan/feed/errata.h"
#include "scan/feed/formats.h"

static bool wants(str path, str head)
{
	static const char *const folders[] = { "/alma/", "/rocky/", "/amazon/", "/bottlerocket/" };

	if (!str_ends(path, S(".json")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (feed_path_has(path, folders[i]))
			return true;
	return feed_head_has(head, "\"updateinfo_id\"");
}

static str origin_of(str id)
{
	if (str_starts(id, S("AL")) && !str_starts(id, S("ALAS")))
		return S("almalinux-errata");
	return str_starts(id, S("ALAS")) ? S("amazon-alas") : S("rocky-errata");
}

static int deliver_packages(const struct delivery *d, struct errata *x, const struct value *list,
			    const struct value *module)
{
	str name = value_get_str(module, "name"), stream = value_get_str(module, "stream");

	x->module = name.n ? arena_printf(d->arena, "%.*s:%.*s", STR_ARG(name), STR_ARG(stream))
			   : (str){ 0 };
	VALUE_EACH (v, list) {
		struct errata_package p = { .name = value_get_str(v, "name"),
					    .epoch = value_get_str(v, "epoch"),
					    .version = value_get_str(v, "version"),
					    .release = value_get_str(v, "release"),
					    .arch = value_get_str(v, "arch") };
		int r = errata_deliver(d, x, &p);

		if (r < 0)
			return r;
	}
	return 0;
}

static int name_advisory(const struct delivery *d, struct errata *x, const struct value *v)
{
	x->cves = (struct ids){ .arena = d->arena };
	if (ids_scan_array(&x->cves, value_get(v, "cveids")) < 0)
		return delivery_spent(d);
	VALUE_EACH (ref, value_get(v, "references")) {
		if (str_eq_nocase(value_get_str(ref, "type"), S("cve")) &&
		    ids_scan(&x->cves, value_get_str(ref, "id")) < 0)
			return delivery_spent(d);
	}
	return 0;
}

static int deliver_advisory(const struct delivery *outer, const struct value *v)
{
	const struct value *list = value_get(v, "pkglist");
	struct errata x = { .id = value_get_str(v, "updateinfo_id"),
			    .severity = severity_find(value_get_str(v, "severity")) };
	struct delivery d = *outer;
	int r;

	if (x.id.n == 0)
		x.id = value_get_str(v, "id");
	if (x.id.n == 0) {
		delivery_unreadable(&d, (str){ 0 }, "an advisory without an id");
		return 0;
	}
	d.origin = origin_of(x.id);
	if (str_starts(x.id, S("BRSA-"))) {
		delivery_unreadable(&d, x.id, "Bottlerocket is not matched");
		return 0;
	}
	r = name_advisory(&d, &x, v);
	/* Bug fixes and enhancements without a CVE are no vulnerability. */
	if (r == 0 && x.cves.count == 0 &&
	    (str_is(value_get_str(v, "type"), "bugfix") ||
	     str_is(value_get_str(v, "type"), "enhancement")))
		return 0;
	r = r ? r : deliver_packages(&d, &x, value_get(v, "packages"), NULL);
	r = r ? r
	      : deliver_packages(&d, &x, value_get(list, "packages"), value_get(list, "module"));
	VALUE_EACH (collection, value_get(v, "collections")) {
		r = r ? r
		      : deliver_packages(&d, &x, value_get(collection, "packages"),
					 value_get(collection, "module"));
	}
	return r;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("errata"), a, sink, e };
	struct value doc;
	int r = delivery_json(&d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	if (doc.kind != VALUE_ARRAY)
		return deliver_advisory(&d, &doc);
	VALUE_EACH (v, &doc) {
		r = deliver_advisory(&d, v);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct feed_format feed_errata = {
	.name = "errata",
	.title = "AlmaLinux, Rocky Linux and Amazon Linux advisories as JSON",
	.licence = "per distribution",
	.wants = wants,
	.import = import,
};
