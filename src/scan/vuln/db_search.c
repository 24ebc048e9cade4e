#include "scan/vuln/db_search.h"

#include "scan/vuln/namespace.h"
#include "scan/vuln/vulndb_tables.h"

static int add_hits(struct vulndb *db, str namespace, str package,
		    const struct vulndb_claim *claims, size_t count, const uint32_t *only,
		    struct arena *a, struct db_search *ret, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		struct db_search_hit *hit;
		int r;

		if (only && claims[i].vulnerability != *only)
			continue;
		hit = ARENA_PUSH(a, ret->items, ret->count, ret->cap);
		if (!hit)
			return err_set(e, ENOBUFS, "memory budget spent on %zu results",
				       ret->count);
		hit->namespace = namespace;
		hit->package = package;
		hit->claim = claims[i];
		r = vulndb_vulnerability_id(db, claims[i].vulnerability, &hit->vulnerability, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int search_namespace(struct vulndb *db, const struct vulndb_namespace *n, uint32_t ordinal,
			    struct arena *a, struct db_search *ret, struct err *e)
{
	for (uint32_t i = 0; i < n->packages; i++) {
		struct vulndb_claim *claims = NULL;
		struct vulndb_package p;
		int r = vulndb_package_at(db, n->first_package + i, &p, e);

		if (r == 0)
			r = vulndb_package_names(db, &p, ordinal, e);
		if (r > 0) {
			r = vulndb_package_claims(db, &p, a, &claims, e);
			if (r > 0)
				r = add_hits(db, n->name, p.name, claims, (size_t)r, &ordinal, a,
					     ret, e);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int search_vulnerability(struct vulndb *db, uint32_t ordinal, struct arena *a,
				struct db_search *ret, struct err *e)
{
	int r = vulndb_vulnerability(db, ordinal, a, &ret->vuln, e);

	ret->is_vulnerability = true;
	for (uint32_t i = 0; r == 0 && i < vulndb_namespace_count(db); i++) {
		struct vulndb_namespace n;

		r = vulndb_namespace_at(db, i, &n, e);
		if (r == 0)
			r = search_namespace(db, &n, ordinal, a, ret, e);
	}
	return r;
}

static int search_package(struct vulndb *db, str namespace, str word, struct arena *a,
			  struct db_search *ret, struct err *e)
{
	const struct namespace_rule *rule = namespace_find(namespace);
	struct vulndb_claim *claims = NULL;
	OWNED_BUF name = BUF_INIT;
	str kept;
	int r;

	if (!rule)
		return 0;
	namespace_name_normalise(rule, word, &name);
	kept = arena_str(a, buf_str(&name));
	if (buf_error(&name) < 0 || !kept.p)
		return err_set(e, ENOBUFS, "memory budget spent on names");
	r = vulndb_find(db, namespace, kept, a, &claims, e);
	return r <= 0 ? r : add_hits(db, namespace, kept, claims, (size_t)r, NULL, a, ret, e);
}

int db_search(struct vulndb *db, str word, struct arena *a, struct db_search *ret, struct err *e)
{
	struct db_search found = { 0 };
	size_t slash = str_find(word, '/');
	uint32_t ordinal;
	int r = vulndb_find_vulnerability(db, word, &ordinal, e);

	if (r == 0)
		r = search_vulnerability(db, ordinal, a, &found, e);
	else if (r == -ENOENT)
		r = 0;
	for (uint32_t i = 0; r == 0 && !found.is_vulnerability && i < vulndb_namespace_count(db);
	     i++) {
		struct vulndb_namespace n;

		r = vulndb_namespace_at(db, i, &n, e);
		if (r == 0)
			r = search_package(db, n.name, word, a, &found, e);
		if (r == 0 && slash < word.n && str_eq(str_take(word, slash), n.name))
			r = search_package(db, n.name, str_skip(word, slash + 1), a, &found, e);
	}
	if (r < 0)
		return r;
	if (!found.is_vulnerability && found.count == 0)
		return err_set(e, ENOENT,
			       "the database knows neither a vulnerability nor a package '%.*s'",
			       STR_ARG(word));
	*ret = found;
	return 0;
}
