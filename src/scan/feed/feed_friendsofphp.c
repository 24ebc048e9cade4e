#include "scan/feed/delivery.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/interval.h"

static bool wants(str path, str head)
{
	return (str_ends(path, S(".yaml")) || str_ends(path, S(".yml"))) &&
	       (feed_head_has(head, "composer://") ||
		feed_path_has(path, "/php-security-advisories/"));
}

/* Advisories without a CVE are known by package and file name: "contao/core/2015-02-11". */
static str own_id(struct arena *a, str package, str path)
{
	str file = feed_path_name(path);

	return arena_printf(a, "%.*s/%.*s", STR_ARG(package),
			    STR_ARG(str_take(file, str_find_last(file, '.'))));
}

static int emit_fact(const struct delivery *d, const struct value *doc, str id)
{
	struct vulnerability f = DELIVERY_FACT;

	f.id = id;
	f.title = value_get_str(doc, "title");
	f.references = value_get_str(doc, "link");
	return delivery_fact(d, &f);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("friendsofphp"), a, sink, e };
	struct intervals affected = { .arena = a, .scheme = VERSION_COMPOSER };
	struct claim c = { .namespace = S("composer") };
	struct ids cves = { .arena = a };
	struct err why = { 0 };
	struct value doc;
	str reference;
	int r = delivery_yaml(&d, text, &doc);

	if (r <= 0)
		return r;
	reference = value_get_str(&doc, "reference");
	c.package = str_skip(reference, str_starts(reference, S("composer://")) ? 11 : reference.n);
	VALUE_MEMBERS (branch, value_get(&doc, "branches")) {
		const struct value *versions = value_get(&branch->value, "versions");

		if (!versions || versions->kind != VALUE_ARRAY || versions->count == 0)
			r = err_set(&why, EBADMSG, "branch '%.*s' names no versions",
				    STR_ARG(branch->key));
		else
			r = intervals_parse_all(&affected, versions, &why);
		if (r == -ENOBUFS)
			return delivery_spent(&d);
		if (r < 0)
			delivery_unreadable(&d, c.package, "%s", why.text);
	}
	if (ids_scan(&cves, value_get_str(&doc, "cve")) < 0 ||
	    (cves.count == 0 && ids_add(&cves, own_id(a, c.package, path)) < 0))
		return delivery_spent(&d);
	c.vulnerability = cves.items[0];
	if (affected.count == 0) {
		delivery_unreadable(&d, c.vulnerability, "names no versions");
		return 0;
	}
	r = intervals_deliver(&affected, &d, &c);
	return r < 0 ? r : emit_fact(&d, &doc, c.vulnerability);
}

const struct feed_format feed_friendsofphp = {
	.name = "friendsofphp",
	.title = "FriendsOfPHP security advisories",
	.licence = "Unlicense",
	.wants = wants,
	.import = import,
};
