#include "scan/vuln/match.h"

#include "base/time.h"
#include "base/map.h"
#include "base/word.h"
#include "scan/package/eol.h"
#include "scan/vuln/data_age.h"
#include "scan/vuln/match_priv.h"

enum { MAX_PROBES = 3 };

/* A finding not yet complete: the facts come last, in the order the database holds them. */
struct draft {
	struct finding *f; /* in scratch */
	uint32_t ordinal;
	enum severity vendor;
};

struct match {
	struct vulndb *db;
	const struct inventory *v;
	const struct match_options *o;
	struct arena *a; /* the report's */
	struct arena scratch;
	struct arena claims; /* what was read for the package at hand, and its hits */
	struct gap_list gaps;
	uint64_t unjudged;                    /* packages nothing in the database can speak of */
	const struct namespace_rule *os_rule; /* NULL: unknown, or nothing in the database */
	str os_namespace;
	str extended; /* the same of extended support; empty: standard support goes on, or nothing in the database */
	int64_t now;
	struct match_redhat redhat;
	struct map asked; /* namespaces looked into so far */
	int64_t oldest;   /* when the oldest of their data was current; 0: none was looked into */
	bool has_undated; /* one of them does not say */
	struct draft *drafts;
	size_t draft_count, draft_cap;
	struct match_hit *hits; /* of the package at hand */
	size_t hit_count, hit_cap;
};

static str os_title(const struct os *os)
{
	return os->pretty_name.n ? os->pretty_name : os->id.n ? os->id : S("unknown system");
}

static bool is_os_type(str type)
{
	static const char *const types[] = { "deb", "rpm", "apk", "alpm" };

	return WORD_FIND(types, type) >= 0;
}

static bool has_os_packages(const struct inventory *v)
{
	for (size_t i = 0; i < v->packages.count; i++)
		if (is_os_type(v->packages.items[i].type))
			return true;
	return false;
}

static bool has_esm_packages(const struct inventory *v)
{
	for (size_t i = 0; i < v->packages.count; i++) {
		const struct package *p = &v->packages.items[i];

		if (str_is(p->type, "deb") && (str_search(p->version, S("+esm")) < p->version.n ||
					       str_search(p->version, S("~esm")) < p->version.n))
			return true;
	}
	return false;
}

/* Once Ubuntu's standard support has ended, only its extended support tells of fixes; some take it before. */
static void choose_extended(struct match *m)
{
	struct eol_release release;
	char today[TIME_TEXT_BYTES];
	bool ended;
	str name;

	if (strcmp(m->os_rule->prefix, "ubuntu") != 0)
		return;
	time_render_day(m->now, today);
	ended = eol_find(S("ubuntu"), str_skip(m->os_namespace, strlen("ubuntu:")), &release) &&
		release.end.n && str_cmp(release.end, str_from(today)) < 0;
	name = namespace_with_prefix(m->os_namespace, "ubuntu-esm", m->a);
	if ((ended || has_esm_packages(m->v)) && vulndb_has_namespace(m->db, name))
		m->extended = name;
}

/* Chooses the namespace of the system's packages, or a stand-in, and says so where it is not the plain one. */
static void choose_namespace(struct match *m)
{
	str name = { 0 }, other;
	const struct namespace_rule *rule = namespace_of_os(&m->v->os, m->a, &name);

	if (!has_os_packages(m->v))
		return;
	if (!rule) {
		gap_add(&m->gaps, m->a, GAP_NO_DATA, os_title(&m->v->os),
			"its packages cannot be judged: skep knows no advisories for this system");
		return;
	}
	if (vulndb_has_namespace(m->db, name)) {
		m->os_rule = rule;
		m->os_namespace = name;
		choose_extended(m);
		if (strcmp(rule->prefix, "rhel") == 0)
			m->redhat = (struct match_redhat){ .db = m->db,
							   .scratch = &m->scratch,
							   .major = str_skip(name, strlen("rhel:")),
							   .release = m->v->os.version_id,
							   .gaps = &m->gaps,
							   .gap_arena = m->a,
							   .by_sets = map_in(&m->scratch) };
		return;
	}
	other = rule->stand_in[0] ? namespace_with_prefix(name, rule->stand_in, m->a) : (str){ 0 };
	if (other.n && vulndb_has_namespace(m->db, other)) {
		m->os_rule = namespace_find(other);
		m->os_namespace = other;
		gap_add(&m->gaps, m->a, GAP_STAND_IN, os_title(&m->v->os),
			"the database has no advisories for %.*s; those of its rebuild %.*s were "
			"used: fixed versions may differ in detail, unfixed flaws are missing",
			STR_ARG(name), STR_ARG(other));
		return;
	}
	gap_add(&m->gaps, m->a, GAP_NO_DATA, os_title(&m->v->os),
		"its packages cannot be judged: the database has no advisories for %.*s",
		STR_ARG(name));
}

