#include "scan/feed/formats.h"
#include "scan/feed/osv.h"

static bool wants_json(str path, str head)
{
	if (!str_ends(path, S(".json")))
		return false;
	return feed_head_has(head, "\"schema_version\"") ||
	       (feed_head_has(head, "\"affected\"") && feed_head_has(head, "\"id\"")) ||
	       feed_path_has(path, "/osv/") ||
	       (feed_path_has(path, "/ghsa/") && !str_ends(path, S(".podspec.json"))) ||
	       feed_path_has(path, "/julia/") || feed_path_has(path, "/bitnami-vulndb/") ||
	       feed_path_has(path, "/vuln-list-aqua/") || feed_path_has(path, "/k8s-cve-feed/") ||
	       feed_path_has(path, "/seal/") || feed_path_has(path, "/govulndb/");
}

static int import_json(str path, str text, struct arena *a, const struct feed_sink *sink,
		       struct err *e)
{
	struct delivery d = { path, S("osv"), a, sink, e };
	struct value v;
	int r = delivery_json(&d, (str){ 0 }, text, &v);

	if (r <= 0)
		return r;
	if (v.kind != VALUE_ARRAY)
		return osv_deliver(&d, &v);
	VALUE_EACH (record, &v) {
		r = osv_deliver(&d, record);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct feed_format feed_osv = {
	.name = "osv",
	.title = "OSV records (osv.dev, GitHub, Go, AlmaLinux, Rocky, Ubuntu, ...)",
	.licence = "per source: MIT (AlmaLinux), CC-BY-4.0 (GitHub, Go, PyPA, Ubuntu)",
	.wants = wants_json,
	.import = import_json,
};

static bool wants_yaml(str path, str head)
{
	return (str_ends(path, S(".yaml")) || str_ends(path, S(".yml"))) &&
	       (str_starts(head, S("id: PYSEC-")) ||
		(feed_head_has(head, "\naffected:") && feed_head_has(head, "id:")));
}

static int import_yaml(str path, str text, struct arena *a, const struct feed_sink *sink,
		       struct err *e)
{
	struct delivery d = { path, S("pypa"), a, sink, e };
	struct value v;
	int r = delivery_yaml(&d, text, &v);

	return r <= 0 ? r : osv_deliver(&d, &v);
}

const struct feed_format feed_pypa = {
	.name = "pypa",
	.title = "Python Packaging advisory database (OSV in YAML)",
	.licence = "CC-BY-4.0",
	.wants = wants_yaml,
	.import = import_yaml,
};
