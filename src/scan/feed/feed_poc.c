#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/table.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".csv")) && str_starts(head, S("cve,poc_refs"));
}

enum { CVE, REFERENCES, COLUMNS };
static const char *const columns[COLUMNS] = { "cve", "poc_refs" };

/* Only references marked as proofs of concept count: most of the repositories that merely name a CVE are lists. */
static int take(const struct delivery *d, const struct table_row *row)
{
	struct vulnerability f = DELIVERY_FACT;

	f.id = row->fields[CVE];
	f.exploit_flags = EXPLOIT_POC;
	if (!ids_is_cve(f.id) || str_u32(row->fields[REFERENCES], &f.poc_count) < 0) {
		delivery_unreadable(d, f.id, "line %u: no CVE with a count", row->line);
		return 0;
	}
	return f.poc_count ? delivery_fact(d, &f) : 0;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("poc-counts"), a, sink, e };

	return table_each(&d, text, columns, COLUMNS, take);
}

const struct feed_format feed_poc = {
	.name = "poc-counts",
	.title = "Counts of public proofs of concept (derived from trickest/cve)",
	.licence = "MIT",
	.wants = wants,
	.import = import,
};
