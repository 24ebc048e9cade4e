#include "scan/vuln/vulndb_tables.h"

#include "scan/vuln/vulndb_priv.h"

uint32_t vulndb_origin_count(const struct vulndb *db)
{
	return db->map.sections[VULNDB_ORIGINS].records;
}

uint32_t vulndb_namespace_count(const struct vulndb *db)
{
	return db->map.sections[VULNDB_NAMESPACES].records;
}

uint32_t vulndb_vulnerability_count(const struct vulndb *db)
{
	return db->map.sections[VULNDB_VULNERABILITIES].records;
}

int vulndb_origin_at(struct vulndb *db, uint32_t ordinal, struct vulndb_origin *ret, struct err *e)
{
	const uint8_t *p;
	int r = vulndb_map_records(&db->map, VULNDB_ORIGINS, ordinal, 1, &p, e);

	if (r < 0)
		return r;
	ret->claims = vulndb_u32(p + 4);
	ret->as_of_s = (int64_t)MIN(vulndb_u64(p + 8), (uint64_t)INT64_MAX);
	return vulndb_map_string(&db->map, vulndb_u32(p), &ret->name, e);
}

int vulndb_namespace_at(struct vulndb *db, uint32_t ordinal, struct vulndb_namespace *ret,
			struct err *e)
{
	uint32_t total = db->map.sections[VULNDB_PACKAGES].records;
	const uint8_t *p;
	int r = vulndb_map_records(&db->map, VULNDB_NAMESPACES, ordinal, 1, &p, e);

	if (r < 0)
		return r;
	ret->first_package = vulndb_u32(p + 8);
	ret->packages = vulndb_u32(p + 12);
	ret->claims = vulndb_u32(p + 16);
	if (ret->first_package > total || ret->packages > total - ret->first_package)
		return err_set(e, EBADMSG, "the vulnerability database's package table is damaged");
	return vulndb_map_string(&db->map, vulndb_u32(p), &ret->name, e);
}

int vulndb_package_at(struct vulndb *db, uint32_t ordinal, struct vulndb_package *ret,
		      struct err *e)
{
	uint32_t total = db->map.sections[VULNDB_CLAIMS].records;
	const uint8_t *p;
	int r = vulndb_map_records(&db->map, VULNDB_PACKAGES, ordinal, 1, &p, e);

	if (r < 0)
		return r;
	ret->hash = vulndb_u64(p);
	ret->first_claim = vulndb_u32(p + 12);
	ret->claims = vulndb_u32(p + 16);
	if (ret->first_claim > total || ret->claims > total - ret->first_claim)
		return err_set(e, EBADMSG, "the vulnerability database's claim table is damaged");
	return vulndb_map_string(&db->map, vulndb_u32(p + 8), &ret->name, e);
}

int vulndb_package_claims(struct vulndb *db, const struct vulndb_package *p, struct arena *a,
			  struct vulndb_claim **ret, struct err *e)
{
	return vulndb_read_claims(db, p->first_claim, p->claims, a, ret, e);
}

int vulndb_package_names(struct vulndb *db, const struct vulndb_package *p, uint32_t vulnerability,
			 struct err *e)
{
	const uint8_t *at;
	int r = vulndb_map_records(&db->map, VULNDB_CLAIMS, p->first_claim, p->claims, &at, e);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < p->claims; i++, at += vulndb_record_bytes(VULNDB_CLAIMS))
		if (vulndb_u32(at) == vulnerability)
			return 1;
	return 0;
}
