/* CSAF 2.0 documents (docs.oasis-open.org/csaf): Red Hat's VEX files and advisories, SUSE's advisories. Products are
 * "component of platform" relationships; each vulnerability lists them under product_status and remediations. */
#include "base/map.h"
#include "codec/purl.h"
#include "scan/feed/claim_fold.h"
#include "scan/feed/csaf_state.h"
#include "scan/feed/ecosystem.h"
#include "scan/feed/errata.h"
#include "scan/feed/formats.h"
#include "scan/vuln/redhat_cpe.h"

#define MAX_BRANCHES 2000000

static bool wants(str path, str head)
{
	return str_ends(path, S(".json")) &&
	       (feed_head_has(head, "\"csaf_version\"") || feed_path_has(path, "/csaf-vex/"));
}

/* A product as the tree names it: a package has a purl, a platform a CPE or only its name. */
struct product {
	str id, purl, cpe, name;
	const struct product *component, *platform; /* of a relationship */
};

/* What a vulnerability says of one product. */
struct verdict {
	const struct product *product;
	enum fix_state state;
	enum severity severity;
	str advisory;
};

struct reader {
	const struct delivery *d;
	struct map products;
	str advisory; /* of an advisory document; empty for VEX */
};

static int add_product(struct reader *r, const struct value *v)
{
	const struct value *aid = value_get(v, "product_identification_helper");
	struct product *p;
	void **at;

	if (value_get_str(v, "product_id").n == 0)
		return 0;
	p = ARENA_NEW(r->d->arena, struct product);
	at = p ? map_at(&r->products, value_get_str(v, "product_id")) : NULL;
	if (!at)
		return delivery_spent(r->d);
	*p = (struct product){ .id = value_get_str(v, "product_id"),
			       .purl = value_get_str(aid, "purl"),
			       .cpe = value_get_str(aid, "cpe"),
			       .name = value_get_str(v, "name") };
	*at = p;
	return 0;
}

/* Branches are walked without recursion. */
static int read_branches(struct reader *r, const struct value *root)
{
	const struct value **stack = NULL;
	size_t count = 0, cap = 0, seen = 0;
	const struct value **top = ARENA_PUSH(r->d->arena, stack, count, cap);

	if (!top)
		return delivery_spent(r->d);
	*top = root;
	while (count) {
		const struct value *v = stack[--count];
		int e = add_product(r, value_get(v, "product"));

		if (e < 0)
			return e;
		VALUE_EACH (child, value_get(v, "branches")) {
			if (++seen > MAX_BRANCHES)
				break;
			top = ARENA_PUSH(r->d->arena, stack, count, cap);
			if (!top)
				return delivery_spent(r->d);
			*top = child;
		}
	}
	return 0;
}

static int read_tree(struct reader *r, const struct value *tree)
{
	int e = read_branches(r, tree);

	VALUE_EACH (v, value_get(tree, "relationships")) {
		const struct product *component =
			map_find(&r->products, value_get_str(v, "product_reference"));
		const struct product *platform =
			map_find(&r->products, value_get_str(v, "relates_to_product_reference"));
		struct product *p;

		e = e ? e : add_product(r, value_get(v, "full_product_name"));
		if (e < 0)
			return e;
		p = map_find(&r->products,
			     value_get_str(value_get(v, "full_product_name"), "product_id"));
		if (p) {
			p->component = component;
			p->platform = platform;
		}
	}
	return e;
}

/* Red Hat's platforms are products with a CPE, SUSE's have a name. */
static str namespace_of(struct arena *a, const struct product *platform, str *ret_cpe)
{
	struct redhat_cpe c;

	if (!redhat_cpe_parse(platform->cpe, &c))
		return ecosystem_of_suse(platform->name, a);
	*ret_cpe = platform->cpe;
	return redhat_cpe_namespace(platform->cpe, a);
}

