#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/table.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".csv")) && str_starts(head, S("cve,cvss-bt_score"));
}

static uint32_t flags_of(const struct csv *header, const int columns[5])
{
	static const uint32_t flags[5] = { EXPLOIT_KEV, EXPLOIT_EXPLOITDB, EXPLOIT_METASPLOIT,
					   EXPLOIT_NUCLEI, EXPLOIT_POC };
	uint32_t all = 0;

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (table_is_true(csv_field(header, columns[i])))
			all |= flags[i];
	return all;
}

/* Base scores are the NVD's; the enriched "bt" scores are not taken, nor are the EPSS values, which age by the day. */
static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("cvss-bt"), a, sink, e };
	struct table t;
	int r = table_open(&t, &d, text);
	int id = csv_find(&t.csv, "cve"), score = csv_find(&t.csv, "base_score");
	int vector = csv_find(&t.csv, "base_vector"), date = csv_find(&t.csv, "published_date");
	int severity = csv_find(&t.csv, "base_severity");
	const int columns[5] = { csv_find(&t.csv, "cisa_kev"), csv_find(&t.csv, "exploitdb"),
				 csv_find(&t.csv, "metasploit"), csv_find(&t.csv, "nuclei"),
				 csv_find(&t.csv, "poc_github") };

	while (r > 0 && (r = table_next(&t)) > 0) {
		struct vulnerability f = DELIVERY_FACT;

		f.id = csv_field(&t.csv, id);
		if (!ids_is_cve(f.id)) {
			delivery_unreadable(&d, f.id, "line %u: no CVE id", t.csv.line);
			continue;
		}
		f.published = str_take(csv_field(&t.csv, date), 10);
		f.severity = severity_find(csv_field(&t.csv, severity));
		f.exploit_flags = flags_of(&t.csv, columns);
		delivery_cvss(&f, S("nvd"), csv_field(&t.csv, vector),
			      table_float(csv_field(&t.csv, score), -1));
		r = delivery_fact(&d, &f);
		if (r < 0)
			break;
		r = 1;
	}
	table_close(&t);
	return r < 0 ? r : 0;
}

const struct feed_format feed_cvss_bt = {
	.name = "cvss-bt",
	.title = "CVSS base scores of the NVD with exploit facts (t0sche/cvss-bt)",
	.licence = "MIT; NVD data is public domain",
	.wants = wants,
	.import = import,
};
