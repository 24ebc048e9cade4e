#include "scan/feed/delivery.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"

#define LINE_BUDGET_BYTES (16u << 20)

static bool wants(str path, str head)
{
	return str_ends(path, S(".jsonl")) && feed_head_has(head, "\"id\": \"CVE-") &&
	       feed_head_has(head, "\"description\"");
}

/* "Improper input validation (CWE-20)" and "CWE-79" alike. */
static str cwes_of(struct arena *a, const struct value *array)
{
	struct ids set = { .arena = a };

	VALUE_EACH (item, array) {
		str text = value_str(item);
		size_t at = str_search(text, S("CWE-")), n = 4;
		str cwe = str_skip(text, at);

		while (n < cwe.n && cwe.p[n] >= '0' && cwe.p[n] <= '9')
			n++;
		if (cwe.n > 4 && n > 4 && ids_add(&set, str_take(cwe, n)) < 0)
			break;
	}
	return ids_join(&set);
}

static int import_line(const struct delivery *d, str line, uint32_t no)
{
	struct vulnerability f = DELIVERY_FACT;
	struct value v;
	char place[32];
	int r;

	(void)snprintf(place, sizeof(place), "line %u", no);
	r = delivery_json(d, str_from(place), line, &v);
	if (r <= 0)
		return r;
	f.id = value_get_str(&v, "id");
	f.description = value_get_str(&v, "description");
	f.cwes = cwes_of(d->arena, value_get(&v, "cwe"));
	if (str_is(f.description, "n/a"))
		return 0;
	return delivery_fact(d, &f);
}

static int import(str path, str text, struct arena *a UNUSED, const struct feed_sink *sink,
		  struct err *e)
{
	struct arena lines;
	struct delivery d = { path, S("cve-descriptions"), &lines, sink, e };
	int r = 0;

	for (uint32_t no = 1; r == 0 && text.n; no++) {
		str line = str_trim(str_line(&text));

		if (line.n == 0)
			continue;
		arena_init(&lines, LINE_BUDGET_BYTES);
		r = import_line(&d, line, no);
		arena_done(&lines);
	}
	return r;
}

const struct feed_format feed_descriptions = {
	.name = "cve-descriptions",
	.title = "CVE descriptions (derived from trickest/cve)",
	.licence = "MIT; CVE text by the CVE terms of use",
	.wants = wants,
	.import = import,
};