/* Name, version, architecture and module of a component, from its purl, else from "name-version-release.arch". */
static bool package_of(struct arena *a, const struct product *component, struct errata_package *ret,
		       str *ret_module)
{
	struct purl p;
	size_t at;

	*ret_module = (str){ 0 };
	if (component->purl.n == 0)
		return errata_split_nevra(component->id, true, ret);
	if (purl_parse(component->purl, a, &p, NULL) < 0 || !str_is(p.type, "rpm"))
		return false;
	at = str_find_last(p.version, '-');
	*ret = (struct errata_package){ .name = p.name,
					.epoch = purl_get(&p, "epoch"),
					.version = str_take(p.version, at),
					.release = str_skip(p.version, at + 1),
					.arch = purl_get(&p, "arch") };
	/* "nodejs:12:8100020240612075645:489197e6" */
	*ret_module = purl_get(&p, "rpmmod");
	at = str_find(*ret_module, ':');
	at += at < ret_module->n ? 1 + str_find(str_skip(*ret_module, at + 1), ':') : 0;
	*ret_module = str_take(*ret_module, at);
	return true;
}

static int deliver_verdict(const struct reader *r, str cve, const struct verdict *x,
			   struct claim_fold *claims)
{
	const struct product *p = x->product;
	struct errata_package package;
	struct claim c = { .vulnerability = cve,
			   .advisory = x->advisory.n ? x->advisory : r->advisory,
			   .state = x->state,
			   .severity = x->severity };

	/* What is no package on a platform is an image or a service. */
	if (p->component && p->platform &&
	    package_of(r->d->arena, p->component, &package, &c.module))
		c.namespace = namespace_of(r->d->arena, p->platform, &c.products);
	if (c.namespace.n == 0) {
		delivery_pass_over(r->d);
		return 0;
	}
	c.package = package.name;
	if (c.state == FIX_FIXED) {
		/* Binary packages stand beside their source. */
		if (str_is(package.arch, "src"))
			return 0;
		if (package.version.n == 0) {
			delivery_unreadable(r->d, cve, "'%.*s' is fixed without a version",
					    STR_ARG(p->id));
			return 0;
		}
		c.fixed = errata_evr(r->d->arena, &package);
	}
	if (!str_is(package.arch, "src") && !str_is(package.arch, "noarch"))
		c.arch = package.arch;
	return claim_fold_add(claims, &c);
}

struct verdicts {
	const struct reader *r;
	struct map by_product;
	struct verdict **items;
	size_t count, cap;
};

static struct verdict *verdict_at(struct verdicts *all, str product_id)
{
	const struct product *p = map_find(&all->r->products, product_id);
	void **at = p ? map_at(&all->by_product, product_id) : NULL;
	struct verdict **kept;

	if (!at)
		return NULL;
	if (*at)
		return *at;
	*at = ARENA_NEW(all->r->d->arena, struct verdict);
	kept = *at ? ARENA_PUSH(all->r->d->arena, all->items, all->count, all->cap) : NULL;
	if (!kept)
		return NULL;
	*kept = *at;
	**kept = (struct verdict){ .product = p, .state = FIX_STATE_COUNT };
	return *kept;
}

static void take_status(struct verdicts *all, const struct value *status)
{
	/* "known_not_affected" lists every other package of every product: nothing claims that those are affected. */
	static const struct {
		const char *name;
		enum fix_state state;
	} kinds[] = {
		{ "known_affected", FIX_AFFECTED }, { "under_investigation", FIX_INVESTIGATING },
		{ "recommended", FIX_FIXED },       { "fixed", FIX_FIXED },
		{ "first_fixed", FIX_FIXED },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		VALUE_EACH (id, value_get(status, kinds[i].name)) {
			struct verdict *x = verdict_at(all, value_str(id));

			if (x)
				x->state = kinds[i].state;
		}
	}
}

static void take_remediations(struct verdicts *all, const struct value *list)
{
	VALUE_EACH (remedy, list) {
		enum fix_state state = csaf_state_of(value_get_str(remedy, "category"),
						     value_get_str(remedy, "details"));
		str url = value_get_str(remedy, "url");
		str advisory = str_skip(url, str_find_last(url, '/') + 1);

		if (state == FIX_STATE_COUNT)
			continue;
		VALUE_EACH (id, value_get(remedy, "product_ids")) {
			struct verdict *x = verdict_at(all, value_str(id));

			if (!x)
				continue;
			x->state = state;
			if (str_starts(advisory, S("RHSA-")) || str_starts(advisory, S("RHBA-")))
				x->advisory = advisory;
		}
	}
}

