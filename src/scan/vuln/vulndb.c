#include "scan/vuln/vulndb_priv.h"

#include "base/time.h"

int vulndb_open_memory(str bytes, struct vulndb **ret, struct err *e)
{
	struct vulndb *db = calloc(1, sizeof(*db));
	int r;

	if (!db)
		return err_set(e, ENOMEM, "no memory to open the vulnerability database");
	r = vulndb_map_memory(bytes, &db->map, e);
	if (r < 0) {
		free(db);
		return r;
	}
	*ret = db;
	return 0;
}

int vulndb_open(const char *path, const uint8_t (*trusted_keys)[32], size_t trusted_key_count,
		struct vulndb **ret, struct err *e)
{
	struct vulndb *db = calloc(1, sizeof(*db));
	int r;

	if (db)
		db->path = strdup(path);
	if (!db || !db->path) {
		vulndb_close(db);
		return err_set(e, ENOMEM, "no memory to open the vulnerability database");
	}
	r = vulndb_map_open(path, &db->map, e);
	if (r == 0 && trusted_key_count) {
		r = vulndb_map_check_signature(&db->map, trusted_keys, trusted_key_count, e);
		if (r < 0)
			r = err_wrap(e, r, "'%s'", path);
	}
	if (r < 0) {
		vulndb_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

void vulndb_close(struct vulndb *db)
{
	if (!db)
		return;
	if (db->map.p)
		vulndb_map_done(&db->map);
	vulndb_cold_done(&db->cold);
	free(db->path);
	free(db);
}

/* @return the number of a section's record by the name it begins with, which it is sorted by; -ENOENT without a sentence, or why
 * it cannot be read */
static int find_named(struct vulndb *db, enum vulndb_section s, str name, uint32_t *ret,
		      struct err *e)
{
	uint32_t low = 0, high = db->map.sections[s].records;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const uint8_t *p;
		str at;
		int r = vulndb_map_records(&db->map, s, mid, 1, &p, e);

		if (r == 0)
			r = vulndb_map_string(&db->map, vulndb_u32(p), &at, e);
		if (r < 0)
			return r;
		r = str_cmp(name, at);
		if (r == 0) {
			*ret = mid;
			return 0;
		}
		if (r < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return -ENOENT;
}

/* The namespace's record; NULL in *ret when there is none. */
static int find_namespace(struct vulndb *db, str name, const uint8_t **ret, struct err *e)
{
	uint32_t at;
	int r = find_named(db, VULNDB_NAMESPACES, name, &at, e);

	*ret = NULL;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return vulndb_map_records(&db->map, VULNDB_NAMESPACES, at, 1, ret, e);
}

bool vulndb_has_namespace(struct vulndb *db, str namespace)
{
	const uint8_t *p;

	return find_namespace(db, namespace, &p, NULL) == 0 && p;
}

/* The first of the `count` records from `first` whose leading u64 is at least `hash`. */
static int lower_bound(struct vulndb *db, enum vulndb_section s, uint32_t first, uint32_t count,
		       uint64_t hash, uint32_t *ret, struct err *e)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const uint8_t *p;
		int r = vulndb_map_records(&db->map, s, first + mid, 1, &p, e);

		if (r < 0)
			return r;
		if (vulndb_u64(p) < hash)
			low = mid + 1;
		else
			high = mid;
	}
	*ret = first + low;
	return 0;
}

static int find_package(struct vulndb *db, const uint8_t *namespace, str package,
			const uint8_t **ret, struct err *e)
{
	uint32_t first = vulndb_u32(namespace + 8), count = vulndb_u32(namespace + 12);
	uint64_t hash = str_hash(package);
	uint32_t total = db->map.sections[VULNDB_PACKAGES].records, at;
	int r;

	*ret = NULL;
	if (first > total || count > total - first)
		return err_set(e, EBADMSG, "the vulnerability database's package table is damaged");
	r = lower_bound(db, VULNDB_PACKAGES, first, count, hash, &at, e);
	for (; r == 0 && at < first + count; at++) {
		const uint8_t *p;
		str name;

		r = vulndb_map_records(&db->map, VULNDB_PACKAGES, at, 1, &p, e);
		if (r < 0 || vulndb_u64(p) != hash)
			return r;
		r = vulndb_map_string(&db->map, vulndb_u32(p + 8), &name, e);
		if (r == 0 && str_eq(name, package)) {
			*ret = p;
			return 0;
		}
	}
	return r;
}

static int read_origin(struct vulndb *db, uint16_t ordinal, str *ret, struct err *e)
{
	const uint8_t *p;
	int r = vulndb_map_records(&db->map, VULNDB_ORIGINS, ordinal, 1, &p, e);

	return r < 0 ? r : vulndb_map_string(&db->map, vulndb_u32(p), ret, e);
}

static int read_bounds(struct vulndb_map *m, const uint8_t *p, struct vulndb_claim *c,
		       struct err *e)
{
	int r = vulndb_map_version(m, vulndb_u32(p + 8), &c->introduced, &c->introduced_key, e);

