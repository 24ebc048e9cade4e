#include "scan/feed/osv.h"

#include "scan/feed/ecosystem.h"
#include "scan/feed/ids.h"

/* A record taken apart once, shared by its affected packages. */
struct record {
	const struct delivery *d;
	const struct value *v;
	str id;
	struct ids names; /* what claims are about */
	enum severity severity;
	size_t delivered;
	size_t unmatched; /* packages of ecosystems we do not match */
	bool distribution;
	str modules; /* "nodejs:16", or several separated by commas, from a distribution's summary */
};

static str origin_of(str id)
{
	static const struct {
		const char *prefix, *origin;
	} sources[] = {
		{ "ALSA-", "almalinux-osv" }, { "ALBA-", "almalinux-osv" },
		{ "ALEA-", "almalinux-osv" }, { "RLSA-", "rocky-osv" },
		{ "RXSA-", "rocky-osv" },     { "GO-", "go-vulndb" },
		{ "GHSA-", "ghsa" },          { "PYSEC-", "pypa" },
		{ "RUSTSEC-", "rustsec" },    { "USN-", "ubuntu-osv" },
		{ "UBUNTU-", "ubuntu-osv" },  { "DSA-", "debian-osv" },
		{ "DLA-", "debian-osv" },     { "DEBIAN-", "debian-osv" },
		{ "ALPINE-", "alpine-osv" },  { "RHSA-", "redhat-osv" },
		{ "SUSE-", "suse-osv" },      { "openSUSE-", "suse-osv" },
		{ "MAL-", "ossf-malicious" }, { "AZL-", "azure-osv" },
		{ "CGA-", "chainguard-osv" }, { "EEF-", "erlef-osv" },
	};

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (str_starts(id, str_from(sources[i].prefix)))
			return str_from(sources[i].origin);
	return S("osv");
}

static bool is_distribution(const struct value *record)
{
	const struct value *first = value_at(value_get(record, "affected"), 0);
	str eco = value_get_str(value_get(first, "package"), "ecosystem");

	return str_find(eco, ':') < eco.n || str_is(eco, "Wolfi") || str_is(eco, "Chainguard") ||
	       str_is(eco, "Alpine");
}

static int name_record(struct record *r)
{
	int e = ids_is_cve(r->id) ? ids_add(&r->names, r->id) : 0;

	e = e ? e : ids_scan_array(&r->names, value_get(r->v, "aliases"));
	e = e ? e : ids_scan_array(&r->names, value_get(r->v, "upstream"));
	/* "UBUNTU-CVE-2024-1234" */
	if (r->distribution) {
		e = e ? e : ids_scan(&r->names, r->id);
		e = e ? e : ids_scan_array(&r->names, value_get(r->v, "related"));
		if (r->names.count == 0)
			VALUE_EACH (ref, value_get(r->v, "references")) {
				e = e ? e : ids_scan(&r->names, value_get_str(ref, "url"));
			}
	}
	if (e == 0 && r->names.count == 0)
		e = ids_add(&r->names, r->id);
	return e;
}

/* AlmaLinux and Rocky write "Moderate: bash security update"; Ubuntu a severity of type "Ubuntu". */
static enum severity rated(const struct value *v, str summary)
{
	enum severity s =
		severity_find(value_get_str(value_get(v, "database_specific"), "severity"));

	if (s == SEVERITY_UNKNOWN && str_find(summary, ':') < summary.n)
		s = severity_find(str_take(summary, str_find(summary, ':')));
	VALUE_EACH (item, value_get(v, "severity")) {
		if (s == SEVERITY_UNKNOWN && str_is(value_get_str(item, "type"), "Ubuntu"))
			s = severity_find(value_get_str(item, "score"));
	}
	return s;
}

/*
 * OSV has no member for modules. AlmaLinux, Rocky and Red Hat name them in the summary: "Important: nodejs:16 security
 * update", "Moderate: virt:rhel and virt-devel:rhel security, bug fix, and enhancement update".
 */