/* The key of the probe's version. @return 1, 0 with a gap when the scheme refuses it, or an error */
static int make_key(struct match *m, struct match_probe *probe, const struct package *p,
		    struct err *e)
{
	OWNED_BUF key = BUF_INIT;
	struct err why = { 0 };
	int r = version_key(probe->rule->scheme, probe->version, &key, &why);

	if (r == -EBADMSG || r == -E2BIG) {
		OWNED_BUF place = BUF_INIT;

		buf_printf(&place, "%.*s %.*s", STR_ARG(p->name), STR_ARG(probe->version));
		gap_add(&m->gaps, m->a, GAP_MALFORMED, buf_str(&place),
			"not compared with any advisory: %s", why.text);
		return 0;
	}
	if (r < 0)
		return err_set(e, ENOBUFS, "no memory to compare versions");
	probe->key = arena_str(&m->claims, buf_str(&key));
	return probe->key.p ? 1 : err_set(e, ENOBUFS, "memory budget spent on versions");
}

static void probe_binary(const struct package *p, struct match_probe *probe)
{
	probe->name = p->name;
	probe->version = p->version;
}

static void probe_source(const struct namespace_rule *rule, const struct package *p,
			 struct match_probe *probe)
{
	bool of_source = rule->version == NAMESPACE_VERSION_SOURCE && p->source_version.n;

	probe->name = p->source_name.n ? p->source_name : p->name;
	probe->version = of_source ? p->source_version : p->version;
	probe->by_source = true;
	probe->no_epoch = of_source && rule->scheme == VERSION_RPM &&
			  str_find(probe->version, ':') == probe->version.n;
}

/* What to look up for a package of the system. @return how many probes */
static size_t system_probes(const struct match *m, const struct package *p,
			    struct match_probe probes[MAX_PROBES])
{
	const struct namespace_rule *rule = m->os_rule;
	size_t n = 0;

	if (rule->key != NAMESPACE_KEY_SOURCE)
		probe_binary(p, &probes[n++]);
	if (rule->key == NAMESPACE_KEY_SOURCE ||
	    (rule->key == NAMESPACE_KEY_BOTH && p->source_name.n &&
	     !str_eq(p->source_name, p->name)))
		probe_source(rule, p, &probes[n++]);
	for (size_t i = 0; i < n; i++) {
		probes[i].rule = rule;
		probes[i].namespace = m->os_namespace;
	}
	if (m->extended.n) {
		probes[n] = probes[n - 1];
		probes[n].namespace = m->extended;
		probes[n++].extended = true;
	}
	return n;
}

static enum vulndb_verdict judge_claim(void *ctx, const struct vulndb_claim *bounds)
{
	const struct match_probe *probe = ctx;
	bool ignored;

	if (probe->extended || (probe->products && probe->products->has_stream) ||
	    match_claim_covers(bounds, probe, &ignored))
		return VULNDB_TAKE;
	return match_claim_is_left(bounds, probe) ? VULNDB_STOP : VULNDB_SKIP;
}

static int collect_hits(struct match *m, struct match_probe *probe, const struct package *p,
			struct err *e)
{
	const struct vulndb_filter covering = { .judge = judge_claim, .ctx = probe };
	struct vulndb_claim *claims = NULL;
	int n = vulndb_find_wanted(m->db, probe->namespace, probe->name, &covering, &m->claims,
				   &claims, e);

	for (int i = 0; i < n; i++) {
		struct match_hit x = { .probe = probe, .claim = &claims[i] }, *hit;
		enum match_redhat_voice voice = MATCH_REDHAT_MAIN;

		x.has_fix = !match_claim_covers(&claims[i], probe, &x.epoch_ignored);
		if (!match_claim_applies(&claims[i], probe->rule, p))
			continue;
		if (probe->products)
			voice = match_redhat_hears(probe->products, claims[i].products, &x.product);
		x.of_stream = voice == MATCH_REDHAT_STREAM;
		if (voice == MATCH_REDHAT_NONE ||
		    (x.has_fix && !x.of_stream && !(probe->extended && claims[i].fixed.n)))
			continue;
		hit = ARENA_PUSH(&m->claims, m->hits, m->hit_count, m->hit_cap);
		if (!hit)
			return err_set(e, ENOBUFS, "memory budget spent on findings");
		*hit = x;
	}
	return n;
}

