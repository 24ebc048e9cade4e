/* SUSE's advisories in CVRF 1.1: the XML, and JSON made of it. Everything needed stands in the product ids:
 * "SUSE Linux Enterprise Server 15 SP4:openssl-1_1-1.1.1l-150400.7.7.1". */
#include "codec/xml.h"
#include "scan/feed/ecosystem.h"
#include "scan/feed/errata.h"
#include "scan/feed/formats.h"

static bool wants(str path, str head)
{
	if (str_ends(path, S(".json")))
		return feed_path_has(path, "/cvrf/") ||
		       (feed_head_has(head, "\"Tracking\"") && feed_head_has(head, "\"SUSE-SU-"));
	return str_ends(path, S(".xml")) && feed_head_has(head, "cvrfdoc");
}

static int deliver_product(const struct delivery *d, struct claim c, str product)
{
	size_t at = str_find(product, ':');
	struct errata_package p;

	c.namespace = ecosystem_of_suse(str_take(product, at), d->arena);
	/* Products beside the distributions: managers, clouds, development kits. */
	if (c.namespace.n == 0) {
		delivery_pass_over(d);
		return 0;
	}
	if (!errata_split_nevra(str_skip(product, at + 1), false, &p)) {
		delivery_unreadable(d, c.advisory, "'%.*s' is no name-version-release",
				    STR_ARG(product));
		return 0;
	}
	c.package = p.name;
	c.fixed = errata_evr(d->arena, &p);
	return delivery_claim(d, &c);
}

static int import_vulnerability(const struct delivery *d, struct claim c, const struct value *v)
{
	struct vulnerability f = DELIVERY_FACT;

	c.vulnerability = value_get_str(v, "CVE");
	VALUE_EACH (threat, value_get(v, "Threats")) {
		c.severity = severity_find(value_get_str(threat, "Severity"));
	}
	VALUE_EACH (status, value_get(v, "ProductStatuses")) {
		bool fixed = str_is(value_get_str(status, "Type"), "Fixed");

		VALUE_EACH (product, fixed ? value_get(status, "ProductID") : NULL) {
			int r = deliver_product(d, c, value_str(product));

			if (r < 0)
				return r;
		}
	}
	f.id = c.vulnerability;
	f.description = value_get_str(v, "Description");
	return delivery_fact(d, &f);
}

static int import_json(const struct delivery *d, str text)
{
	struct claim c = { .state = FIX_FIXED };
	struct value doc;
	int r = delivery_json(d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	c.advisory = value_str(value_path(&doc, "Tracking.ID"));
	delivery_as_of(d, value_str(value_path(&doc, "Tracking.CurrentReleaseDate")));
	if (c.advisory.n == 0)
		delivery_unreadable(d, (str){ 0 }, "an advisory without an id");
	VALUE_EACH (v, value_get(&doc, "Vulnerabilities")) {
		r = import_vulnerability(d, c, v);
		if (r < 0)
			return r;
	}
	return 0;
}

struct reader {
	const struct delivery *d;
	struct claim claim;
	struct ids products; /* of the vulnerability being read */
	bool in_tracking, in_vulnerability, in_threat, in_fixed;
};

static int flush(struct reader *r)
{
	for (size_t i = 0; i < r->products.count; i++) {
		int e = deliver_product(r->d, r->claim, r->products.items[i]);

		if (e < 0)
			return e;
	}
	r->products = (struct ids){ .arena = r->d->arena };
	r->claim.vulnerability = (str){ 0 };
	r->claim.severity = SEVERITY_UNKNOWN;
	return 0;
}

static int on_open(void *ctx, const struct xml_element *el, struct err *e UNUSED)
{
	struct reader *r = ctx;

	if (str_is(el->name, "Identification"))
		r->in_tracking = true;
	else if (str_is(el->name, "Vulnerability"))
		r->in_vulnerability = true;
	else if (str_is(el->name, "Threat"))
		r->in_threat = str_is(xml_attribute(el, "Type"), "Impact");
	else if (str_is(el->name, "Status"))
		r->in_fixed = str_is(xml_attribute(el, "Type"), "Fixed");
	return 0;
}

static int on_close(void *ctx, str name, str text, struct err *e UNUSED)
{
	struct reader *r = ctx;
	struct arena *a = r->d->arena;

	if (str_is(name, "Identification"))
		r->in_tracking = false;
	else if (str_is(name, "ID") && r->in_tracking)
		r->claim.advisory = arena_str(a, text);
	else if (str_is(name, "CurrentReleaseDate"))
		delivery_as_of(r->d, text);
	else if (str_is(name, "CVE") && r->in_vulnerability)
		r->claim.vulnerability = arena_str(a, text);
	else if (str_is(name, "Description") && r->in_threat)
		r->claim.severity = severity_find(text);
	else if (str_is(name, "Threat"))
		r->in_threat = false;
	else if (str_is(name, "ProductID") && r->in_fixed)
		return ids_add(&r->products, arena_str(a, text)) < 0 ? delivery_spent(r->d) : 0;
	else if (str_is(name, "Vulnerability"))
		return flush(r);
	return 0;
}

static int import_xml(const struct delivery *d, str text)
{
	struct reader r = { .d = d,
			    .claim = { .state = FIX_FIXED },
			    .products = { .arena = d->arena } };
	const struct xml_handler h = { &r, on_open, on_close };
	struct err why = { 0 };
	int code = xml_parse(text, &h, &why);

	if (code == -EBADMSG || code == -E2BIG) {
		delivery_unreadable(d, r.claim.advisory, "%s", why.text);
		return 0;
	}
	if (code < 0)
		return err_set(d->e, -code, "%s", why.text);
	return 0;
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	size_t passed_over = 0;
	struct delivery d = { path, S("suse-cvrf"), a, sink, e, &passed_over };
	int r = str_ends(path, S(".json")) ? import_json(&d, text) : import_xml(&d, text);

	delivery_tell_passed_over(&d, "packages of products beside the distributions");
	return r;
}

const struct feed_format feed_cvrf = {
	.name = "suse-cvrf",
	.title = "SUSE and openSUSE advisories in CVRF",
	.licence = "CC-BY-4.0 (older ones CC-BY-NC-4.0)",
	.wants = wants,
	.import = import,
};
