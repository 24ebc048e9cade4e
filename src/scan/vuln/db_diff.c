#include "scan/vuln/db_diff.h"

#include "scan/vuln/vulndb_tables.h"

struct diff {
	struct vulndb *dbs[2]; /* old, new */
	int (*each)(void *ctx, const struct db_difference *d, struct err *e);
	void *ctx;
	struct db_diff stats;
};

const char *db_change_name(enum db_change c)
{
	static const char *const names[] = {
#define DB_CHANGE_NAME(id, name) [DB_CHANGE_##id] = (name),
		DB_CHANGES(DB_CHANGE_NAME)
#undef DB_CHANGE_NAME
	};

	return names[c];
}

static bool same_claim(const struct vulndb_claim *a, const struct vulndb_claim *b)
{
	return a->state == b->state && a->severity == b->severity &&
	       str_eq(a->advisory, b->advisory) && str_eq(a->introduced, b->introduced) &&
	       str_eq(a->fixed, b->fixed) && str_eq(a->last_affected, b->last_affected) &&
	       str_eq(a->arch, b->arch) && str_eq(a->module, b->module) &&
	       str_eq(a->products, b->products) && str_eq(a->origin, b->origin);
}

static bool same_claims(const struct db_difference *d)
{
	if (d->old_count != d->new_count)
		return false;
	for (size_t i = 0; i < d->old_count; i++)
		if (!same_claim(&d->old_claims[i], &d->new_claims[i]))
			return false;
	return true;
}

static int tell(struct diff *x, struct db_difference *d, uint64_t *counts, struct err *e)
{
	counts[d->change]++;
	return x->each(x->ctx, d, e);
}

/* The claims of one package on one side, cut up by vulnerability: those of the next id. */
struct cursor {
	struct vulndb *db;
	const struct vulndb_claim *claims;
	size_t left;
	str id; /* of the first claim left */
};

static int start(struct cursor *c, struct err *e)
{
	return c->left ? vulndb_vulnerability_id(c->db, c->claims[0].vulnerability, &c->id, e) : 0;
}

static size_t run_of(const struct cursor *c)
{
	size_t n = 1;

	while (n < c->left && c->claims[n].vulnerability == c->claims[0].vulnerability)
		n++;
	return n;
}

static int skip(struct cursor *c, size_t n, struct err *e)
{
	c->claims += n;
	c->left -= n;
	return start(c, e);
}

/* Both cursors stand on ids; the smaller id, or the one of the side that is left, comes next. */
static int side_of_next(const struct cursor *from, const struct cursor *to)
{
	if (from->left == 0 || to->left == 0)
		return from->left ? -1 : 1;
	return str_cmp(from->id, to->id);
}

static int diff_claims(struct diff *x, str namespace, str package, struct cursor *from,
		       struct cursor *to, struct err *e)
{
	int r = start(from, e);

	if (r == 0)
		r = start(to, e);
	while (r == 0 && (from->left || to->left)) {
		int side = side_of_next(from, to);
		struct db_difference d = { .change = side < 0   ? DB_CHANGE_REMOVED
						     : side > 0 ? DB_CHANGE_ADDED
								: DB_CHANGE_CHANGED,
					   .namespace = namespace,
					   .package = package,
					   .vulnerability = side <= 0 ? from->id : to->id };

		if (side <= 0) {
			d.old_claims = from->claims;
			d.old_count = run_of(from);
		}
		if (side >= 0) {
			d.new_claims = to->claims;
			d.new_count = run_of(to);
		}
		if (!same_claims(&d))
			r = tell(x, &d, x->stats.claims, e);
		if (r == 0 && d.old_count)
			r = skip(from, d.old_count, e);
		if (r == 0 && d.new_count)
			r = skip(to, d.new_count, e);
	}
	return r;
}

static int read_side(struct vulndb *db, const struct vulndb_package *p, struct arena *a,
		     struct cursor *ret, struct err *e)
{
	struct vulndb_claim *claims = NULL;
	int n = p ? vulndb_package_claims(db, p, a, &claims, e) : 0;

	if (n < 0)
		return n;
	*ret = (struct cursor){ .db = db, .claims = claims, .left = (size_t)n };
	return 0;
}

static int diff_package(struct diff *x, str namespace, const struct vulndb_package *from,
			const struct vulndb_package *to, struct err *e)
{
	struct cursor sides[2];
	struct arena a;
	int r;

	arena_init(&a, 0);
	r = read_side(x->dbs[0], from, &a, &sides[0], e);
	if (r == 0)
		r = read_side(x->dbs[1], to, &a, &sides[1], e);
	if (r == 0)
		r = diff_claims(x, namespace, (from ? from : to)->name, &sides[0], &sides[1], e);
	arena_done(&a);
	return r;
}

static int compare_packages(const struct vulndb_package *a, const struct vulndb_package *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return str_cmp(a->name, b->name);
}