	if (r == 0)
		r = vulndb_map_version(m, vulndb_u32(p + 12), &c->fixed, &c->fixed_key, e);
	if (r == 0)
		r = vulndb_map_version(m, vulndb_u32(p + 16), &c->last_affected,
				       &c->last_affected_key, e);
	return r;
}

/* "nodejs:12 cpe:/a:redhat:..." */
static void split_restriction(str both, struct vulndb_claim *c)
{
	if (!str_starts(both, S("cpe:")))
		c->module = str_cut(&both, ' ');
	c->products = both;
}

static int read_rest(struct vulndb *db, const uint8_t *p, struct vulndb_claim *c, struct err *e)
{
	struct vulndb_map *m = &db->map;
	str restriction = { 0 };
	int r = vulndb_map_string(m, vulndb_u32(p + 4), &c->advisory, e);

	if (r == 0)
		r = vulndb_map_string(m, vulndb_u32(p + 20), &c->arch, e);
	if (r == 0)
		r = vulndb_map_string(m, vulndb_u32(p + 24), &restriction, e);
	if (r == 0)
		r = read_origin(db, vulndb_u16(p + 28), &c->origin, e);
	if (r < 0)
		return r;
	split_restriction(restriction, c);
	c->vulnerability = vulndb_u32(p);
	if (c->vulnerability >= m->sections[VULNDB_VULNERABILITIES].records ||
	    p[30] >= FIX_STATE_COUNT || p[31] >= SEVERITY_COUNT)
		return err_set(e, EBADMSG, "the vulnerability database holds a malformed claim");
	c->state = (enum fix_state)p[30];
	c->severity = (enum severity)p[31];
	return 0;
}

int vulndb_claim_compare(const struct vulndb_claim *a, const struct vulndb_claim *b)
{
	const uint32_t of_a[] = { a->vulnerability, a->state },
		       of_b[] = { b->vulnerability, b->state };
	const str texts_a[] = { a->introduced, a->fixed,    a->last_affected, a->arch,
				a->module,     a->products, a->advisory,      a->origin };
	const str texts_b[] = { b->introduced, b->fixed,    b->last_affected, b->arch,
				b->module,     b->products, b->advisory,      b->origin };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(of_a); i++)
		if (of_a[i] != of_b[i])
			return of_a[i] < of_b[i] ? -1 : 1;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(texts_a); i++)
		r = str_cmp(texts_a[i], texts_b[i]);
	return r ? r : (a->severity > b->severity) - (a->severity < b->severity);
}

static int compare_claims(const void *a, const void *b)
{
	return vulndb_claim_compare(a, b);
}

static str upper_key(const struct vulndb_claim *c)
{
	return c->fixed_key.n ? c->fixed_key : c->last_affected_key;
}

/* Takes what it sees, and sees that no claim is in the wrong place: one that is would be missed by those who stop. */
struct all {
	str upper; /* of the claim before */
	bool is_first, is_disordered;
};

static enum vulndb_verdict take_all(void *ctx, const struct vulndb_claim *c)
{
	struct all *all = ctx;
	str upper = upper_key(c);

	if (!all->is_first && all->upper.n && (upper.n == 0 || str_cmp(upper, all->upper) > 0))
		all->is_disordered = true;
	all->is_first = false;
	all->upper = upper;
	return VULNDB_TAKE;
}

/* The claims that the filter takes; memory is only spent on those. */
static int read_wanted(struct vulndb *db, uint32_t first, uint32_t count,
		       const struct vulndb_filter *filter, struct arena *a,
		       struct vulndb_claim **ret, struct err *e)
{
	const uint32_t record = vulndb_record_bytes(VULNDB_CLAIMS);
	struct vulndb_claim *claims = NULL;
	size_t kept = 0, cap = 0;

	if (count > INT32_MAX || (uint64_t)first + count > UINT32_MAX)
		return err_set(e, EBADMSG, "the vulnerability database holds too many claims");
	for (uint32_t i = 0; i < count; i++) {
		struct vulndb_claim c = { 0 }, *at;
		enum vulndb_verdict verdict;
		const uint8_t *p;
		int r = vulndb_map_bytes(&db->map, VULNDB_CLAIMS, ((uint64_t)first + i) * record,
					 record, &p, e);

		if (r == 0)
			r = read_bounds(&db->map, p, &c, e);
		if (r < 0)
			return r;
		verdict = filter->judge(filter->ctx, &c);
		if (verdict == VULNDB_STOP)
			break;
		if (verdict == VULNDB_SKIP)
			continue;
		r = read_rest(db, p, &c, e);
		if (r < 0)
			return r;
		at = ARENA_PUSH(a, claims, kept, cap);
		if (!at)
			return err_set(e, ENOBUFS, "memory budget spent on claims");
		*at = c;
	}
	*ret = claims;
	return (int)kept;
}

