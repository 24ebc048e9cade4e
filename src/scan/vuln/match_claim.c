#include "scan/vuln/match_priv.h"

#include "base/word.h"

static bool same_arch(str a, str b)
{
	static const char *const names[][2] = { { "x86_64", "amd64" }, { "aarch64", "arm64" } };

	if (str_eq(a, b))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if ((str_is(a, names[i][0]) && str_is(b, names[i][1])) ||
		    (str_is(a, names[i][1]) && str_is(b, names[i][0])))
			return true;
	return false;
}

static bool arch_applies(str list, str arch)
{
	if (list.n == 0 || arch.n == 0 || str_is(arch, "noarch") || str_is(arch, "all"))
		return true;
	while (list.n)
		if (same_arch(str_cut(&list, ' '), arch))
			return true;
	return false;
}

static bool says_module(str version)
{
	return str_search(version, S(".module")) < version.n;
}

/* Whether one of the streams, "virt:rhel,virt-devel:rhel", is that of the label, "virt:rhel:8060020220607:6c6a0a06". */
static bool is_one_of(str label, str streams)
{
	while (streams.n) {
		str stream = str_cut(&streams, ',');

		if (stream.n && str_starts(label, stream) &&
		    (label.n == stream.n || label.p[stream.n] == ':'))
			return true;
	}
	return false;
}

/*
 * A module's packages carry a label; a release with ".module" in it gives them away where the label was lost or the
 * feed knows none. Claims about a module and packages outside one have nothing to do with each other.
 */
static bool module_applies(const struct vulndb_claim *c, const struct package *p)
{
	bool modular_claim = c->module.n || says_module(c->fixed) || says_module(c->last_affected);
	bool modular_package = p->module.n || says_module(p->version);

	if (modular_claim != modular_package)
		return false;
	return c->module.n == 0 || p->module.n == 0 || is_one_of(p->module, c->module);
}

enum flavour { PLAIN, KSPLICE, FIPS };

static enum flavour flavour_of(str version)
{
	str release = str_skip(version, str_find_last(version, '-') + 1);

	if (str_search(version, S(".ksplice")) < version.n)
		return KSPLICE;
	return str_search(release, S(".fips")) < release.n ||
			       str_search(release, S("_fips")) < release.n
		       ? FIPS
		       : PLAIN;
}

/* Oracle's ksplice and FIPS builds count versions of their own: theirs do not compare with the plain ones. */
static bool flavour_applies(const struct vulndb_claim *c, const struct package *p)
{
	return flavour_of(c->fixed.n ? c->fixed : c->last_affected) == flavour_of(p->version);
}

bool match_claim_applies(const struct vulndb_claim *c, const struct namespace_rule *rule,
			 const struct package *p)
{
	if (!arch_applies(c->arch, p->arch))
		return false;
	if (strcmp(rule->prefix, "oracle") == 0 && !flavour_applies(c, p))
		return false;
	return !str_is(p->type, "rpm") || module_applies(c, p);
}

/* Orders the probe's version and a bound; without epochs where one side never had one. */
static int order(const struct match_probe *probe, str bound_key, str bound_text, bool *ignored)
{
	enum version_scheme scheme = probe->rule->scheme;
	bool bound_has;

	if (scheme != VERSION_RPM || !probe->by_source)
		return str_cmp(probe->key, bound_key);
	bound_has = str_find(bound_text, ':') < bound_text.n;
	if (!probe->no_epoch && bound_has)
		return str_cmp(probe->key, bound_key);
	*ignored |= bound_has || !probe->no_epoch;
	return str_cmp(version_key_without_epoch(scheme, probe->key),
		       version_key_without_epoch(scheme, bound_key));
}

bool match_claim_covers(const struct vulndb_claim *c, const struct match_probe *probe,
			bool *ret_epoch_ignored)
{
	bool ignored = false;
	bool covers = c->introduced_key.n == 0 ||
		      order(probe, c->introduced_key, c->introduced, &ignored) >= 0;

	if (covers && c->fixed_key.n)
		covers = order(probe, c->fixed_key, c->fixed, &ignored) < 0;
	else if (covers && c->last_affected_key.n)
		covers = order(probe, c->last_affected_key, c->last_affected, &ignored) <= 0;
	if (covers)
		*ret_epoch_ignored = ignored;
	return covers;
}