/* Walks the packages of a namespace that stands on one side or on both. */
static int diff_namespace(struct diff *x, const struct vulndb_namespace *from,
			  const struct vulndb_namespace *to, struct err *e)
{
	const struct vulndb_namespace *n[2] = { from, to };
	uint32_t at[2] = { 0, 0 };

	for (;;) {
		struct vulndb_package p[2];
		bool has[2];
		int order, r = 0;

		for (size_t i = 0; i < 2 && r == 0; i++) {
			has[i] = n[i] && at[i] < n[i]->packages;
			if (has[i])
				r = vulndb_package_at(x->dbs[i], n[i]->first_package + at[i], &p[i],
						      e);
		}
		if (r < 0)
			return r;
		if (!has[0] && !has[1])
			return 0;
		order = !has[0] ? 1 : !has[1] ? -1 : compare_packages(&p[0], &p[1]);
		r = diff_package(x, (from ? from : to)->name, order <= 0 ? &p[0] : NULL,
				 order >= 0 ? &p[1] : NULL, e);
		if (r < 0)
			return r;
		at[0] += order <= 0;
		at[1] += order >= 0;
	}
}

static int diff_namespaces(struct diff *x, struct err *e)
{
	uint32_t at[2] = { 0, 0 };

	for (;;) {
		struct vulndb_namespace n[2];
		bool has[2];
		int order, r = 0;

		for (size_t i = 0; i < 2 && r == 0; i++) {
			has[i] = at[i] < vulndb_namespace_count(x->dbs[i]);
			if (has[i])
				r = vulndb_namespace_at(x->dbs[i], at[i], &n[i], e);
		}
		if (r < 0)
			return r;
		if (!has[0] && !has[1])
			return 0;
		order = !has[0] ? 1 : !has[1] ? -1 : str_cmp(n[0].name, n[1].name);
		r = diff_namespace(x, order <= 0 ? &n[0] : NULL, order >= 0 ? &n[1] : NULL, e);
		if (r < 0)
			return r;
		at[0] += order <= 0;
		at[1] += order >= 0;
	}
}

static bool same_number(float a, float b)
{
	return a >= b && a <= b;
}

static bool same_facts(const struct vulnerability *a, const struct vulnerability *b)
{
	if (a->severity != b->severity || a->withdrawn != b->withdrawn ||
	    a->exploit_flags != b->exploit_flags || a->cvss_count != b->cvss_count ||
	    !str_eq(a->kev_added, b->kev_added))
		return false;
	for (size_t i = 0; i < a->cvss_count; i++)
		if (!str_eq(a->cvss[i].source, b->cvss[i].source) ||
		    !str_eq(a->cvss[i].vector, b->cvss[i].vector) ||
		    !same_number(a->cvss[i].score, b->cvss[i].score))
			return false;
	return true;
}

static int diff_facts(struct diff *x, const uint32_t at[2], int order, struct arena *a,
		      struct err *e)
{
	struct vulnerability v[2];
	struct db_difference d = { .change = order < 0   ? DB_CHANGE_REMOVED
					     : order > 0 ? DB_CHANGE_ADDED
							 : DB_CHANGE_CHANGED };
	int r = order <= 0 ? vulndb_facts(x->dbs[0], at[0], a, &v[0], e) : 0;

	if (r == 0 && order >= 0)
		r = vulndb_facts(x->dbs[1], at[1], a, &v[1], e);
	if (r < 0)
		return r;
	d.old_facts = order <= 0 ? &v[0] : NULL;
	d.new_facts = order >= 0 ? &v[1] : NULL;
	d.vulnerability = order <= 0 ? v[0].id : v[1].id;
	if (order == 0 && same_facts(&v[0], &v[1])) {
		x->stats.rescored += !same_number(v[0].epss, v[1].epss);
		return 0;
	}
	return tell(x, &d, x->stats.vulnerabilities, e);
}

static int diff_vulnerabilities(struct diff *x, struct err *e)
{
	uint32_t at[2] = { 0, 0 };

	for (;;) {
		struct arena a;
		str id[2];
		bool has[2];
		int order, r = 0;

		for (size_t i = 0; i < 2 && r == 0; i++) {
			has[i] = at[i] < vulndb_vulnerability_count(x->dbs[i]);
			if (has[i])
				r = vulndb_vulnerability_id(x->dbs[i], at[i], &id[i], e);
		}
		if (r < 0)
			return r;
		if (!has[0] && !has[1])
			return 0;
		order = !has[0] ? 1 : !has[1] ? -1 : str_cmp(id[0], id[1]);
		arena_init(&a, 0);
		r = diff_facts(x, at, order, &a, e);
		arena_done(&a);
		if (r < 0)
			return r;
		at[0] += order <= 0;
		at[1] += order >= 0;
	}
}

int db_diff(struct vulndb *from, struct vulndb *to,
	    int (*each)(void *ctx, const struct db_difference *d, struct err *e), void *ctx,
	    struct db_diff *ret, struct err *e)
{
	struct diff x = { .dbs = { from, to }, .each = each, .ctx = ctx };
	int r = diff_namespaces(&x, e);

	if (r == 0)
		r = diff_vulnerabilities(&x, e);
	if (r == 0)
		*ret = x.stats;
	return r;
}
