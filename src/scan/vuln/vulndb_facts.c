#include "scan/vuln/vulndb_priv.h"

#include "base/time.h"

void vulndb_cold_done(struct vulndb_cold *c)
{
	zstd_unpacker_free(c->unpacker);
	free(c->raw);
	*c = (struct vulndb_cold){ 0 };
}

static int make_unpacker(struct vulndb *db, struct err *e)
{
	uint64_t n = db->map.sections[VULNDB_COLD_DICT].bytes;
	const uint8_t *dict;
	int r;

	if (db->cold.unpacker)
		return 0;
	r = vulndb_map_bytes(&db->map, VULNDB_COLD_DICT, 0, n, &dict, e);
	if (r < 0)
		return r;
	return zstd_unpacker_new((str){ (const char *)dict, n }, &db->cold.unpacker, e);
}

static int load_block(struct vulndb *db, uint32_t block, struct err *e)
{
	struct vulndb_cold *c = &db->cold;
	OWNED char *raw = NULL;
	const uint8_t *p, *stored;
	uint32_t stored_bytes, raw_bytes;
	int r;

	if (c->raw && c->block == block)
		return 0;
	r = make_unpacker(db, e);
	if (r == 0)
		r = vulndb_map_records(&db->map, VULNDB_COLD_INDEX, block, 1, &p, e);
	if (r < 0)
		return r;
	stored_bytes = vulndb_u32(p + 8);
	raw_bytes = vulndb_u32(p + 12);
	if (raw_bytes == 0 || raw_bytes > VULNDB_COLD_RAW_MAX)
		return err_set(e, EBADMSG, "the vulnerability database's text index is damaged");
	r = vulndb_map_bytes(&db->map, VULNDB_COLD, vulndb_u64(p), stored_bytes, &stored, e);
	if (r < 0)
		return r;
	raw = malloc(raw_bytes);
	if (!raw)
		return err_set(e, ENOMEM, "no memory for the vulnerability database's text");
	r = zstd_unpack(c->unpacker, (str){ (const char *)stored, stored_bytes }, raw, raw_bytes,
			e);
	if (r < 0)
		return err_wrap(e, r, "the vulnerability database's text");
	free(c->raw);
	c->raw = TAKE(&raw);
	c->raw_bytes = raw_bytes;
	c->block = block;
	return 0;
}

static int read_text(struct vulndb *db, uint32_t block, uint32_t offset, struct arena *a,
		     struct vulnerability *v, struct err *e)
{
	str *fields[VULNDB_COLD_FIELDS] = { &v->title, &v->description, &v->references, &v->aliases,
					    &v->cwes };
	const size_t head = (size_t)VULNDB_COLD_FIELDS * 4;
	const uint8_t *raw;
	size_t at;
	int r = load_block(db, block, e);

	if (r < 0)
		return r;
	raw = (const uint8_t *)db->cold.raw;
	if (offset > db->cold.raw_bytes || head > db->cold.raw_bytes - offset)
		return err_set(e, EBADMSG, "the vulnerability database's text is damaged");
	at = offset + head;
	for (size_t i = 0; i < VULNDB_COLD_FIELDS; i++) {
		uint32_t n = vulndb_u32(raw + offset + i * 4);

		if (n > db->cold.raw_bytes - at)
			return err_set(e, EBADMSG, "the vulnerability database's text is damaged");
		*fields[i] = n ? arena_str(a, (str){ db->cold.raw + at, n }) : (str){ 0 };
		if (n && !fields[i]->p)
			return err_set(e, ENOBUFS, "memory budget spent on descriptions");
		at += n;
	}
	return 0;
}

static int read_day(uint16_t days, struct arena *a, str *ret, struct err *e)
{
	char text[TIME_TEXT_BYTES];

	*ret = (str){ 0 };
	if (days == 0)
		return 0;
	time_render_day((int64_t)days * 86400, text);
	*ret = arena_str(a, str_from(text));
	return ret->p ? 0 : err_set(e, ENOBUFS, "memory budget spent on dates");
}

static int read_cvss(struct vulndb *db, uint32_t first, uint8_t count, struct vulnerability *v,
		     struct err *e)
{
	const uint8_t *p;
	int r;

	if (count > VULNERABILITY_MAX_CVSS)
		return err_set(e, EBADMSG,
			       "the vulnerability database holds %u CVSS scores for %.*s", count,
			       STR_ARG(v->id));
	r = vulndb_map_records(&db->map, VULNDB_CVSS, first, count, &p, e);
	for (size_t i = 0; r == 0 && i < count; i++, p += 12) {
		struct cvss_score *s = &v->cvss[i];
		uint16_t score = vulndb_u16(p + 8);

		r = vulndb_map_string(&db->map, vulndb_u32(p), &s->source, e);
		if (r == 0)
			r = vulndb_map_string(&db->map, vulndb_u32(p + 4), &s->vector, e);
		s->score = score > 100 ? -1 : (float)score / 10;
	}
	v->cvss_count = count;
	return r;
}

int vulndb_facts(struct vulndb *db, uint32_t ordinal, struct arena *a, struct vulnerability *ret,
		 struct err *e)
{
	struct vulnerability v = { 0 };
	const uint8_t *p;
	int r = vulndb_map_records(&db->map, VULNDB_VULNERABILITIES, ordinal, 1, &p, e);

	if (r == 0)
		r = vulndb_map_string(&db->map, vulndb_u32(p), &v.id, e);
	if (r == 0)
		r = read_cvss(db, vulndb_u32(p + 12), p[34], &v, e);
	if (r == 0)
		r = read_day(vulndb_u16(p + 28), a, &v.published, e);
	if (r == 0)
		r = read_day(vulndb_u16(p + 30), a, &v.modified, e);
	if (r == 0)
		r = read_day(vulndb_u16(p + 32), a, &v.kev_added, e);
	if (r < 0)
		return r;
	if (p[35] >= SEVERITY_COUNT)
		return err_set(e, EBADMSG, "the vulnerability database holds a malformed severity");
	v.severity = (enum severity)p[35];
	v.withdrawn = p[36] & 1;
	v.poc_count = vulndb_u32(p + 16);
	v.epss = vulndb_u32(p + 20) > 1000000 ? -1 : (float)vulndb_u32(p + 20) / 1e6f;
	v.epss_percentile =
		vulndb_u16(p + 24) == VULNDB_UNKNOWN_U16 ? -1 : (float)vulndb_u16(p + 24) / 65534;
	v.exploit_flags = vulndb_u16(p + 26);
	*ret = v;
	return 0;
}

int vulndb_vulnerability(struct vulndb *db, uint32_t ordinal, struct arena *a,
			 struct vulnerability *ret, struct err *e)
{
	struct vulnerability v;
	const uint8_t *p;
	int r = vulndb_facts(db, ordinal, a, &v, e);

	if (r == 0)
		r = vulndb_map_records(&db->map, VULNDB_VULNERABILITIES, ordinal, 1, &p, e);
	if (r == 0 && vulndb_u32(p + 4) != VULNDB_COLD_NONE)
		r = read_text(db, vulndb_u32(p + 4), vulndb_u32(p + 8), a, &v, e);
	if (r == 0)
		*ret = v;
	return r;
}
