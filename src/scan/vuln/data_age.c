#include "scan/vuln/data_age.h"

#include "scan/vuln/vulndb_tables.h"

static int find_origin(struct vulndb *db, str namespace, struct arena *scratch, str *ret,
		       struct err *e)
{
	for (uint32_t i = 0; i < vulndb_namespace_count(db); i++) {
		struct vulndb_namespace n;
		struct vulndb_package p;
		struct vulndb_claim *claims;
		int r = vulndb_namespace_at(db, i, &n, e);

		if (r < 0)
			return r;
		if (!str_eq(n.name, namespace) || !n.packages)
			continue;
		r = vulndb_package_at(db, n.first_package, &p, e);
		if (r == 0)
			r = vulndb_package_claims(db, &p, scratch, &claims, e);
		if (r < 0)
			return r;
		*ret = r > 0 ? claims[0].origin : (str){ 0 };
		return 0;
	}
	*ret = (str){ 0 };
	return 0;
}

int data_age_of_namespace(struct vulndb *db, str namespace, struct arena *scratch, int64_t *ret,
			  struct err *e)
{
	str name;
	int r = find_origin(db, namespace, scratch, &name, e);

	for (uint32_t i = 0; r == 0 && name.n && i < vulndb_origin_count(db); i++) {
		struct vulndb_origin o;

		r = vulndb_origin_at(db, i, &o, e);
		if (r == 0 && str_eq(o.name, name)) {
			*ret = o.as_of_s;
			return 0;
		}
	}
	if (r == 0)
		*ret = 0;
	return r;
}
