/*
 * A file that anyone may have written. As it is, it opens or is refused as malformed or of another format. With its
 * hashes made right, so that the reader has nothing but its own checks left: every span it hands out lies inside the
 * file, every claim names a vulnerability that exists, keys compare, a filter that takes all misses none, and damage is
 * -EBADMSG and nothing else.
 */
#include "fuzz.h"

#include "scan/vuln/vulndb_format_priv.h"
#include "scan/vuln/vulndb_tables.h"

enum { MOST = 64 };

static str file;

static bool is_inside(str s)
{
	return s.n == 0 ||
	       (s.p >= file.p && s.n <= file.n && (size_t)(s.p - file.p) <= file.n - s.n);
}

static bool is_refusal(int r)
{
	return r == -EBADMSG || r == -ENOBUFS;
}

static void check_claims(struct vulndb *db, const struct vulndb_claim *claims, int n)
{
	for (int i = 0; i < n; i++) {
		const struct vulndb_claim *c = &claims[i];

		assert(c->vulnerability < vulndb_vulnerability_count(db));
		assert(is_inside(c->advisory) && is_inside(c->fixed) && is_inside(c->fixed_key));
		assert(is_inside(c->introduced_key) && is_inside(c->last_affected_key));
		assert(is_inside(c->arch) && is_inside(c->module) && is_inside(c->origin));
		assert(c->state < FIX_STATE_COUNT && c->severity < SEVERITY_COUNT);
	}
}

static enum vulndb_verdict take(void *ctx UNUSED, const struct vulndb_claim *bounds)
{
	assert(is_inside(bounds->fixed_key) && is_inside(bounds->last_affected_key));
	return VULNDB_TAKE;
}

static void walk_package(struct vulndb *db, str namespace, const struct vulndb_package *p)
{
	const struct vulndb_filter all = { .judge = take };
	struct vulndb_claim *claims = NULL;
	struct arena a;
	int n, taken;

	arena_init(&a, 8u << 20);
	assert(is_inside(p->name));
	n = vulndb_package_claims(db, p, &a, &claims, NULL);
	assert(n >= 0 || is_refusal(n));
	check_claims(db, claims, n);
	n = vulndb_find(db, namespace, p->name, &a, &claims, NULL);
	assert(n >= 0 || is_refusal(n));
	check_claims(db, claims, n);
	taken = vulndb_find_wanted(db, namespace, p->name, &all, &a, &claims, NULL);
	assert(taken >= 0 ? n == taken || is_refusal(n) : is_refusal(taken));
	check_claims(db, claims, taken);
	arena_done(&a);
}

static void walk_namespaces(struct vulndb *db)
{
	for (uint32_t i = 0; i < MIN(vulndb_namespace_count(db), (uint32_t)MOST); i++) {
		struct vulndb_namespace n;

		if (vulndb_namespace_at(db, i, &n, NULL) < 0)
			continue;
		assert(is_inside(n.name));
		vulndb_has_namespace(db, n.name);
		for (uint32_t k = 0; k < MIN(n.packages, (uint32_t)MOST); k++) {
			struct vulndb_package p;

			if (vulndb_package_at(db, n.first_package + k, &p, NULL) == 0)
				walk_package(db, n.name, &p);
		}
	}
}

static void walk_vulnerabilities(struct vulndb *db)
{
	for (uint32_t i = 0; i < MIN(vulndb_vulnerability_count(db), (uint32_t)MOST); i++) {
		struct vulnerability v;
		struct arena a;
		uint32_t found;
		int r;

		arena_init(&a, 32u << 20);
		r = vulndb_vulnerability(db, i, &a, &v, NULL);
		assert(r == 0 || is_refusal(r));
		if (r == 0) {
			assert(is_inside(v.id) && v.cvss_count <= VULNERABILITY_MAX_CVSS);
			assert(v.epss <= 1 && v.severity < SEVERITY_COUNT);
			r = vulndb_find_vulnerability(db, v.id, &found, NULL);
			assert(r == 0 || r == -ENOENT || is_refusal(r));
			r = vulndb_find_vulnerability(db, v.aliases, &found, NULL);
			assert(r == 0 || r == -ENOENT || is_refusal(r));
		}
		arena_done(&a);
	}
}

static void open_sealed(struct buf *b)
{
	struct vulndb *db = NULL;
	int r;

	memcpy(b->p, VULNDB_MAGIC, 8);
	vulndb_set((uint8_t *)b->p + VULNDB_AT_FORMAT, VULNDB_FORMAT, 4);
	vulndb_set((uint8_t *)b->p + VULNDB_AT_SECTIONS, VULNDB_SECTION_COUNT, 4);
	if (vulndb_seal(b, NULL, NULL) < 0)
		return;
	file = buf_str(b);
	r = vulndb_open_memory(file, &db, NULL);
	assert(r == 0 || r == -EBADMSG);
	if (r < 0)
		return;
	assert(vulndb_verify(db, NULL) == 0);
	walk_namespaces(db);
	walk_vulnerabilities(db);
	vulndb_close(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWNED_BUF b = BUF_INIT;
	struct vulndb *db = NULL;
	int r = vulndb_open_memory((str){ (const char *)data, size }, &db, NULL);

	assert(r == 0 || r == -EBADMSG || r == -EPROTO);
	vulndb_close(db);
	buf_add(&b, (str){ (const char *)data, size });
	while (b.n < VULNDB_HEADER_BYTES && buf_error(&b) == 0)
		buf_byte(&b, '\0');
	if (buf_error(&b) == 0)
		open_sealed(&b);
	return 0;
}
