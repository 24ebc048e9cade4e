#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/table.h"

static bool wants(str path, str head)
{
	if (str_ends(path, S(".json")))
		return feed_head_has(head, "\"catalogVersion\"") ||
		       feed_head_has(head, "\"knownRansomwareCampaignUse\"");
	return str_ends(path, S(".csv")) && str_starts(head, S("cveID,vendorProject"));
}

struct entry {
	str id, name, description, added, ransomware, cwes;
};

static int emit(const struct delivery *d, const struct entry *x)
{
	struct vulnerability f = DELIVERY_FACT;

	if (!ids_is_cve(x->id) || x->added.n != 10) {
		delivery_unreadable(d, x->id, "no CVE with the date it was added");
		return 0;
	}
	f.id = x->id;
	f.title = x->name;
	f.description = x->description;
	f.kev_added = x->added;
	f.cwes = x->cwes;
	f.exploit_flags = EXPLOIT_KEV;
	if (str_is(x->ransomware, "Known"))
		f.exploit_flags |= EXPLOIT_RANSOMWARE;
	return delivery_fact(d, &f);
}

static str join_cwes(struct arena *a, const struct value *array)
{
	struct ids set = { .arena = a };

	VALUE_EACH (cwe, array) {
		if (value_str(cwe).n && ids_add(&set, value_str(cwe)) < 0)
			break;
	}
	return ids_join(&set);
}

static int import_json(const struct delivery *d, str text)
{
	struct value doc;
	int r = delivery_json(d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	delivery_as_of(d, value_get_str(&doc, "dateReleased"));
	VALUE_EACH (v, value_get(&doc, "vulnerabilities")) {
		struct entry x = { .id = value_get_str(v, "cveID"),
				   .name = value_get_str(v, "vulnerabilityName"),
				   .description = value_get_str(v, "shortDescription"),
				   .added = value_get_str(v, "dateAdded"),
				   .ransomware = value_get_str(v, "knownRansomwareCampaignUse"),
				   .cwes = join_cwes(d->arena, value_get(v, "cwes")) };

		r = emit(d, &x);
		if (r < 0)
			return r;
	}
	return 0;
}

enum { CVE, NAME, DESCRIPTION, ADDED, RANSOMWARE, CWES, COLUMNS };
static const char *const columns[COLUMNS] = {
	"cveID",     "vulnerabilityName",          "shortDescription",
	"dateAdded", "knownRansomwareCampaignUse", "cwes",
};

/* The CSV says nowhere when it was released: its newest entry does. */
static int take(const struct delivery *d, const struct table_row *row)
{
	struct ids cwes = { .arena = row->arena };
	str rest = row->fields[CWES];

	while (rest.n) {
		str cwe = str_trim(str_cut(&rest, ','));

		if (cwe.n && ids_add(&cwes, cwe) < 0)
			return delivery_spent(d);
	}
	delivery_as_of(d, row->fields[ADDED]);
	return emit(d, &(struct entry){ .id = row->fields[CVE],
					.name = row->fields[NAME],
					.description = row->fields[DESCRIPTION],
					.added = row->fields[ADDED],
					.ransomware = row->fields[RANSOMWARE],
					.cwes = ids_join(&cwes) });
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("kev"), a, sink, e };

	return str_ends(path, S(".json")) ? import_json(&d, text)
					  : table_each(&d, text, columns, COLUMNS, take);
}

const struct feed_format feed_kev = {
	.name = "kev",
	.title = "CISA catalogue of known exploited vulnerabilities",
	.licence = "CC0-1.0",
	.wants = wants,
	.import = import,
};
