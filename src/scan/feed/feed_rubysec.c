#include "scan/feed/delivery.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/interval.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".yml")) &&
	       (feed_path_has(path, "/gems/") || feed_path_has(path, "/rubies/")) &&
	       (feed_head_has(head, "gem:") || feed_head_has(head, "engine:") ||
		feed_path_has(path, "/ruby-advisory-db/"));
}

/* The text of a scalar, also when YAML took "2012-6684" or "115941" for something else; NULL becomes empty. */
static str prefixed(struct arena *a, const char *prefix, const struct value *v)
{
	str s = value_str(v);

	if (s.n == 0 || v->kind == VALUE_NULL)
		return (str){ 0 };
	return str_starts(s, str_from(prefix)) ? s : arena_printf(a, "%s%.*s", prefix, STR_ARG(s));
}

static int emit_fact(const struct delivery *d, const struct value *doc, str id, str ghsa)
{
	struct vulnerability f = DELIVERY_FACT;

	f.id = id;
	f.title = value_get_str(doc, "title");
	f.description = value_get_str(doc, "description");
	f.published = value_get_str(doc, "date");
	f.references = value_get_str(doc, "url");
	f.aliases = str_eq(ghsa, id) ? (str){ 0 } : ghsa;
	delivery_cvss(&f, S("rubysec"), (str){ 0 },
		      (float)value_num(value_get(doc, "cvss_v3"), -1));
	return delivery_fact(d, &f);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("rubysec"), a, sink, e };
	struct claim c = { .namespace = S("gem") };
	struct intervals affected = { .arena = a, .scheme = VERSION_GEM };
	struct err why = { 0 };
	struct value doc;
	str cve, ghsa, osvdb;
	int r = delivery_yaml(&d, text, &doc);

	if (r <= 0)
		return r;
	delivery_as_of(&d, value_get_str(&doc, "date"));
	cve = prefixed(a, "CVE-", value_get(&doc, "cve"));
	ghsa = prefixed(a, "GHSA-", value_get(&doc, "ghsa"));
	osvdb = prefixed(a, "OSVDB-", value_get(&doc, "osvdb"));
	c.package = value_get_str(&doc, "gem");
	c.vulnerability = cve.n ? cve : ghsa.n ? ghsa : osvdb;
	c.advisory = ghsa.n ? ghsa : osvdb;
	if (c.package.n == 0) {
		delivery_unreadable(
			&d, c.vulnerability, "%s",
			value_get(&doc, "engine")
				? "is about an interpreter, which is no gem and not matched"
				: "names no gem");
		return 0;
	}
	r = intervals_leave_out(&affected, value_get(&doc, "patched_versions"),
				value_get(&doc, "unaffected_versions"), &why);
	if (r == -ENOBUFS)
		return delivery_spent(&d);
	if (r < 0) {
		delivery_unreadable(&d, c.vulnerability, "%s", why.text);
		return 0;
	}
	r = intervals_deliver(&affected, &d, &c);
	return r < 0 || c.vulnerability.n == 0 ? r : emit_fact(&d, &doc, c.vulnerability, ghsa);
}

const struct feed_format feed_rubysec = {
	.name = "rubysec",
	.title = "RubySec advisory database",
	.licence = "public domain, OSVDB-derived parts as noted there",
	.wants = wants,
	.import = import,
};