static int name_modules(struct record *r, str summary)
{
	str all = { 0 };

	while (r->distribution && summary.n) {
		str word = str_cut(&summary, ' '), stream;

		if (str_ends(word, S(",")))
			word.n--;
		/* "httpd:2.4/mod_http2" says which of the module's packages. */
		if (str_search(word, S("//")) == word.n)
			word = str_take(word, str_find(word, '/'));
		stream = word;
		if (str_cut(&stream, ':').n == 0 || stream.n == 0 ||
		    str_find(stream, ':') < stream.n || str_find(word, ',') < word.n ||
		    str_starts(stream, S("//")) || str_starts(word, r->id))
			continue;
		all = all.n ? arena_printf(r->d->arena, "%.*s,%.*s", STR_ARG(all), STR_ARG(word))
			    : word;
		if (!all.p)
			return -ENOBUFS;
	}
	r->modules = all;
	return 0;
}

static bool is_of_module(const struct claim *c)
{
	return str_search(c->fixed, S(".module")) < c->fixed.n ||
	       str_search(c->last_affected, S(".module")) < c->last_affected.n;
}

static int emit(struct record *r, struct claim *c)
{
	c->module = is_of_module(c) ? r->modules : (str){ 0 };
	c->state = c->fixed.n ? FIX_FIXED : FIX_AFFECTED;
	for (size_t i = 0; i < r->names.count; i++) {
		int e;

		c->vulnerability = r->names.items[i];
		e = delivery_claim(r->d, c);
		if (e < 0)
			return e;
	}
	r->delivered++;
	return 0;
}

/* "< 1.2.3" or "<= 1.2.3": what GitHub knows when no version with a fix was published. */
static void take_last_known(struct claim *c, const struct value *affected)
{
	str range = value_get_str(value_get(affected, "database_specific"),
				  "last_known_affected_version_range");

	if (str_starts(range, S("<=")))
		c->last_affected = str_trim(str_skip(range, 2));
	else if (str_starts(range, S("<")))
		c->fixed = str_trim(str_skip(range, 1));
}

static int emit_range(struct record *r, const struct value *affected, const struct value *range,
		      struct claim base)
{
	struct claim c = base;
	bool open = false;
	int e = 0;

	VALUE_EACH (event, value_get(range, "events")) {
		str introduced = value_get_str(event, "introduced");
		str fixed = value_get_str(event, "fixed");
		str last = value_get_str(event, "last_affected");

		if (introduced.n) {
			if (open)
				e = emit(r, &c);
			c = base;
			c.introduced = introduced;
			open = true;
		} else if ((fixed.n || last.n) && (open || c.introduced.n == 0)) {
			c.fixed = fixed;
			c.last_affected = last;
			e = emit(r, &c);
			open = false;
		}
		if (e < 0)
			return e;
	}
	if (!open)
		return 0;
	take_last_known(&c, affected);
	return emit(r, &c);
}

static bool has_ranges(const struct value *affected)
{
	VALUE_EACH (range, value_get(affected, "ranges")) {
		if (!str_is(value_get_str(range, "type"), "GIT"))
			return true;
	}
	return false;
}

static int emit_affected(struct record *r, const struct value *affected)
{
	const struct value *package = value_get(affected, "package");
	str ecosystem = value_get_str(package, "ecosystem");
	struct claim c = { .package = value_get_str(package, "name"),
			   .advisory = r->id,
			   .severity = r->severity };
	int e = 0;

	c.namespace = ecosystem_of_osv(ecosystem, r->d->arena);
	if (c.namespace.n == 0) {
		r->unmatched++;
		delivery_unreadable(r->d, r->id, "ecosystem '%.*s' is not matched",
				    STR_ARG(ecosystem));
		return 0;
	}
	c.products = ecosystem_product_of_osv(ecosystem, r->d->arena);
	if (c.severity == SEVERITY_UNKNOWN)
		c.severity = rated(affected, (str){ 0 });
	if (has_ranges(affected)) {
		VALUE_EACH (range, value_get(affected, "ranges")) {
			if (e == 0 && !str_is(value_get_str(range, "type"), "GIT"))
				e = emit_range(r, affected, range, c);
		}
		return e;
	}
	VALUE_EACH (version, value_get(affected, "versions")) {
		c.introduced = c.last_affected = value_str(version);
		if (e == 0)
			e = emit(r, &c);
	}
	return e;
}

