#include "scan/feed/oval.h"

#include "scan/feed/claim_fold.h"
#include "scan/feed/ecosystem.h"
#include "scan/feed/errata.h"
#include "scan/vuln/redhat_cpe.h"

static bool has(str s, const char *part)
{
	return str_search(s, str_from(part)) < s.n;
}

static str between(str s, const char *before, const char *after)
{
	size_t from = str_search(s, str_from(before));
	str rest = str_skip(s, from + strlen(before));
	size_t to = str_search(rest, str_from(after));

	return from < s.n && to < rest.n ? str_take(rest, to) : (str){ 0 };
}

static bool is_platform(str s)
{
	return str_starts(s, S("Red Hat Enterprise Linux ")) || str_starts(s, S("Oracle Linux ")) ||
	       str_starts(s, S("Photon ")) || str_starts(s, S("SUSE L")) ||
	       str_starts(s, S("openSUSE "));
}

struct oval_leaf *oval_add_leaf(struct arena *a, struct oval_definition *def,
				struct oval_criteria *criteria, str comment)
{
	struct oval_leaf *leaf = ARENA_NEW(a, struct oval_leaf);

	if (!leaf)
		return NULL;
	leaf->criteria = criteria;
	leaf->comment = comment;
	if (str_starts(comment, S("Module ")) && has(comment, " is enabled"))
		criteria->module = between(comment, "Module ", " is enabled");
	if (has(comment, " arch is "))
		criteria->arch = str_skip(comment, str_search(comment, S(" arch is ")) + 9);
	if (has(comment, " is ksplice-based"))
		criteria->flavour = S("ksplice");
	if (has(comment, " is fips patched"))
		criteria->flavour = S("fips");
	if (is_platform(comment) && has(comment, " is installed"))
		criteria->platform = str_take(comment, str_search(comment, S(" is installed")));
	if (def->last)
		def->last->next = leaf;
	else
		def->first = leaf;
	def->last = leaf;
	return leaf;
}

int oval_add_reference(struct oval_definition *def, str id)
{
	static const char *const advisories[] = { "RHSA-", "RHBA-", "RHEA-",     "ELSA-",
						  "ELBA-", "SUSE-", "openSUSE-", "PHSA-" };

	for (size_t i = 0; i < ARRAY_LEN(advisories); i++)
		if (str_starts(id, str_from(advisories[i])))
			def->advisory = id;
	return ids_scan(&def->cves, id);
}

int oval_add_product(struct arena *a, struct oval_definition *def, str cpe)
{
	struct redhat_cpe c;

	cpe = str_trim(cpe);
	if (!redhat_cpe_parse(cpe, &c))
		return 0;
	return claim_fold_word(a, &def->products, cpe);
}

void oval_resolve(const struct map *parts, struct oval_leaf *leaf)
{
	const struct oval_part *test = map_find(parts, leaf->test);
	const struct oval_part *object = test ? map_find(parts, test->object) : NULL;
	const struct oval_part *state = test ? map_find(parts, test->state) : NULL;

	if (!object)
		return;
	leaf->package = object->name;
	if (state) {
		leaf->evr = state->evr;
		leaf->operation = state->operation;
		leaf->arch = state->arch;
	}
}

static str trailing_number(str s)
{
	str number = str_skip(s, str_find_last(s, ' ') + 1);

	return number.n && *number.p >= '0' && *number.p <= '9' ? number : (str){ 0 };
}

static str release_after(str s, const char *mark)
{
	size_t at = str_search(s, str_from(mark)), n = 0;

	s = str_skip(s, at + strlen(mark));
	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return str_take(s, n);
}

/* An advisory may serve several releases, each in a branch of its own. */
static str platform_of(const struct oval_definition *def, const struct oval_leaf *leaf)
{
	for (const struct oval_criteria *at = leaf->criteria; at; at = at->parent)
		if (at->platform.n)
			return at->platform;
	return def->platform;
}