static int compare_hits(const void *a, const void *b)
{
	const struct match_hit *x = a, *y = b;

	if (x->claim->vulnerability != y->claim->vulnerability)
		return x->claim->vulnerability < y->claim->vulnerability ? -1 : 1;
	if (x->probe != y->probe)
		return x->probe < y->probe ? -1 : 1;
	return vulndb_claim_compare(x->claim, y->claim);
}

/* What the package's stream says of a flaw is the whole answer. @return how many hits are left */
static size_t keep_stream(struct match_hit *hits, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (hits[i].of_stream && !hits[i].has_fix)
			hits[n++] = hits[i];
	return n;
}

/* "Will not be fixed" says the plain release of what its extended support has fixed. @return how many hits are left */
static size_t drop_answered(struct match_hit *hits, size_t count)
{
	bool has_fix = false;
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (hits[i].of_stream)
			return keep_stream(hits, count);
	for (size_t i = 0; i < count; i++)
		has_fix |= hits[i].has_fix;
	for (size_t i = 0; has_fix && i < count; i++)
		if (hits[i].claim->state == FIX_NOT_AFFECTED ||
		    (hits[i].claim->fixed.n && !hits[i].has_fix))
			hits[n++] = hits[i];
	return has_fix ? n : count;
}

/* The hits on one vulnerability become one finding, unless one of them says the package is not affected. */
static int draft_finding(struct match *m, uint32_t package, const struct match_hit *hits,
			 size_t count, struct err *e)
{
	enum severity vendor = SEVERITY_UNKNOWN;
	struct draft *d;

	for (size_t i = 0; i < count; i++) {
		if (hits[i].claim->state == FIX_NOT_AFFECTED)
			return 0;
		vendor = MAX(vendor, hits[i].claim->severity);
	}
	d = ARENA_PUSH(&m->scratch, m->drafts, m->draft_count, m->draft_cap);
	if (d)
		d->f = ARENA_NEW(&m->scratch, struct finding);
	if (!d || !d->f)
		return err_set(e, ENOBUFS, "memory budget spent on findings");
	d->ordinal = hits[0].claim->vulnerability;
	d->vendor = vendor;
	d->f->package = package;
	return match_summarise(hits, count, m->a, d->f, e);
}

static int match_probes(struct match *m, uint32_t index, struct match_probe *probes, size_t count,
			struct err *e)
{
	const struct package *p = &m->v->packages.items[index];

	arena_reset(&m->claims);
	m->hits = NULL;
	m->hit_count = m->hit_cap = 0;
	for (size_t i = 0; i < count; i++) {
		int r = make_key(m, &probes[i], p, e);

		if (r > 0)
			r = collect_hits(m, &probes[i], p, e);
		if (r < 0)
			return r;
	}
	if (m->hit_count > 1)
		qsort(m->hits, m->hit_count, sizeof(*m->hits), compare_hits);
	for (size_t i = 0; i < m->hit_count;) {
		size_t end = i + 1, left;
		int r = 0;

		while (end < m->hit_count &&
		       m->hits[end].claim->vulnerability == m->hits[i].claim->vulnerability)
			end++;
		left = drop_answered(&m->hits[i], end - i);
		if (left)
			r = draft_finding(m, index, &m->hits[i], left, e);
		if (r < 0)
			return r;
		i = end;
	}
	return 0;
}

/* Notes how old the data of a namespace is, the first time it is asked. */
static int ask_namespace(struct match *m, str namespace, struct err *e)
{
	void **at = map_at(&m->asked, namespace);
	int64_t as_of;
	int r;

	if (!at)
		return err_set(e, ENOBUFS, "memory budget spent");
	if (*at)
		return 0;
	*at = m;
	r = data_age_of_namespace(m->db, namespace, &m->scratch, &as_of, e);
	if (r < 0)
		return r;
	if (!as_of) {
		m->has_undated = true;
		gap_add(&m->gaps, m->a, GAP_STALE, namespace,
			"the database does not say how old its advisories are");
		return 0;
	}
	if (!m->oldest || as_of < m->oldest)
		m->oldest = as_of;
	if (m->now - as_of > DATA_AGE_STALE_S) {
		char day[TIME_TEXT_BYTES];

		time_render_day(as_of, day);
		gap_add(&m->gaps, m->a, GAP_STALE, namespace,
			"its advisories are of %s, %lld days ago: what was found since is not in "
			"them",
			day, (long long)((m->now - as_of) / 86400));
	}
	return 0;
}

