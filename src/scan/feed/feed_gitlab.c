#include "scan/feed/delivery.h"
#include "scan/feed/ecosystem.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/interval.h"
#include "scan/vuln/namespace.h"

static bool wants(str path, str head)
{
	if (str_ends(path, S(".json")))
		return feed_head_has(head, "\"PackageSlug\"") || feed_path_has(path, "/glad/");
	return str_ends(path, S(".yml")) && feed_head_has(head, "package_slug:") &&
	       feed_head_has(head, "affected_range:");
}

/* GitLab's YAML says "package_slug"; the JSON made of it by its Go mirror says "PackageSlug". */
static const struct value *either(const struct value *doc, const char *yaml, const char *json)
{
	const struct value *v = value_get(doc, yaml);

	return v ? v : value_get(doc, json);
}

/* "maven/org.apache.struts/struts2-core" is "org.apache.struts:struts2-core" to Maven; "pypi/django" just "django". */
static str package_of(struct arena *a, str namespace, str slug)
{
	size_t at = str_find_last(slug, '/');

	if (!str_is(namespace, "maven") || at == slug.n)
		return slug;
	return arena_printf(a, "%.*s:%.*s", STR_ARG(str_take(slug, at)),
			    STR_ARG(str_skip(slug, at + 1)));
}

static int emit_fact(const struct delivery *d, const struct value *doc, str id)
{
	struct vulnerability f = DELIVERY_FACT;

	f.id = id;
	f.title = value_str(either(doc, "title", "Title"));
	f.description = value_str(either(doc, "description", "Description"));
	f.published = value_str(either(doc, "pubdate", "Pubdate"));
	f.modified = value_str(either(doc, "date", "Date"));
	delivery_cvss(&f, S("gitlab"), value_str(either(doc, "cvss_v3", "CvssV3")), -1);
	delivery_cvss(&f, S("gitlab"), value_str(either(doc, "cvss_v2", "CvssV2")), -1);
	return delivery_fact(d, &f);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("gitlab"), a, sink, e };
	struct intervals affected = { .arena = a };
	struct claim c = { 0 };
	struct err why = { 0 };
	struct value doc;
	str slug, type;
	int r = str_ends(path, S(".json")) ? delivery_json(&d, (str){ 0 }, text, &doc)
					   : delivery_yaml(&d, text, &doc);

	if (r <= 0)
		return r;
	slug = value_str(either(&doc, "package_slug", "PackageSlug"));
	type = str_cut(&slug, '/');
	c.vulnerability = value_str(either(&doc, "identifier", "Identifier"));
	c.namespace = ecosystem_of_gitlab(type);
	if (c.namespace.n == 0) {
		delivery_unreadable(&d, c.vulnerability, "package type '%.*s' is not matched",
				    STR_ARG(type));
		return 0;
	}
	c.package = package_of(a, c.namespace, slug);
	affected.scheme = namespace_find(c.namespace)->scheme;
	r = intervals_parse(&affected, value_str(either(&doc, "affected_range", "AffectedRange")),
			    &why);
	if (r == -ENOBUFS)
		return delivery_spent(&d);
	if (r < 0) {
		delivery_unreadable(&d, c.vulnerability, "%s", why.text);
		return 0;
	}
	r = intervals_deliver(&affected, &d, &c);
	return r < 0 || c.vulnerability.n == 0 ? r : emit_fact(&d, &doc, c.vulnerability);
}

const struct feed_format feed_gitlab = {
	.name = "gitlab",
	.title = "GitLab advisory database (gemnasium-db)",
	.licence = "GitLab's own (community edition: MIT, 30 days late)",
	.wants = wants,
	.import = import,
};
