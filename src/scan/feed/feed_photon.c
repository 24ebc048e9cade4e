/* Photon OS: cve_data_photonX.json (an array) and the same one record a file. */
#include "scan/feed/delivery.h"
#include "scan/feed/formats.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".json")) &&
	       (feed_path_has(path, "/photon/") ||
		(feed_head_has(head, "\"cve_id\"") && feed_head_has(head, "\"res_ver\"")));
}

/* "cve_data_photon3.0.json" when the record does not say. */
static str release_of(str path, const struct value *v)
{
	str release = value_get_str(v, "os_version"), name = feed_path_name(path);

	if (release.n)
		return release;
	name = str_skip(name, str_search(name, S("photon")) + strlen("photon"));
	return str_take(name, str_search(name, S(".json")));
}

static int import_record(const struct delivery *d, const struct value *v)
{
	struct claim c = { .package = value_get_str(v, "pkg"),
			   .vulnerability = value_get_str(v, "cve_id"),
			   .fixed = value_get_str(v, "res_ver"),
			   .state = FIX_FIXED };
	struct vulnerability f = DELIVERY_FACT;
	str release = release_of(d->path, v);
	int r;

	if (release.n)
		c.namespace = arena_printf(d->arena, "photon:%.*s", STR_ARG(release));
	if (str_is(c.fixed, "NA") || c.fixed.n == 0) {
		c.fixed = (str){ 0 };
		/* "NA" on both sides: Photon judged that it is not affected. */
		c.state =
			str_is(value_get_str(v, "aff_ver"), "NA") ? FIX_NOT_AFFECTED : FIX_AFFECTED;
	}
	c.severity = severity_of_score((float)value_num(value_get(v, "cve_score"), -1));
	r = delivery_claim(d, &c);
	if (r < 0 || c.vulnerability.n == 0)
		return r;
	f.id = c.vulnerability;
	delivery_cvss(&f, S("photon"), (str){ 0 }, (float)value_num(value_get(v, "cve_score"), -1));
	return delivery_fact(d, &f);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("photon"), a, sink, e };
	struct value doc;
	int r = delivery_json(&d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	if (doc.kind != VALUE_ARRAY)
		return import_record(&d, &doc);
	VALUE_EACH (v, &doc) {
		r = import_record(&d, v);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct feed_format feed_photon = {
	.name = "photon",
	.title = "Photon OS CVE metadata",
	.licence = "published by VMware/Broadcom; facts only",
	.wants = wants,
	.import = import,
};
