/* Arch Linux security tracker: all.json (an array) and one group a file. */
#include "scan/feed/delivery.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".json")) &&
	       (feed_path_has(path, "/arch-linux/") ||
		(feed_head_has(head, "\"AVG-") && feed_head_has(head, "\"packages\"")));
}

static enum fix_state state_of(str status)
{
	if (str_is(status, "Not affected"))
		return FIX_NOT_AFFECTED;
	return str_is(status, "Unknown") ? FIX_INVESTIGATING : FIX_AFFECTED;
}

static int import_group(const struct delivery *d, const struct value *v)
{
	struct claim c = { .namespace = S("arch"),
			   .advisory = value_get_str(v, "name"),
			   .fixed = value_get_str(v, "fixed"),
			   .severity = severity_find(value_get_str(v, "severity")) };

	c.state = c.fixed.n ? FIX_FIXED : state_of(value_get_str(v, "status"));
	if (!value_at(value_get(v, "packages"), 0) || !value_at(value_get(v, "issues"), 0)) {
		delivery_unreadable(d, c.advisory, "names no package or no issue");
		return 0;
	}
	VALUE_EACH (package, value_get(v, "packages")) {
		VALUE_EACH (issue, value_get(v, "issues")) {
			int r;

			c.package = value_str(package);
			c.vulnerability = value_str(issue);
			r = delivery_claim(d, &c);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	struct delivery d = { path, S("arch-tracker"), a, sink, e };
	struct value doc;
	int r = delivery_json(&d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	if (doc.kind != VALUE_ARRAY)
		return import_group(&d, &doc);
	VALUE_EACH (v, &doc) {
		r = import_group(&d, v);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct feed_format feed_arch = {
	.name = "arch-tracker",
	.title = "Arch Linux security tracker",
	.licence = "MIT",
	.wants = wants,
	.import = import,
};