static str join_strings(struct arena *a, const struct value *array, const char *member)
{
	struct ids set = { .arena = a };

	VALUE_EACH (item, array) {
		str s = member ? value_get_str(item, member) : value_str(item);

		if (s.n == 0 || str_find(s, ' ') < s.n)
			continue;
		if (ids_add(&set, s) < 0)
			break;
	}
	return ids_join(&set);
}

static int emit_fact(struct record *r)
{
	struct vulnerability f = DELIVERY_FACT;
	struct arena *a = r->d->arena;
	struct ids aliases = { .arena = a };

	f.title = value_get_str(r->v, "summary");
	f.description = value_get_str(r->v, "details");
	f.published = value_get_str(r->v, "published");
	f.modified = value_get_str(r->v, "modified");
	f.severity = r->severity;
	f.cwes = join_strings(a, value_path(r->v, "database_specific.cwe_ids"), NULL);
	f.references = join_strings(a, value_get(r->v, "references"), "url");
	VALUE_EACH (s, value_get(r->v, "severity")) {
		if (str_starts(value_get_str(s, "type"), S("CVSS")))
			delivery_cvss(&f, r->d->origin, value_get_str(s, "score"), -1);
	}
	if (ids_add(&aliases, r->id) < 0)
		return delivery_spent(r->d);
	VALUE_EACH (alias, value_get(r->v, "aliases")) {
		if (ids_add(&aliases, value_str(alias)) < 0)
			return delivery_spent(r->d);
	}
	f.aliases = ids_join(&aliases);
	for (size_t i = 0; i < r->names.count; i++) {
		int e;

		f.id = r->names.items[i];
		e = delivery_fact(r->d, &f);
		if (e < 0)
			return e;
	}
	return 0;
}

/* AlmaLinux publishes bug fixes and enhancements beside security advisories; without a CVE they are no vulnerability. */
static bool is_no_vulnerability(const struct record *r)
{
	return (str_starts(r->id, S("ALBA-")) || str_starts(r->id, S("ALEA-"))) &&
	       !ids_is_cve(r->names.items[0]);
}

int osv_deliver(const struct delivery *outer, const struct value *record)
{
	struct delivery d = *outer;
	struct record r = { .d = &d,
			    .v = record,
			    .id = value_get_str(record, "id"),
			    .names = { .arena = outer->arena },
			    .distribution = is_distribution(record) };

	if (r.id.n == 0) {
		delivery_unreadable(&d, (str){ 0 }, "an OSV record without an id");
		return 0;
	}
	d.origin = origin_of(r.id);
	delivery_as_of(&d, value_get_str(record, "modified"));
	if (value_get_str(record, "withdrawn").n)
		return 0;
	r.severity = rated(record, value_get_str(record, "summary"));
	if (name_record(&r) < 0 || name_modules(&r, value_get_str(record, "summary")) < 0)
		return delivery_spent(&d);
	if (is_no_vulnerability(&r))
		return 0;
	VALUE_EACH (affected, value_get(record, "affected")) {
		int e = emit_affected(&r, affected);

		if (e < 0)
			return e;
	}
	if (r.delivered == 0 && r.unmatched == 0)
		delivery_unreadable(&d, r.id, "names no range of versions");
	/* A distribution's advisory tells of many flaws at once: its text is no fact about each of them. */
	return r.distribution && ids_is_cve(r.names.items[0]) ? 0 : emit_fact(&r);
}
