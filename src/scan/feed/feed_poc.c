#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/table.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".csv")) && str_starts(head, S("cve,poc_refs"));
}

/* Only references marked as proofs of concept count: most of the repositories that merely name a CVE are lists. */
static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("poc-counts"), a, sink, e };
	struct table t;
	int r = table_open(&t, &d, text);
	int id = csv_find(&t.csv, "cve"), refs = csv_find(&t.csv, "poc_refs");

	while (r > 0 && (r = table_next(&t)) > 0) {
		struct vulnerability f = DELIVERY_FACT;

		f.id = csv_field(&t.csv, id);
		if (!ids_is_cve(f.id) || str_u32(csv_field(&t.csv, refs), &f.poc_count) < 0) {
			delivery_unreadable(&d, f.id, "line %u: no CVE with a count", t.csv.line);
			continue;
		}
		if (f.poc_count == 0)
			continue;
		f.exploit_flags = EXPLOIT_POC;
		r = delivery_fact(&d, &f);
		if (r < 0)
			break;
		r = 1;
	}
	table_close(&t);
	return r < 0 ? r : 0;
}

const struct feed_format feed_poc = {
	.name = "poc-counts",
	.title = "Counts of public proofs of concept (derived from trickest/cve)",
	.licence = "MIT",
	.wants = wants,
	.import = import,
};