static int match_system_package(struct match *m, uint32_t index, struct err *e)
{
	const struct package *p = &m->v->packages.items[index];
	struct match_probe probes[MAX_PROBES] = { 0 };
	size_t count;
	int r;

	if (str_is(p->name, "gpg-pubkey"))
		return 0;
	if (!m->os_rule) {
		m->unjudged++;
		return 0;
	}
	if (!str_is(p->type, m->os_rule->purl_type)) {
		m->unjudged++;
		gap_add(&m->gaps, m->a, GAP_NO_DATA, p->type,
			"packages of this kind cannot be judged on %.*s",
			STR_ARG(os_title(&m->v->os)));
		return 0;
	}
	if (p->third_party && !m->o->third_party) {
		gap_add(&m->gaps, m->a, GAP_NOT_APPLICABLE, S("third-party packages"),
			"not the distribution's own: its advisories do not apply to them");
		return 0;
	}
	if (match_is_kernel_without_kernel(p)) {
		gap_add(&m->gaps, m->a, GAP_NOT_APPLICABLE, p->name,
			"built from the kernel's source but holds no kernel: the kernel's "
			"advisories were not applied");
		return 0;
	}
	r = ask_namespace(m, m->os_namespace, e);
	if (r == 0 && m->extended.n)
		r = ask_namespace(m, m->extended, e);
	count = system_probes(m, p, probes);
	if (r == 0 && m->redhat.db)
		r = match_redhat_products(&m->redhat, p, &probes[0].products, e);
	return r < 0 ? r : match_probes(m, index, probes, count, e);
}

/* A language package that belongs to a package of the system is patched and judged as that one. */
static bool is_owned_by_system(const struct match *m, const struct package *p)
{
	if (p->db_path.n == 0 || !m->os_rule)
		return false;
	for (size_t i = 0; i < m->v->packages.count; i++) {
		const struct package *owner = &m->v->packages.items[i];

		if (owner->owned.n && is_os_type(owner->type) && package_owns(owner, p->db_path))
			return true;
	}
	return false;
}

static int match_language_package(struct match *m, uint32_t index, struct err *e)
{
	const struct package *p = &m->v->packages.items[index];
	const struct namespace_rule *rule = namespace_of_purl_type(p->type);
	struct match_probe probe = { .rule = rule };
	OWNED_BUF name = BUF_INIT;
	int r;

	if (is_owned_by_system(m, p))
		return 0;
	if (!rule || !vulndb_has_namespace(m->db, str_from(rule->prefix))) {
		m->unjudged++;
		gap_add(&m->gaps, m->a, GAP_NO_DATA, p->type,
			"packages of this kind cannot be judged: the database has no advisories "
			"for them");
		return 0;
	}
	namespace_name_of_package(rule, p, &name);
	probe.namespace = str_from(rule->prefix);
	probe.name = arena_str(m->a, buf_str(&name));
	probe.version = p->version;
	if (buf_error(&name) < 0 || !probe.name.p)
		return err_set(e, ENOBUFS, "memory budget spent on names");
	r = ask_namespace(m, probe.namespace, e);
	return r < 0 ? r : match_probes(m, index, &probe, 1, e);
}

static int compare_drafts_by_ordinal(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;

	if (x->ordinal != y->ordinal)
		return x->ordinal < y->ordinal ? -1 : 1;
	return (x->f->package > y->f->package) - (x->f->package < y->f->package);
}

/* What the database lends is copied: a report outlives it. */
static int keep_strings(struct match *m, struct vulnerability *v, struct err *e)
{
	bool ok = true;

	v->id = arena_str(m->a, v->id);
	ok &= v->id.p != NULL;
	for (size_t i = 0; i < v->cvss_count; i++) {
		v->cvss[i].source = arena_str(m->a, v->cvss[i].source);
		v->cvss[i].vector = arena_str(m->a, v->cvss[i].vector);
		ok &= v->cvss[i].source.p && v->cvss[i].vector.p;
	}
	return ok ? 0 : err_set(e, ENOBUFS, "memory budget spent on facts");
}

