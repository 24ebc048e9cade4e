#include "scan/feed/errata.h"

static size_t digits(str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

/* What follows "el" or "amzn" in a release, up to the last digit. */
static str release_number(str release, const char *mark)
{
	size_t at = str_search(release, str_from(mark));
	str number = str_skip(release, at + strlen(mark));

	return at < release.n ? str_take(number, digits(number)) : (str){ 0 };
}

static str namespace_of(struct arena *a, str id, str release)
{
	static const struct {
		const char *id, *prefix;
	} vendors[] = {
		{ "ALSA-", "almalinux" }, { "ALBA-", "almalinux" }, { "ALEA-", "almalinux" },
		{ "RLSA-", "rocky" },     { "RLBA-", "rocky" },     { "RLEA-", "rocky" },
		{ "RXSA-", "rocky" },     { "RHSA-", "rhel" },      { "ELSA-", "oracle" },
	};

	if (str_starts(id, S("ALAS"))) {
		str year = release_number(release, "amzn");

		return year.n ? arena_printf(a, "amazon:%.*s", STR_ARG(year)) : (str){ 0 };
	}
	for (size_t i = 0; i < ARRAY_LEN(vendors); i++) {
		str major = release_number(release, "el");

		if (str_starts(id, str_from(vendors[i].id)) && major.n)
			return arena_printf(a, "%s:%.*s", vendors[i].prefix, STR_ARG(major));
	}
	return (str){ 0 };
}

str errata_evr(struct arena *a, const struct errata_package *p)
{
	bool epoch = p->epoch.n && !str_is(p->epoch, "0");

	return arena_printf(a, "%.*s%s%.*s%s%.*s", STR_ARG(epoch ? p->epoch : S("")),
			    epoch ? ":" : "", STR_ARG(p->version), p->release.n ? "-" : "",
			    STR_ARG(p->release));
}

static bool is_debug(str name)
{
	return str_ends(name, S("-debuginfo")) || str_ends(name, S("-debugsource"));
}

int errata_deliver(const struct delivery *d, const struct errata *x, const struct errata_package *p)
{
	struct claim c = { .package = p->name,
			   .advisory = x->id,
			   .module = x->module,
			   .state = FIX_FIXED,
			   .severity = x->severity };
	int r = 0;

	if (is_debug(p->name))
		return 0;
	if (p->version.n == 0) {
		delivery_unreadable(d, x->id, "package '%.*s' has no version", STR_ARG(p->name));
		return 0;
	}
	c.namespace = namespace_of(d->arena, x->id, p->release);
	c.fixed = errata_evr(d->arena, p);
	if (!c.fixed.p)
		return delivery_spent(d);
	c.arch = str_is(p->arch, "noarch") ? (str){ 0 } : p->arch;
	c.vulnerability = x->id;
	if (x->cves.count == 0)
		return delivery_claim(d, &c);
	for (size_t i = 0; i < x->cves.count && r == 0; i++) {
		c.vulnerability = x->cves.items[i];
		r = delivery_claim(d, &c);
	}
	return r;
}

bool errata_split_nevra(str nevra, bool with_arch, struct errata_package *ret)
{
	struct errata_package p = { 0 };
	size_t at;

	if (with_arch) {
		at = str_find_last(nevra, '.');
		p.arch = str_skip(nevra, at + 1);
		nevra = str_take(nevra, at);
	}
	at = str_find_last(nevra, '-');
	if (at == nevra.n)
		return false;
	p.release = str_skip(nevra, at + 1);
	nevra = str_take(nevra, at);
	at = str_find_last(nevra, '-');
	if (at == nevra.n)
		return false;
	p.version = str_skip(nevra, at + 1);
	p.name = str_take(nevra, at);
	at = str_find(p.version, ':');
	if (at < p.version.n) {
		p.epoch = str_take(p.version, at);
		p.version = str_skip(p.version, at + 1);
	}
	if (p.name.n == 0 || p.version.n == 0 || p.release.n == 0)
		return false;
	*ret = p;
	return true;
}
