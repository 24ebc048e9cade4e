#include "scan/feed/delivery.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"

static bool wants(str path, str head)
{
	static const char *const folders[] = { "/alpine/", "/wolfi/", "/chainguard/", "/minimos/" };
	bool json = str_ends(path, S(".json"));

	if (!json && !str_ends(path, S(".yaml")))
		return false;
	for (size_t i = 0; json && i < ARRAY_LEN(folders); i++)
		if (feed_path_has(path, folders[i]))
			return true;
	return feed_head_has(head, "apkurl") && feed_head_has(head, "reponame");
}

/* Wolfi, Chainguard and MinimOS have no releases; their files differ only in where packages come from. */
static str namespace_of(const struct delivery *d, const struct value *doc)
{
	str release = value_get_str(doc, "distroversion");
	str url = value_get_str(doc, "urlprefix"), repo = value_get_str(doc, "reponame");

	if (str_starts(release, S("edge")))
		return S("alpine:edge");
	if (release.n)
		return arena_printf(d->arena, "alpine:%.*s",
				    STR_ARG(str_skip(release, str_starts(release, S("v")))));
	if (str_is(repo, "chainguard") || str_search(url, S("cgr.dev")) < url.n)
		return S("chainguard");
	if (str_search(url, S("mini.dev")) < url.n)
		return S("minimos");
	if (str_search(url, S("wolfi.dev")) < url.n)
		return S("wolfi");
	return (str){ 0 };
}

static bool has_digit(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= '0' && s.p[i] <= '9')
			return true;
	return false;
}

/* Ids of other kinds ("XSA-284", "GHSA-...", "wnpa-sec-2017-18") in text such as "CVE-????-?????  XSA-284". */
static int scan_other(struct ids *set, str text)
{
	while (text.n) {
		str word = str_cut(&text, ' ');

		if (str_find(word, '-') < word.n && has_digit(word) &&
		    str_find(word, '(') == word.n && str_find(word, '?') == word.n &&
		    ids_add(set, word) < 0)
			return -ENOBUFS;
	}
	return 0;
}

static int import_id(const struct delivery *d, struct claim *c, str text)
{
	struct ids cves = { .arena = d->arena }, others = { .arena = d->arena };
	const struct ids *about = &cves;

	if (ids_scan(&cves, text) < 0 || scan_other(&others, text) < 0)
		return delivery_spent(d);
	if (cves.count == 0)
		about = &others;
	if (about->count == 0)
		delivery_unreadable(d, c->package, "'%.*s' holds no vulnerability id",
				    STR_ARG(text));
	for (size_t i = 0; i < about->count; i++) {
		int r;

		c->vulnerability = about->items[i];
		r = delivery_claim(d, c);
		if (r < 0)
			return r;
	}
	return 0;
}

static int import_fixes(const struct delivery *d, str namespace, const struct value *package)
{
	struct claim c = { .namespace = namespace, .package = value_get_str(package, "name") };

	VALUE_MEMBERS (m, value_get(package, "secfixes")) {
		bool never = str_is(m->key, "0");

		c.fixed = never ? (str){ 0 } : m->key;
		c.state = never ? FIX_NOT_AFFECTED : FIX_FIXED;
		if (m->value.kind != VALUE_ARRAY && m->value.kind != VALUE_NULL)
			delivery_unreadable(d, c.package, "the fixes of '%.*s' are no list",
					    STR_ARG(m->key));
		VALUE_EACH (id, &m->value) {
			int r = import_id(d, &c, value_str(id));

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("alpine-secdb"), a, sink, e };
	struct value doc;
	str namespace;
	int r = str_ends(path, S(".json")) ? delivery_json(&d, (str){ 0 }, text, &doc)
					   : delivery_yaml(&d, text, &doc);

	if (r <= 0)
		return r;
	namespace = namespace_of(&d, &doc);
	if (namespace.n == 0) {
		delivery_unreadable(&d, (str){ 0 }, "tells no release and no known repository");
		return 0;
	}
	if (!str_starts(namespace, S("alpine")))
		d.origin = S("wolfi-secdb");
	if (!value_get(&doc, "packages"))
		return import_fixes(&d, namespace, &doc);
	VALUE_EACH (item, value_get(&doc, "packages")) {
		const struct value *package = value_get(item, "pkg");

		r = import_fixes(&d, namespace, package ? package : item);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct feed_format feed_alpine = {
	.name = "alpine-secdb",
	.title = "Alpine, Wolfi, Chainguard and MinimOS security databases",
	.licence = "none stated (facts published by the distributions)",
	.wants = wants,
	.import = import,
};
