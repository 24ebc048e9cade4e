/* Red Hat's maps to products: repository-to-cpe.json, as published ({"data": {"REPOSITORY": {"cpes": [...]}}}) or bare
 * ({"REPOSITORY": [...]}), and nvr-to-cpe.json, the same of builds of images. They go into the database as claims of
 * namespaces of their own (doc/formats/vulndb.md). */
#include "scan/feed/claim_fold.h"
#include "scan/feed/formats.h"
#include "scan/vuln/redhat_cpe.h"

static const char repositories[] = "repository-to-cpe.json";
static const char builds[] = "nvr-to-cpe.json";

static bool wants(str path, str head UNUSED)
{
	str name = feed_path_name(path);

	return str_is(name, repositories) || str_is(name, builds);
}

static int import_entry(const struct delivery *d, struct claim c, str name, const struct value *v)
{
	const struct value *list = v->kind == VALUE_OBJECT ? value_get(v, "cpes") : v;
	struct redhat_cpe parsed;

	if (!list || list->kind != VALUE_ARRAY || name.n == 0 || str_find(name, ' ') < name.n) {
		delivery_unreadable(d, name, "is mapped to no list of CPEs");
		return 0;
	}
	VALUE_EACH (item, list) {
		str cpe = str_trim(value_str(item));

		if (!redhat_cpe_parse(cpe, &parsed))
			delivery_unreadable(d, name, "'%.*s' is no CPE of Red Hat",
					    STR_ARG(str_take(cpe, 100)));
		else if (claim_fold_word(d->arena, &c.products, cpe) < 0)
			return delivery_spent(d);
	}
	/* A repository of no product says nothing. */
	c.package = name;
	return c.products.n ? delivery_claim(d, &c) : 0;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	bool of_builds = str_is(feed_path_name(path), builds);
	struct delivery d = { path, S("redhat-cpe"), a, sink, e, NULL };
	struct claim c = { .namespace = of_builds ? S("redhat-build") : S("redhat-repository"),
			   .vulnerability = of_builds ? S("nvr-to-cpe") : S("repository-to-cpe"),
			   .state = FIX_NOT_AFFECTED };
	const struct value *entries;
	struct value doc;
	int r = delivery_json(&d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	if (doc.kind != VALUE_OBJECT) {
		delivery_unreadable(&d, (str){ 0 }, "is no map of names to CPEs");
		return 0;
	}
	entries = value_get(&doc, "data");
	if (!entries || entries->kind != VALUE_OBJECT)
		entries = &doc;
	VALUE_MEMBERS (member, entries) {
		r = import_entry(&d, c, member->key, &member->value);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct feed_format feed_redhat_cpe = {
	.name = "redhat-cpe",
	.title = "Red Hat's maps of repositories and builds to products",
	.licence = "CC-BY-4.0",
	.wants = wants,
	.import = import,
};
