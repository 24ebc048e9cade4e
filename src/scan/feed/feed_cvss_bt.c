#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/table.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".csv")) && str_starts(head, S("cve,cvss-bt_score"));
}

enum { CVE, SCORE, VECTOR, SEVERITY, PUBLISHED, FIRST_FLAG, COLUMNS = FIRST_FLAG + 5 };
static const char *const columns[COLUMNS] = {
	"cve",      "base_score", "base_vector", "base_severity", "published_date",
	"cisa_kev", "exploitdb",  "metasploit",  "nuclei",        "poc_github",
};
static const uint32_t flags[COLUMNS - FIRST_FLAG] = { EXPLOIT_KEV, EXPLOIT_EXPLOITDB,
						      EXPLOIT_METASPLOIT, EXPLOIT_NUCLEI,
						      EXPLOIT_POC };

/* Base scores are the NVD's; the enriched "bt" scores are not taken, nor are the EPSS values, which age by the day. */
static int take(const struct delivery *d, const struct table_row *row)
{
	struct vulnerability f = DELIVERY_FACT;

	f.id = row->fields[CVE];
	if (!ids_is_cve(f.id)) {
		delivery_unreadable(d, f.id, "line %u: no CVE id", row->line);
		return 0;
	}
	f.published = str_take(row->fields[PUBLISHED], 10);
	f.severity = severity_find(row->fields[SEVERITY]);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (table_is_true(row->fields[FIRST_FLAG + i]))
			f.exploit_flags |= flags[i];
	delivery_cvss(&f, S("nvd"), row->fields[VECTOR], table_float(row->fields[SCORE], -1));
	return delivery_fact(d, &f);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("cvss-bt"), a, sink, e };

	return table_each(&d, text, columns, COLUMNS, take);
}

const struct feed_format feed_cvss_bt = {
	.name = "cvss-bt",
	.title = "CVSS base scores of the NVD with exploit facts (t0sche/cvss-bt)",
	.licence = "MIT; NVD data is public domain",
	.wants = wants,
	.import = import,
};
