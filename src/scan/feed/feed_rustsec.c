#include "codec/toml.h"
#include "scan/feed/delivery.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"
#include "scan/feed/interval.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".md")) && str_starts(head, S("```toml")) &&
	       feed_head_has(head, "[advisory]");
}

/* The advisory is TOML between the first two fences, its text the Markdown below: "# title", then the description. */
static bool split(str text, str *ret_toml, str *ret_markdown)
{
	size_t end;

	text = str_skip(text, strlen("```toml"));
	end = str_search(text, S("\n```"));
	*ret_toml = str_take(text, end);
	*ret_markdown = str_trim(str_skip(text, end + 4));
	return end < text.n;
}

static int emit_fact(const struct delivery *d, const struct value *advisory, str id, str markdown)
{
	struct vulnerability f = DELIVERY_FACT;
	str title = str_line(&markdown);

	while (str_starts(title, S("#")))
		title = str_skip(title, 1);
	f.id = id;
	f.title = str_trim(title);
	f.description = str_trim(markdown);
	f.published = value_get_str(advisory, "date");
	f.references = value_get_str(advisory, "url");
	f.aliases = value_get_str(advisory, "id");
	delivery_cvss(&f, S("rustsec"), value_get_str(advisory, "cvss"), -1);
	return delivery_fact(d, &f);
}

static int import_advisory(const struct delivery *d, const struct value *doc, str markdown)
{
	const struct value *advisory = value_get(doc, "advisory");
	struct claim c = { .namespace = S("cargo"),
			   .package = value_get_str(advisory, "package"),
			   .advisory = value_get_str(advisory, "id") };
	struct ids names = { .arena = d->arena };
	struct intervals affected = { .arena = d->arena, .scheme = VERSION_SEMVER };
	struct err why = { 0 };
	int r;

	delivery_as_of(d, value_get_str(advisory, "date"));
	if (value_get(advisory, "withdrawn"))
		return 0;
	if (ids_scan_array(&names, value_get(advisory, "aliases")) < 0 ||
	    (names.count == 0 && ids_add(&names, c.advisory) < 0))
		return delivery_spent(d);
	r = intervals_leave_out(&affected, value_path(doc, "versions.patched"),
				value_path(doc, "versions.unaffected"), &why);
	if (r == -ENOBUFS)
		return delivery_spent(d);
	if (r < 0) {
		delivery_unreadable(d, c.advisory, "%s", why.text);
		return 0;
	}
	/* "unmaintained" and "notice" tell of the project, not of a flaw. */
	if (str_is(value_get_str(advisory, "informational"), "unmaintained") ||
	    str_is(value_get_str(advisory, "informational"), "notice"))
		c.severity = SEVERITY_NEGLIGIBLE;
	for (size_t i = 0; i < names.count; i++) {
		c.vulnerability = names.items[i];
		r = intervals_deliver(&affected, d, &c);
		if (r == 0 && c.vulnerability.n)
			r = emit_fact(d, advisory, c.vulnerability, markdown);
		if (r < 0)
			return r;
	}
	return 0;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("rustsec"), a, sink, e };
	struct err why = { 0 };
	struct value doc;
	str toml, markdown;
	int r;

	if (!split(text, &toml, &markdown)) {
		delivery_unreadable(&d, (str){ 0 }, "its TOML part does not end");
		return 0;
	}
	r = toml_parse(toml, a, &doc, &why);
	if (r == -ENOBUFS)
		return delivery_spent(&d);
	if (r < 0) {
		delivery_unreadable(&d, (str){ 0 }, "%s", why.text);
		return 0;
	}
	return import_advisory(&d, &doc, markdown);
}

const struct feed_format feed_rustsec = {
	.name = "rustsec",
	.title = "RustSec advisory database",
	.licence = "CC0-1.0",
	.wants = wants,
	.import = import,
};