static int read_facts(struct match *m, struct err *e)
{
	struct vulnerability *v = NULL;

	if (m->draft_count > 1)
		qsort(m->drafts, m->draft_count, sizeof(*m->drafts), compare_drafts_by_ordinal);
	for (size_t i = 0; i < m->draft_count; i++) {
		struct draft *d = &m->drafts[i];
		int r = 0;

		if (i == 0 || d->ordinal != m->drafts[i - 1].ordinal) {
			v = ARENA_NEW(m->a, struct vulnerability);
			if (!v)
				return err_set(e, ENOBUFS, "memory budget spent on facts");
			r = m->o->brief ? vulndb_facts(m->db, d->ordinal, m->a, v, e)
					: vulndb_vulnerability(m->db, d->ordinal, m->a, v, e);
			if (r == 0)
				r = keep_strings(m, v, e);
		}
		if (r < 0)
			return r;
		d->f->vuln = v;
		match_rate(d->f, d->vendor);
	}
	return 0;
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *x = ((const struct draft *)a)->f, *y = ((const struct draft *)b)->f;

	if (x->risk < y->risk || x->risk > y->risk)
		return x->risk > y->risk ? -1 : 1;
	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->package != y->package)
		return x->package < y->package ? -1 : 1;
	return str_cmp(x->vuln->id, y->vuln->id);
}

static int list_findings(struct match *m, struct finding_list *ret, struct err *e)
{
	struct finding_list l = { .count = m->draft_count, .cap = m->draft_count };

	l.items = ARENA_ARRAY(m->a, l.count, struct finding);
	if (!l.items)
		return err_set(e, ENOBUFS, "memory budget spent on findings");
	if (l.count > 1)
		qsort(m->drafts, l.count, sizeof(*m->drafts), compare_findings);
	for (size_t i = 0; i < l.count; i++)
		l.items[i] = *m->drafts[i].f;
	*ret = l;
	return 0;
}

static void judge_end_of_life(struct match *m, int64_t now, struct report *ret)
{
	const struct os *os = &m->v->os;
	struct eol_release release;
	char today[TIME_TEXT_BYTES];

	if (os->id.n == 0 || !eol_find(os->id, os->version_id, &release) ||
	    release.public_end.n == 0)
		return;
	time_render_day(now, today);
	ret->end_of_life = arena_str(m->a, release.public_end);
	ret->is_end_of_life = str_cmp(release.public_end, str_from(today)) < 0;
	if (ret->is_end_of_life)
		gap_add(&m->gaps, m->a, GAP_END_OF_LIFE, os_title(os),
			"public support ended on %.*s: flaws found since may never be listed",
			STR_ARG(release.public_end));
}

static int match_all(struct match *m, struct err *e)
{
	for (uint32_t i = 0; i < m->v->packages.count; i++) {
		int r = is_os_type(m->v->packages.items[i].type) ? match_system_package(m, i, e)
								 : match_language_package(m, i, e);

		if (r < 0)
			return r;
	}
	return read_facts(m, e);
}

/* Of the data that was used, the oldest; of data nobody asked, the newest. */
static int64_t data_age(const struct match *m)
{
	int64_t as_of = m->asked.count ? m->oldest : (int64_t)vulndb_newest_data(m->db);

	if (!as_of || m->has_undated)
		return -1;
	return MAX((int64_t)0, m->now - as_of);
}

int match_inventory(struct vulndb *db, const struct inventory *v, const struct match_options *o,
		    int64_t now, struct arena *a, struct report *ret, struct err *e)
{
	static const struct match_options plain = { 0 };
	struct match m = { .db = db, .v = v, .o = o ? o : &plain, .a = a, .now = now };
	struct finding_list findings;
	int r;

	arena_init(&m.scratch, a->budget_bytes);
	arena_init(&m.claims, a->budget_bytes);
	m.asked = map_in(&m.scratch);
	choose_namespace(&m);
	r = match_all(&m, e);
	if (r == 0)
		r = list_findings(&m, &findings, e);
	arena_done(&m.claims);
	arena_done(&m.scratch);
	if (r < 0)
		return r;
	judge_end_of_life(&m, now, ret);
	gap_add_all(&ret->gaps, a, &m.gaps);
	ret->findings = findings;
	ret->unjudged = m.unjudged;
	vulndb_info(db, a, &ret->database);
	ret->database.age_s = data_age(&m);
	return 0;
}