static str namespace_of(struct arena *a, const struct oval_definition *def,
			const struct oval_leaf *leaf, str evr)
{
	str platform = platform_of(def, leaf), number = trailing_number(platform);

	if (def->namespace.n)
		return def->namespace;
	/* Microsoft names no release in its platform, but in each package's: "1.2-1.azl3", "1.2-1.cm2". */
	number = str_take(number, str_find(number, '.'));
	if (release_after(evr, ".azl").n)
		return arena_printf(a, "azurelinux:%.*s.0", STR_ARG(release_after(evr, ".azl")));
	if (release_after(evr, ".cm").n)
		return arena_printf(a, "mariner:%.*s.0", STR_ARG(release_after(evr, ".cm")));
	if (str_starts(platform, S("Red Hat Enterprise Linux ")) && number.n)
		return arena_printf(a, "rhel:%.*s", STR_ARG(number));
	if (str_starts(platform, S("Oracle Linux ")) && number.n)
		return arena_printf(a, "oracle:%.*s", STR_ARG(number));
	if (str_starts(platform, S("Photon ")) && number.n)
		return arena_printf(a, "photon:%.*s.0", STR_ARG(number));
	return ecosystem_of_suse(platform, a);
}

static enum fix_state state_of(const struct oval_definition *def)
{
	static const struct {
		const char *word;
		enum fix_state state;
	} states[] = {
		{ "Will not fix", FIX_WILL_NOT_FIX },
		{ "Fix deferred", FIX_DEFERRED },
		{ "Out of support scope", FIX_END_OF_LIFE },
		{ "Under investigation", FIX_INVESTIGATING },
	};

	if (def->unaffected)
		return FIX_NOT_AFFECTED;
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (str_is(def->state, states[i].word))
			return states[i].state;
	return FIX_AFFECTED;
}

/* "aarch64|ppc64le|x86_64" and "(x86_64)" to words. */
static str words_of(struct arena *a, str arch)
{
	OWNED_BUF b = BUF_INIT;

	if (str_find(arch, '|') == arch.n && str_find(arch, '(') == arch.n)
		return arch;
	for (size_t i = 0; i < arch.n; i++) {
		if (arch.p[i] == '|')
			buf_byte(&b, ' ');
		else if (arch.p[i] != '(' && arch.p[i] != ')')
			buf_byte(&b, arch.p[i]);
	}
	return buf_error(&b) ? (str){ 0 } : arena_str(a, buf_str(&b));
}

enum meaning { MEANS_NOTHING, MEANS_BELOW, MEANS_UPTO, MEANS_INSTALLED, MEANS_FROM };

/* What the leaf says of which package: from its resolved test, else from its comment. */
static enum meaning meaning_of(const struct oval_leaf *leaf, str *ret_package, str *ret_evr)
{
	static const char *const below[] = { " is earlier than ", " is less than ", " less than " };
	str c = leaf->comment, name;

	if (leaf->package.n && leaf->evr.n) {
		*ret_package = leaf->package;
		*ret_evr = leaf->evr;
		if (str_is(leaf->operation, "less than"))
			return MEANS_BELOW;
		if (str_is(leaf->operation, "less than or equal"))
			return MEANS_UPTO;
		return str_starts(leaf->operation, S("greater than")) ? MEANS_FROM : MEANS_NOTHING;
	}
	name = str_starts(c, S("Package ")) ? str_skip(c, strlen("Package ")) : c;
	for (size_t i = 0; i < ARRAY_LEN(below); i++) {
		size_t at = str_search(name, str_from(below[i]));

		if (at == name.n)
			continue;
		*ret_package = str_take(name, at);
		*ret_evr = str_skip(name, at + strlen(below[i]));
		*ret_evr =
			str_take(*ret_evr, MIN(str_find(*ret_evr, ','), str_find(*ret_evr, ' ')));
		return MEANS_BELOW;
	}
	*ret_evr = between(name, " is installed with version ", " or earlier");
	if (ret_evr->n) {
		*ret_package = str_take(name, str_search(name, S(" is installed")));
		return MEANS_UPTO;
	}
	if (str_ends(c, S(" is installed")) && !is_platform(c)) {
		*ret_package = str_take(c, c.n - strlen(" is installed"));
		*ret_evr = (str){ 0 };
		return MEANS_INSTALLED;
	}
	return MEANS_NOTHING;
}

