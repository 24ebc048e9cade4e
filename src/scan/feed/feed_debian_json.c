/* Debian's security tracker as one JSON document (security-tracker.debian.org/tracker/data/json): source package to CVE
 * to release. It is tens of megabytes; packages are parsed one at a time. */
#include "codec/json_slice.h"
#include "scan/feed/delivery.h"
#include "scan/feed/ecosystem.h"
#include "scan/feed/formats.h"
#include "scan/feed/ids.h"

#define PACKAGE_BUDGET_BYTES (256u << 20)

static bool wants(str path, str head)
{
	return (str_ends(path, S(".json")) || str_ends(path, S("data/json"))) &&
	       feed_head_has(head, "\"releases\"") && feed_head_has(head, "\"repositories\"");
}

static enum fix_state state_of(const struct value *release)
{
	str status = value_get_str(release, "status"), why = value_get_str(release, "nodsa_reason");

	if (str_is(status, "resolved"))
		return FIX_FIXED;
	if (str_is(status, "undetermined"))
		return FIX_INVESTIGATING;
	if (str_is(why, "postponed"))
		return FIX_DEFERRED;
	if (str_is(value_get_str(release, "urgency"), "end-of-life"))
		return FIX_END_OF_LIFE;
	return value_get(release, "nodsa") ? FIX_WILL_NOT_FIX : FIX_AFFECTED;
}

static int import_release(const struct delivery *d, struct claim c, str codename,
			  const struct value *release)
{
	c.namespace = ecosystem_of_codename("debian", codename, d->arena);
	if (c.namespace.n == 0) {
		delivery_unreadable(d, c.vulnerability, "release '%.*s' is not known",
				    STR_ARG(codename));
		return 0;
	}
	c.severity = severity_find(value_get_str(release, "urgency"));
	c.state = state_of(release);
	c.basis = c.state == FIX_FIXED ? CLAIM_STATED : CLAIM_NOTED;
	c.fixed = value_get_str(release, "fixed_version");
	/* "0": no version of this release ever had the flaw. */
	if (c.state == FIX_FIXED && str_is(c.fixed, "0")) {
		c.state = FIX_NOT_AFFECTED;
		c.fixed = (str){ 0 };
	} else if (c.state == FIX_FIXED && c.fixed.n == 0) {
		delivery_unreadable(d, c.vulnerability, "resolved in '%.*s' without a version",
				    STR_ARG(codename));
		return 0;
	}
	return delivery_claim(d, &c);
}

static int import_flaw(const struct delivery *d, str package, const struct value_member *flaw)
{
	struct claim c = { .package = package, .vulnerability = flaw->key };
	struct vulnerability f = DELIVERY_FACT;
	int r;

	VALUE_MEMBERS (release, value_get(&flaw->value, "releases")) {
		r = import_release(d, c, release->key, &release->value);
		if (r < 0)
			return r;
	}
	f.id = flaw->key;
	f.description = value_get_str(&flaw->value, "description");
	return f.description.n && ids_is_cve(f.id) ? delivery_fact(d, &f) : 0;
}

static int import_package(const struct delivery *d, str package, str text)
{
	struct value flaws;
	int r = delivery_json(d, package, text, &flaws);

	if (r <= 0)
		return r;
	VALUE_MEMBERS (flaw, &flaws) {
		r = import_flaw(d, package, flaw);
		if (r < 0)
			return r;
	}
	return 0;
}

static int import(str path, str text, struct arena *a UNUSED, const struct feed_sink *sink,
		  struct err *e)
{
	struct arena packages;
	struct delivery d = { path, S("debian-tracker"), &packages, sink, e };
	struct json_slice s;
	struct err why = { 0 };
	str package, flaws;
	int r = json_slice_open(text, &s, &why);

	while (r == 0 && (r = json_slice_next(&s, &package, &flaws, &why)) > 0) {
		arena_init(&packages, PACKAGE_BUDGET_BYTES);
		r = import_package(&d, package, flaws);
		arena_done(&packages);
		if (r < 0)
			return r;
	}
	if (r < 0)
		delivery_unreadable(&d, (str){ 0 }, "%s", why.text);
	return 0;
}

const struct feed_format feed_debian_json = {
	.name = "debian-json",
	.title = "Debian security tracker as JSON",
	.licence = "MIT (security-tracker)",
	.wants = wants,
	.import = import,
};
