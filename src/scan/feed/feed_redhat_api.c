/* Red Hat's Security Data API, one CVE a file: `affected_release` (fixed packages with version) and `package_state`,
 * each an array or a single object. */
#include "scan/feed/delivery.h"
#include "scan/feed/errata.h"
#include "scan/feed/formats.h"
#include "scan/vuln/redhat_cpe.h"

static bool wants(str path, str head)
{
	return str_ends(path, S(".json")) && (feed_head_has(head, "\"threat_severity\"") ||
					      (feed_path_has(path, "/vuln-list-redhat/api/")));
}

/* By the CPE; older records have the plain product's name alone: "Red Hat Enterprise Linux 8". */
static str namespace_of(struct arena *a, const struct value *v, str *ret_cpe)
{
	str prefix = S("Red Hat Enterprise Linux "), cpe = value_get_str(v, "cpe");
	str product = value_get_str(v, "product_name"), major;
	struct redhat_cpe c;
	uint32_t number;

	if (redhat_cpe_parse(cpe, &c)) {
		*ret_cpe = cpe;
		return redhat_cpe_namespace(cpe, a);
	}
	if (!str_starts(product, prefix))
		return (str){ 0 };
	major = str_skip(product, prefix.n);
	return str_u32(major, &number) == 0 ? arena_printf(a, "rhel:%u", number) : (str){ 0 };
}

static enum fix_state state_of(str word)
{
	static const struct {
		const char *word;
		enum fix_state state;
	} states[] = {
		{ "Affected", FIX_AFFECTED },
		{ "New", FIX_INVESTIGATING },
		{ "Under investigation", FIX_INVESTIGATING },
		{ "Will not fix", FIX_WILL_NOT_FIX },
		{ "Fix deferred", FIX_DEFERRED },
		{ "Out of support scope", FIX_END_OF_LIFE },
		{ "Not affected", FIX_NOT_AFFECTED },
	};

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (str_is(word, states[i].word))
			return states[i].state;
	return FIX_STATE_COUNT;
}

static int import_release(const struct delivery *d, struct claim c, const struct value *v)
{
	str product = value_get_str(v, "product_name"), package = value_get_str(v, "package");
	struct errata_package p;

	if (v->kind != VALUE_OBJECT || product.n == 0 ||
	    value_get(v, "product_name")->kind != VALUE_STRING) {
		delivery_unreadable(d, c.vulnerability, "a fixed release without a product");
		return 0;
	}
	c.namespace = namespace_of(d->arena, v, &c.products);
	if (c.namespace.n == 0 || package.n == 0) {
		delivery_pass_over(d);
		return 0;
	}
	if (!errata_split_nevra(package, false, &p)) {
		delivery_unreadable(d, c.vulnerability, "'%.*s' is no name-version-release",
				    STR_ARG(package));
		return 0;
	}
	c.package = p.name;
	c.fixed = errata_evr(d->arena, &p);
	c.advisory = value_get_str(v, "advisory");
	c.state = FIX_FIXED;
	return delivery_claim(d, &c);
}

static int import_state(const struct delivery *d, struct claim c, const struct value *v)
{
	const struct value *product = value_get(v, "product_name");
	str word = value_get_str(v, "fix_state");

	if (!product || product->kind != VALUE_STRING) {
		delivery_unreadable(d, c.vulnerability, "a package state without a product");
		return 0;
	}
	c.namespace = namespace_of(d->arena, v, &c.products);
	if (c.namespace.n == 0) {
		delivery_pass_over(d);
		return 0;
	}
	c.package = value_get_str(v, "package_name");
	c.state = word.n ? state_of(word) : FIX_AFFECTED;
	if (c.state == FIX_STATE_COUNT) {
		delivery_unreadable(d, c.vulnerability, "unknown state '%.*s'", STR_ARG(word));
		return 0;
	}
	return delivery_claim(d, &c);
}

static int each(const struct delivery *d, struct claim c, const struct value *v,
		int (*import_one)(const struct delivery *, struct claim, const struct value *))
{
	if (!v || v->kind == VALUE_NULL)
		return 0;
	if (v->kind == VALUE_OBJECT)
		return import_one(d, c, v);
	if (v->kind != VALUE_ARRAY) {
		delivery_unreadable(d, c.vulnerability, "a list of packages is none");
		return 0;
	}
	VALUE_EACH (item, v) {
		int r = import_one(d, c, item);

		if (r < 0)
			return r;
	}
	return 0;
}

static int emit_fact(const struct delivery *d, const struct value *doc, const struct claim *c)
{
	const struct value *v3 = value_get(doc, "cvss3");
	struct vulnerability f = DELIVERY_FACT;

	f.id = c->vulnerability;
	f.title = str_trim(value_get_str(value_get(doc, "bugzilla"), "description"));
	f.published = value_get_str(doc, "public_date");
	f.severity = c->severity;
	delivery_cvss(&f, S("redhat"), value_get_str(v3, "cvss3_scoring_vector"), -1);
	return delivery_fact(d, &f);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	size_t passed_over = 0;
	struct delivery d = { path, S("redhat-api"), a, sink, e, &passed_over };
	struct claim c = { 0 };
	struct value doc;
	int r = delivery_json(&d, (str){ 0 }, text, &doc);

	if (r <= 0)
		return r;
	c.vulnerability = value_get_str(&doc, "name");
	c.severity = severity_find(value_get_str(&doc, "threat_severity"));
	if (c.vulnerability.n == 0) {
		delivery_unreadable(&d, (str){ 0 }, "names no CVE");
		return 0;
	}
	r = each(&d, c, value_get(&doc, "affected_release"), import_release);
	r = r ? r : each(&d, c, value_get(&doc, "package_state"), import_state);
	delivery_tell_passed_over(&d,
				  "entries about products that tell no release of the system, or "
				  "without a package");
	return r ? r : emit_fact(&d, &doc, &c);
}

const struct feed_format feed_redhat_api = {
	.name = "redhat-api",
	.title = "Red Hat Security Data API",
	.licence = "CC-BY-4.0",
	.wants = wants,
	.import = import,
};