static void inherit(const struct oval_leaf *leaf, struct claim *c, str *ret_flavour)
{
	for (const struct oval_criteria *at = leaf->criteria; at; at = at->parent) {
		if (!c->module.n)
			c->module = at->module;
		if (!c->arch.n)
			c->arch = at->arch;
		if (at->flavour.n)
			*ret_flavour = at->flavour;
	}
}

/* Matching tells builds of a flavour by their versions. */
static bool shows_flavour(str evr, str flavour)
{
	if (str_is(flavour, "ksplice"))
		return has(evr, ".ksplice");
	return flavour.n == 0 || has(evr, ".fips") || has(evr, "_fips");
}

static int deliver_leaf(const struct delivery *d, const struct oval_definition *def,
			const struct oval_leaf *leaf, size_t *delivered)
{
	struct claim c = { .advisory = def->advisory, .severity = severity_find(def->severity) };
	str evr = { 0 }, flavour = { 0 };
	enum meaning m = meaning_of(leaf, &c.package, &evr);
	int r = 0;

	/* "greater than 0.0.0" beside "less than X" only says that the package is there. */
	if (m == MEANS_NOTHING || m == MEANS_FROM || has(c.package, "Enterprise Linux") ||
	    has(c.package, "Red Hat CoreOS"))
		return 0;
	c.arch = words_of(d->arena, leaf->arch);
	inherit(leaf, &c, &flavour);
	++*delivered;
	if (!shows_flavour(evr, flavour)) {
		delivery_pass_over(d);
		return 0;
	}
	if (str_starts(evr, S("0:")))
		evr = str_skip(evr, 2);
	c.state = m == MEANS_BELOW ? FIX_FIXED : state_of(def);
	c.fixed = m == MEANS_BELOW ? evr : (str){ 0 };
	c.last_affected = m == MEANS_UPTO ? evr : (str){ 0 };
	c.namespace = namespace_of(d->arena, def, leaf, evr);
	if (str_starts(c.namespace, S("rhel:")))
		c.products = def->products;
	for (size_t i = 0; i < MAX(def->cves.count, 1) && r == 0; i++) {
		c.vulnerability = i < def->cves.count ? def->cves.items[i] : def->advisory;
		r = delivery_claim(d, &c);
	}
	return r;
}

static int deliver_fact(const struct delivery *d, const struct oval_definition *def)
{
	struct vulnerability f = DELIVERY_FACT;

	/* An advisory's text is no fact about each of the flaws it fixes. */
	if (def->cves.count != 1 || def->advisory.n || def->unaffected)
		return 0;
	f.id = def->cves.items[0];
	f.title = def->title;
	f.description = def->description;
	f.severity = severity_find(def->severity);
	f.published = def->published;
	return delivery_fact(d, &f);
}

int oval_deliver(const struct delivery *d, const struct oval_definition *def)
{
	size_t delivered = 0;

	delivery_as_of(d, def->published);
	for (const struct oval_leaf *leaf = def->first; leaf; leaf = leaf->next) {
		int r = deliver_leaf(d, def, leaf, &delivered);

		if (r < 0)
			return r;
	}
	if (delivered == 0 && !def->unaffected) {
		delivery_unreadable(d, def->advisory.n ? def->advisory : def->id,
				    "names no package with a version or a state");
		return 0;
	}
	return deliver_fact(d, def);
}