int vulndb_read_claims(struct vulndb *db, uint32_t first, uint32_t count, struct arena *a,
		       struct vulndb_claim **ret, struct err *e)
{
	struct all all = { .is_first = true };
	const struct vulndb_filter filter = { .judge = take_all, .ctx = &all };
	int n = read_wanted(db, first, count, &filter, a, ret, e);

	if (n >= 0 && all.is_disordered)
		return err_set(e, EBADMSG,
			       "the vulnerability database holds claims in the wrong order");
	if (n > 1)
		qsort(*ret, (size_t)n, sizeof(**ret), compare_claims);
	return n;
}

/* The package's record; NULL in *ret when there is none. */
static int find_claims(struct vulndb *db, str namespace, str package, const uint8_t **ret,
		       struct err *e)
{
	const uint8_t *p = NULL;
	int r = find_namespace(db, namespace, &p, e);

	if (r == 0 && p)
		r = find_package(db, p, package, &p, e);
	if (r == 0)
		*ret = p;
	return r;
}

int vulndb_find_wanted(struct vulndb *db, str namespace, str package,
		       const struct vulndb_filter *filter, struct arena *a,
		       struct vulndb_claim **ret, struct err *e)
{
	const uint8_t *p;
	int r = find_claims(db, namespace, package, &p, e);

	if (r < 0 || !p)
		return r;
	return read_wanted(db, vulndb_u32(p + 12), vulndb_u32(p + 16), filter, a, ret, e);
}

int vulndb_find(struct vulndb *db, str namespace, str package, struct arena *a,
		struct vulndb_claim **ret, struct err *e)
{
	const uint8_t *p;
	int r = find_claims(db, namespace, package, &p, e);

	if (r < 0 || !p)
		return r;
	return vulndb_read_claims(db, vulndb_u32(p + 12), vulndb_u32(p + 16), a, ret, e);
}

int vulndb_vulnerability_id(struct vulndb *db, uint32_t ordinal, str *ret, struct err *e)
{
	const uint8_t *p;
	int r = vulndb_map_records(&db->map, VULNDB_VULNERABILITIES, ordinal, 1, &p, e);

	return r < 0 ? r : vulndb_map_string(&db->map, vulndb_u32(p), ret, e);
}

int vulndb_find_vulnerability(struct vulndb *db, str id, uint32_t *ret_ordinal, struct err *e)
{
	uint32_t at, count = db->map.sections[VULNDB_ALIASES].records;
	uint64_t hash = str_hash(id);
	int r = find_named(db, VULNDB_VULNERABILITIES, id, ret_ordinal, e);

	if (r != -ENOENT)
		return r;
	r = lower_bound(db, VULNDB_ALIASES, 0, count, hash, &at, e);
	for (; r == 0 && at < count; at++) {
		const uint8_t *p;
		str alias;

		r = vulndb_map_records(&db->map, VULNDB_ALIASES, at, 1, &p, e);
		if (r < 0)
			return r;
		if (vulndb_u64(p) != hash)
			break;
		r = vulndb_map_string(&db->map, vulndb_u32(p + 12), &alias, e);
		if (r < 0 || !str_eq(alias, id))
			continue;
		if (vulndb_u32(p + 8) >= db->map.sections[VULNDB_VULNERABILITIES].records)
			return err_set(e, EBADMSG,
				       "the vulnerability database's alias table is damaged");
		*ret_ordinal = vulndb_u32(p + 8);
		return 0;
	}
	if (r < 0)
		return r;
	return err_set(e, ENOENT, "the vulnerability database knows no '%.*s'", STR_ARG(id));
}

void vulndb_info(const struct vulndb *db, struct arena *a, struct database_info *ret)
{
	const uint8_t *h = db->map.p;
	char text[DIGEST_TEXT_BYTES], built[TIME_TEXT_BYTES];

	time_render((int64_t)MIN(vulndb_u64(h + VULNDB_AT_BUILT), (uint64_t)INT64_MAX), built);
	*ret = (struct database_info){
		.path = arena_str(a, str_from(db->path)),
		.built = arena_str(a, str_from(built)),
		.format = vulndb_u32(h + VULNDB_AT_FORMAT),
		.claims = db->map.sections[VULNDB_CLAIMS].records,
		.vulnerabilities = db->map.sections[VULNDB_VULNERABILITIES].records,
		.age_s = -1,
	};
	digest_render(h + VULNDB_AT_ROOT, text);
	ret->digest = arena_str(a, str_from(text));
	if (vulndb_map_is_signed(&db->map)) {
		hex_render(h + VULNDB_AT_KEY_ID, VULNDB_KEY_ID_BYTES, text);
		ret->signer = arena_str(a, str_from(text));
	}
}

uint64_t vulndb_newest_data(const struct vulndb *db)
{
	return vulndb_u64(db->map.p + VULNDB_AT_NEWEST);
}

int vulndb_verify(struct vulndb *db, struct err *e)
{
	return vulndb_map_verify(&db->map, e);
}

int vulndb_check_signature(const struct vulndb *db, const uint8_t (*keys)[32], size_t count,
			   struct err *e)
{
	return vulndb_map_check_signature(&db->map, keys, count, e);
}