bool match_claim_is_left(const struct vulndb_claim *c, const struct match_probe *probe)
{
	str upper = c->fixed_key.n ? c->fixed_key : c->last_affected_key;

	/* Where epochs may be ignored, the order of the keys is not that of the comparison. */
	return upper.n && str_cmp(probe->key, upper) > 0 &&
	       !(probe->rule->scheme == VERSION_RPM && probe->by_source);
}

bool match_is_kernel_without_kernel(const struct package *p)
{
	static const char *const sources[] = { "linux", "linux-signed-amd64", "linux-signed-arm64",
					       "linux-signed", "linux-meta" };

	if (!str_is(p->type, "deb") || str_starts(p->name, S("linux-image")) ||
	    str_starts(p->name, S("linux-modules")))
		return false;
	return WORD_FIND(sources, p->source_name) >= 0;
}

/* A bound alone is no fix: Debian's "affected" below unstable's version leaves a stable release nothing to update to. */
static enum fix_state state_of(const struct vulndb_claim *c)
{
	return c->state == FIX_FIXED && c->fixed.n == 0 ? FIX_AFFECTED : c->state;
}

/* A fix is better news than none; of several, the last is the one that leaves every range. */
static bool decides(const struct vulndb_claim *now, const struct vulndb_claim *then)
{
	bool fixed = state_of(now) == FIX_FIXED, was = state_of(then) == FIX_FIXED;

	if (fixed != was)
		return fixed;
	return fixed ? str_cmp(now->fixed_key, then->fixed_key) > 0
		     : state_of(now) < state_of(then);
}

static bool has_word(const struct buf *words, str word)
{
	str rest = buf_str(words);

	while (rest.n)
		if (str_eq(str_cut(&rest, ' '), word))
			return true;
	return false;
}

static void add_word(struct buf *words, str word)
{
	if (word.n == 0 || has_word(words, word))
		return;
	if (words->n)
		buf_byte(words, ' ');
	buf_add(words, word);
}

/* A copy of what the database lends; nothing is spent on nothing. */
static bool keep(struct arena *a, str lent, str *ret)
{
	*ret = lent.n ? arena_str(a, lent) : (str){ 0 };
	return lent.n == 0 || ret->p;
}

/* All advisories, the deciding one's first. Mostly there is one. */
static bool keep_advisories(const struct match_hit *hits, size_t count,
			    const struct match_hit *best, struct arena *a, str *ret)
{
	OWNED_BUF advisories = BUF_INIT;

	if (count == 1 && str_find(best->claim->advisory, ' ') == best->claim->advisory.n)
		return keep(a, best->claim->advisory, ret);
	add_word(&advisories, best->claim->advisory);
	for (size_t i = 0; i < count; i++)
		add_word(&advisories, hits[i].claim->advisory);
	return buf_error(&advisories) == 0 && keep(a, buf_str(&advisories), ret);
}

int match_summarise(const struct match_hit *hits, size_t count, struct arena *a,
		    struct finding *ret, struct err *e)
{
	const struct match_hit *best = &hits[0];

	for (size_t i = 1; i < count; i++)
		if (decides(hits[i].claim, best->claim))
			best = &hits[i];
	if (!keep_advisories(hits, count, best, a, &ret->advisory) ||
	    !keep(a, best->claim->origin, &ret->origin) ||
	    !keep(a, best->claim->introduced, &ret->introduced) ||
	    !keep(a, best->claim->fixed, &ret->fixed) ||
	    !keep(a, best->claim->last_affected, &ret->last_affected))
		return err_set(e, ENOBUFS, "memory budget spent on findings");
	if (best->product) {
		ret->product = arena_str(a, best->product->text);
		ret->repository = arena_str(a, best->product->repository);
		if (!ret->product.p || (best->product->repository.n && !ret->repository.p))
			return err_set(e, ENOBUFS, "memory budget spent on findings");
	}
	ret->namespace = best->probe->namespace;
	ret->state = state_of(best->claim);
	ret->fixed_version = ret->state == FIX_FIXED ? ret->fixed : (str){ 0 };
	ret->compared_name = best->probe->name;
	ret->compared_version = best->probe->version;
	ret->scheme = str_from(version_scheme_name(best->probe->rule->scheme));
	ret->epoch_ignored = best->epoch_ignored;
	return 0;
}
