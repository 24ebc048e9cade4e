#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/table.h"

static bool wants(str path, str head)
{
	str first = head, line = str_line(&first);

	if (!str_ends(path, S(".csv")))
		return false;
	if (str_starts(line, S("#model_version")))
		return true;
	return str_starts(line, S("cve,epss,percentile"));
}

/* "#model_version:v2023.03.01,score_date:2024-01-13T00:00:00+0000" */
static void tell_date(const struct delivery *d, str comment)
{
	size_t at = str_search(comment, S("score_date:"));

	delivery_as_of(d, str_take(str_skip(comment, at + strlen("score_date:")), 10));
}

enum { CVE, EPSS, PERCENTILE, COLUMNS };
static const char *const columns[COLUMNS] = { "cve", "epss", "percentile" };

static int take(const struct delivery *d, const struct table_row *row)
{
	struct vulnerability f = DELIVERY_FACT;

	f.id = row->fields[CVE];
	f.epss = table_float(row->fields[EPSS], -1);
	f.epss_percentile = table_float(row->fields[PERCENTILE], -1);
	if (!ids_is_cve(f.id) || f.epss < 0 || f.epss > 1 || f.epss_percentile > 1) {
		delivery_unreadable(d, f.id, "line %u: no CVE with a probability", row->line);
		return 0;
	}
	return delivery_fact(d, &f);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("epss"), a, sink, e };
	str rest = text;

	tell_date(&d, str_line(&rest));
	return table_each(&d, text, columns, COLUMNS, take);
}

const struct feed_format feed_epss = {
	.name = "epss",
	.title = "Exploit Prediction Scoring System (FIRST)",
	.licence = "free to use with attribution (first.org/epss)",
	.wants = wants,
	.import = import,
};