static void take_threats(struct verdicts *all, const struct value *list)
{
	VALUE_EACH (threat, list) {
		enum severity s = severity_find(value_get_str(threat, "details"));

		if (!str_is(value_get_str(threat, "category"), "impact"))
			continue;
		for (size_t i = 0; i < all->count && !value_get(threat, "product_ids"); i++)
			all->items[i]->severity = s;
		VALUE_EACH (id, value_get(threat, "product_ids")) {
			struct verdict *x = map_find(&all->by_product, value_str(id));

			if (x)
				x->severity = s;
		}
	}
}

static int deliver_fact(const struct reader *r, const struct value *v, str cve)
{
	struct vulnerability f = DELIVERY_FACT;

	f.id = cve;
	f.title = value_get_str(v, "title");
	f.published = value_get_str(v, "release_date");
	f.cwes = value_get_str(value_get(v, "cwe"), "id");
	VALUE_EACH (note, value_get(v, "notes")) {
		if (str_is(value_get_str(note, "category"), "description"))
			f.description = value_get_str(note, "text");
	}
	VALUE_EACH (score, value_get(v, "scores")) {
		const struct value *v3 = value_get(score, "cvss_v3");

		delivery_cvss(&f, r->d->origin, value_get_str(v3, "vectorString"),
			      (float)value_num(value_get(v3, "baseScore"), -1));
	}
	return delivery_fact(r->d, &f);
}

static int import_vulnerability(const struct reader *r, const struct value *v)
{
	struct verdicts all = { .r = r, .by_product = map_in(r->d->arena) };
	struct claim_fold claims = claim_fold_in(r->d);
	str cve = value_get_str(v, "cve");
	int e = 0;

	if (cve.n == 0) {
		delivery_unreadable(r->d, r->advisory, "a vulnerability without a CVE id");
		return 0;
	}
	take_status(&all, value_get(v, "product_status"));
	take_remediations(&all, value_get(v, "remediations"));
	take_threats(&all, value_get(v, "threats"));
	for (size_t i = 0; i < all.count && e == 0; i++)
		e = deliver_verdict(r, cve, all.items[i], &claims);
	e = e ? e : claim_fold_deliver(&claims);
	return e ? e : deliver_fact(r, v, cve);
}

static int import(str path, str text, struct arena *a, const struct feed_sink *sink, struct err *e)
{
	size_t passed_over = 0;
	struct delivery d = { path, S("redhat-csaf"), a, sink, e, &passed_over };
	struct reader r = { .d = &d, .products = map_in(a) };
	struct value doc;
	str id;
	int code = delivery_json(&d, (str){ 0 }, text, &doc);

	if (code <= 0)
		return code;
	id = value_str(value_path(&doc, "document.tracking.id"));
	if (str_search(value_str(value_path(&doc, "document.publisher.name")), S("SUSE")) <
	    value_str(value_path(&doc, "document.publisher.name")).n)
		d.origin = S("suse-csaf");
	if (!ids_is_cve(id))
		r.advisory = id;
	delivery_as_of(&d, value_str(value_path(&doc, "document.tracking.current_release_date")));
	code = read_tree(&r, value_get(&doc, "product_tree"));
	if (code == 0 && !value_at(value_get(&doc, "vulnerabilities"), 0))
		delivery_unreadable(&d, id, "tells of no vulnerability");
	VALUE_EACH (v, value_get(&doc, "vulnerabilities")) {
		code = code ? code : import_vulnerability(&r, v);
	}
	delivery_tell_passed_over(
		&d, "statuses of images, or of products that tell no release of the system");
	return code;
}

const struct feed_format feed_csaf = {
	.name = "csaf",
	.title = "CSAF 2.0: Red Hat VEX and advisories, SUSE advisories",
	.licence = "CC-BY-4.0",
	.wants = wants,
	.import = import,
};
