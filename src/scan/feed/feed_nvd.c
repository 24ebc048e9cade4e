/* NVD API 2.0 pages ({"vulnerabilities":[{"cve":{...}}]}) and files of one such "cve" object each. Facts only: the
 * NVD's CPE names do not say which package of a distribution they mean, so no claim is made of them. */
#include "codec/json_slice.h"
#include "scan/feed/delivery.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"

#define RECORD_BUDGET_BYTES (64u << 20)

static bool wants(str path, str head)
{
	return str_ends(path, S(".json")) &&
	       ((feed_head_has(head, "\"sourceIdentifier\"") &&
		 feed_head_has(head, "\"vulnStatus\"")) ||
		feed_head_has(head, "\"NVD_CVE\"") || feed_path_has(path, "/vuln-list-nvd/") ||
		feed_path_has(path, "/nvd/"));
}

static str english(const struct value *array)
{
	VALUE_EACH (item, array) {
		if (str_starts(value_get_str(item, "lang"), S("en")))
			return value_get_str(item, "value");
	}
	return (str){ 0 };
}

static void take_metrics(struct vulnerability *f, const struct value *metrics)
{
	static const char *const kinds[] = { "cvssMetricV40", "cvssMetricV31", "cvssMetricV30",
					     "cvssMetricV2" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		VALUE_EACH (m, value_get(metrics, kinds[i])) {
			const struct value *data = value_get(m, "cvssData");
			bool nvd = str_is(value_get_str(m, "source"), "nvd@nist.gov");
			str severity = value_get_str(data, "baseSeverity");

			delivery_cvss(f, nvd ? S("nvd") : S("cna"),
				      value_get_str(data, "vectorString"),
				      (float)value_num(value_get(data, "baseScore"), -1));
			if (f->severity == SEVERITY_UNKNOWN)
				f->severity = severity_find(
					severity.n ? severity : value_get_str(m, "baseSeverity"));
		}
	}
}

static str weaknesses(struct arena *a, const struct value *array)
{
	struct ids set = { .arena = a };

	VALUE_EACH (w, array) {
		VALUE_EACH (text, value_get(w, "description")) {
			str cwe = value_get_str(text, "value");

			if (str_starts(cwe, S("CWE-")) && ids_add(&set, cwe) < 0)
				return (str){ 0 };
		}
	}
	return ids_join(&set);
}

static str links(struct arena *a, const struct value *array)
{
	struct ids set = { .arena = a };

	VALUE_EACH (ref, array) {
		str url = value_get_str(ref, "url");

		if (url.n && str_find(url, ' ') == url.n && ids_add(&set, url) < 0)
			return (str){ 0 };
	}
	return ids_join(&set);
}

static int import_cve(const struct delivery *d, str text)
{
	struct vulnerability f = DELIVERY_FACT;
	struct value v;
	int r = delivery_json(d, (str){ 0 }, text, &v);

	if (r <= 0)
		return r;
	f.id = value_get_str(&v, "id");
	f.description = english(value_get(&v, "descriptions"));
	f.published = value_get_str(&v, "published");
	f.modified = value_get_str(&v, "lastModified");
	f.withdrawn = str_is(value_get_str(&v, "vulnStatus"), "Rejected");
	f.cwes = weaknesses(d->arena, value_get(&v, "weaknesses"));
	f.references = links(d->arena, value_get(&v, "references"));
	f.kev_added = value_get_str(&v, "cisaExploitAdd");
	if (f.kev_added.n)
		f.exploit_flags |= EXPLOIT_KEV;
	take_metrics(&f, value_get(&v, "metrics"));
	delivery_as_of(d, f.modified);
	return delivery_fact(d, &f);
}

static int import_page(const struct delivery *d, str list)
{
	struct arena records;
	struct delivery one = *d;
	struct json_slice s;
	str key, item;
	int r;

	if (json_slice_open(list, &s, NULL) < 0) {
		delivery_unreadable(d, (str){ 0 }, "'vulnerabilities' is no list");
		return 0;
	}
	one.arena = &records;
	while ((r = json_slice_next(&s, &key, &item, NULL)) > 0) {
		str cve = json_slice_get(item, S("cve"));

		arena_init(&records, RECORD_BUDGET_BYTES);
		r = import_cve(&one, cve.n ? cve : item);
		arena_done(&records);
		if (r < 0)
			return r;
	}
	if (r < 0)
		delivery_unreadable(d, (str){ 0 }, "is cut off or malformed");
	return 0;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("nvd"), a, sink, e };
	str list = json_slice_get(text, S("vulnerabilities"));

	return list.n ? import_page(&d, list) : import_cve(&d, text);
}

const struct feed_format feed_nvd = {
	.name = "nvd",
	.title = "National Vulnerability Database, API 2.0",
	.licence = "public domain",
	.wants = wants,
	.import = import,
};
