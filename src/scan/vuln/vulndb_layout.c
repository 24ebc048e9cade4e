#include <fcntl.h>

#include "base/file.h"
#include "base/time.h"
#include "codec/version.h"
#include "scan/vuln/namespace.h"
#include "scan/vuln/vulndb_layout_priv.h"

enum { BAD_VERSION = UINT32_MAX };

void vulndb_layout_put(struct vulndb_layout *l, enum vulndb_section s, uint64_t v,
		       unsigned int bytes)
{
	vulndb_put(&l->sections[s], v, bytes);
}

uint32_t vulndb_layout_pool(struct vulndb_layout *l, uint32_t number)
{
	struct buf *pool = &l->sections[VULNDB_STRINGS];
	str s = l->b->strings[number];

	if (number == 0)
		return 0;
	if (l->pooled[number] == 0) {
		l->pooled[number] = (uint32_t)pool->n;
		vulndb_put(pool, s.n, 2);
		buf_add(pool, s);
	}
	return l->pooled[number];
}

/* The version's place, made when first asked for; BAD_VERSION when the scheme refuses it. */
static int version_at(struct vulndb_layout *l, enum version_scheme scheme, uint32_t number,
		      uint32_t *ret, struct err *e)
{
	struct buf *out = &l->sections[VULNDB_VERSIONS];
	OWNED_BUF key = BUF_INIT;
	uint32_t *at;
	str text = l->b->strings[number];
	int r;

	if (!l->versions[scheme])
		l->versions[scheme] = calloc(l->b->string_count, sizeof(uint32_t));
	if (!l->versions[scheme])
		return err_set(e, ENOMEM, "no memory for version keys");
	at = &l->versions[scheme][number];
	if (number && *at == 0) {
		r = version_key(scheme, text, &key, NULL);
		if (r == -ENOMEM)
			return err_set(e, ENOMEM, "no memory for version keys");
		if (r < 0 || key.n > VERSION_KEY_MAX) {
			*at = BAD_VERSION;
		} else {
			*at = (uint32_t)out->n;
			vulndb_put(out, text.n, 2);
			vulndb_put(out, key.n, 2);
			buf_add(out, text);
			buf_add(out, buf_str(&key));
		}
	}
	*ret = *at;
	return 0;
}

static void name_bad_version(struct vulndb_layout *l, const struct build_claim *c, uint32_t number)
{
	OWNED_BUF place = BUF_INIT;
	OWNED_BUF why = BUF_INIT;
	const str *s = l->b->strings;

	buf_printf(&place, "%.*s: %.*s %.*s %.*s", STR_ARG(s[l->b->origins[c->origin].name]),
		   STR_ARG(s[c->namespace]), STR_ARG(s[c->package]), STR_ARG(s[c->vulnerability]));
	buf_printf(&why, "'%.*s' is no version of this namespace's scheme",
		   STR_ARG(str_take(s[number], 200)));
	vulndb_builder_problem(l->b, buf_str(&place), buf_cstr(&why));
	l->stats.bad_versions++;
}

/* A claim and the places of its bounds' versions. */
struct placed {
	const struct build_claim *c;
	uint32_t introduced, fixed, last_affected;
	str upper; /* key of the bound above; empty: there is none */
};

/* @return 1 placed, 0 left out for a version, or an error */
static int place_claim(struct vulndb_layout *l, const struct build_claim *c,
		       enum version_scheme scheme, struct placed *ret, struct err *e)
{
	const uint32_t bounds[] = { c->introduced, c->fixed, c->last_affected };
	uint32_t *const at[] = { &ret->introduced, &ret->fixed, &ret->last_affected };

	ret->c = c;
	for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
		int r = version_at(l, scheme, bounds[i], at[i], e);

		if (r < 0)
			return r;
		if (*at[i] == BAD_VERSION) {
			name_bad_version(l, c, bounds[i]);
			return 0;
		}
	}
	return 1;
}

static str key_at(const struct vulndb_layout *l, uint32_t at)
{
	const uint8_t *p = (const uint8_t *)l->sections[VULNDB_VERSIONS].p + at;

	if (at == 0)
		return (str){ 0 };
	return (str){ (const char *)p + 4 + vulndb_u16(p), vulndb_u16(p + 2) };
}

/* What reaches furthest up first, so that a reader may stop where the installed version has left all that follow. */
static int compare_placed(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int r = (x->upper.n == 0) - (y->upper.n == 0);

	if (r == 0)
		r = str_cmp(x->upper, y->upper);
	return r ? -r : (x->c > y->c) - (x->c < y->c);
}

static void put_claim(struct vulndb_layout *l, const struct placed *p)
{
	const struct build_claim *c = p->c;

	vulndb_layout_put(l, VULNDB_CLAIMS, l->ordinal[c->vulnerability], 4);
	vulndb_layout_put(l, VULNDB_CLAIMS, vulndb_layout_pool(l, c->advisory), 4);
	vulndb_layout_put(l, VULNDB_CLAIMS, p->introduced, 4);
	vulndb_layout_put(l, VULNDB_CLAIMS, p->fixed, 4);
	vulndb_layout_put(l, VULNDB_CLAIMS, p->last_affected, 4);
	vulndb_layout_put(l, VULNDB_CLAIMS, vulndb_layout_pool(l, c->arch), 4);
	vulndb_layout_put(l, VULNDB_CLAIMS, vulndb_layout_pool(l, c->module), 4);
	vulndb_layout_put(l, VULNDB_CLAIMS, c->origin, 2);
	vulndb_layout_put(l, VULNDB_CLAIMS, c->state, 1);
	vulndb_layout_put(l, VULNDB_CLAIMS, c->severity, 1);
	l->b->origins[c->origin].claims++;
	l->stats.claims++;
}

static int put_claims_of_package(struct vulndb_layout *l, size_t from, size_t end,
				 enum version_scheme scheme, struct err *e)
{
	OWNED struct placed *placed = calloc(end - from, sizeof(*placed));
	size_t n = 0;

	if (!placed)
		return err_set(e, ENOMEM, "no memory to sort the claims");
	for (size_t i = from; i < end; i++) {
		int r = place_claim(l, &l->b->claims[i], scheme, &placed[n], e);

		if (r < 0)
			return r;
		n += (size_t)r;
	}
	if (buf_error(&l->sections[VULNDB_VERSIONS]) < 0)
		return err_set(e, ENOMEM, "no memory for the database");
	for (size_t i = 0; i < n; i++) {
		placed[i].upper = key_at(l, placed[i].fixed);
		if (placed[i].upper.n == 0)
			placed[i].upper = key_at(l, placed[i].last_affected);
	}
	if (n > 1)
		qsort(placed, n, sizeof(*placed), compare_placed);
	for (size_t i = 0; i < n; i++)
		put_claim(l, &placed[i]);
	return 0;
}

static size_t end_of_run(const struct vulndb_builder *b, size_t from, bool of_package)
{
	const struct build_claim *c = &b->claims[from];
	size_t end = from;

	while (end < b->claim_count && b->claims[end].namespace == c->namespace &&
	       (!of_package || b->claims[end].package == c->package))
		end++;
	return end;
}

static int put_package(struct vulndb_layout *l, size_t from, size_t end, enum version_scheme scheme,
		       struct err *e)
{
	const struct build_claim *c = &l->b->claims[from];
	uint32_t first = (uint32_t)l->stats.claims;
	int r = put_claims_of_package(l, from, end, scheme, e);

	if (r < 0 || l->stats.claims == first)
		return r;
	vulndb_layout_put(l, VULNDB_PACKAGES, c->package_hash, 8);
	vulndb_layout_put(l, VULNDB_PACKAGES, vulndb_layout_pool(l, c->package), 4);
	vulndb_layout_put(l, VULNDB_PACKAGES, first, 4);
	vulndb_layout_put(l, VULNDB_PACKAGES, l->stats.claims - first, 4);
	vulndb_layout_put(l, VULNDB_PACKAGES, 0, 4);
	l->stats.packages++;
	return 0;
}

static int put_namespace(struct vulndb_layout *l, size_t from, size_t end, struct err *e)
{
	str name = l->b->strings[l->b->claims[from].namespace];
	const struct namespace_rule *rule = namespace_find(name);
	uint64_t claims = l->stats.claims, packages = l->stats.packages;

	for (size_t i = from; i < end;) {
		size_t next = end_of_run(l->b, i, true);
		int r = put_package(l, i, next, rule->scheme, e);

		if (r < 0)
			return r;
		i = next;
	}
	vulndb_layout_put(l, VULNDB_NAMESPACES, vulndb_layout_pool(l, l->b->claims[from].namespace),
			  4);
	vulndb_layout_put(l, VULNDB_NAMESPACES, 0, 4);
	vulndb_layout_put(l, VULNDB_NAMESPACES, packages, 4);
	vulndb_layout_put(l, VULNDB_NAMESPACES, l->stats.packages - packages, 4);
	vulndb_layout_put(l, VULNDB_NAMESPACES, l->stats.claims - claims, 4);
	vulndb_layout_put(l, VULNDB_NAMESPACES, 0, 4);
	l->stats.namespaces++;
	return 0;
}

static int put_claims(struct vulndb_layout *l, struct err *e)
{
	for (size_t i = 0; i < l->b->origin_count; i++)
		l->b->origins[i].claims = 0;
	for (size_t i = 0; i < l->b->claim_count;) {
		size_t end = end_of_run(l->b, i, false);
		int r = put_namespace(l, i, end, e);

		if (r < 0)
			return r;
		i = end;
	}
	for (size_t i = 0; i < l->b->origin_count; i++) {
		const struct build_origin *o = &l->b->origins[i];

		vulndb_layout_put(l, VULNDB_ORIGINS, vulndb_layout_pool(l, o->name), 4);
		vulndb_layout_put(l, VULNDB_ORIGINS, o->claims, 4);
		vulndb_layout_put(l, VULNDB_ORIGINS, (uint64_t)o->as_of_s, 8);
	}
	return 0;
}

static int lay_out(struct vulndb_layout *l, struct err *e)
{
	int r;

	/* Place 0 of both pools means "none". */
	vulndb_layout_put(l, VULNDB_STRINGS, 0, 4);
	vulndb_layout_put(l, VULNDB_VERSIONS, 0, 4);
	r = vulndb_layout_facts(l, e);
	if (r == 0)
		r = put_claims(l, e);
	if (r == 0)
		r = vulndb_layout_aliases(l, e);
	for (size_t i = 0; r == 0 && i < VULNDB_SECTION_COUNT; i++) {
		if (buf_error(&l->sections[i]) < 0)
			r = err_set(e, ENOMEM, "no memory for the database");
		else if (i != VULNDB_COLD && l->sections[i].n > UINT32_MAX)
			r = err_set(e, E2BIG, "a table of the database is beyond 4 GiB");
	}
	return r;
}

static int assemble(struct vulndb_layout *l, struct buf *out, struct err *e)
{
	int64_t built, newest = 0;
	size_t header = out->n;
	uint8_t *at;

	if (header != 0)
		return err_set(e, EINVAL, "the database must start its buffer");
	if (time_parse(l->o->built, &built) < 0)
		return err_set(e, EINVAL, "'%.*s' is no time in RFC 3339", STR_ARG(l->o->built));
	for (size_t i = 0; i < l->b->origin_count; i++)
		newest = MAX(newest, l->b->origins[i].as_of_s);
	at = (uint8_t *)buf_reserve(out, VULNDB_HEADER_BYTES);
	if (!at)
		return err_set(e, ENOMEM, "no memory for the database");
	memset(at, 0, VULNDB_HEADER_BYTES);
	memcpy(at, VULNDB_MAGIC, 8);
	vulndb_set(at + VULNDB_AT_FORMAT, VULNDB_FORMAT, 4);
	vulndb_set(at + VULNDB_AT_SECTIONS, VULNDB_SECTION_COUNT, 4);
	vulndb_set(at + VULNDB_AT_BUILT, (uint64_t)built, 8);
	vulndb_set(at + VULNDB_AT_NEWEST, (uint64_t)newest, 8);
	out->n = VULNDB_HEADER_BYTES;
	for (size_t i = 0; i < VULNDB_SECTION_COUNT; i++) {
		uint8_t entry[16];

		while (out->n % VULNDB_ALIGN && buf_error(out) == 0)
			buf_byte(out, '\0');
		vulndb_set(entry, out->n, 8);
		vulndb_set(entry + 8, l->sections[i].n, 8);
		buf_add(out, buf_str(&l->sections[i]));
		if (buf_error(out) < 0)
			return err_set(e, ENOMEM, "no memory for the database");
		memcpy(out->p + VULNDB_AT_SECTION_TABLE + i * sizeof(entry), entry, sizeof(entry));
		buf_done(&l->sections[i]);
	}
	return vulndb_seal(out, l->o->private_seed, e);
}

int vulndb_builder_render(struct vulndb_builder *b, const struct vulndb_build_options *o,
			  struct buf *out, struct vulndb_build_stats *ret, struct err *e)
{
	struct vulndb_layout l = { .b = b, .o = o };
	int r = vulndb_builder_rank(b, e);

	if (r == 0)
		r = vulndb_builder_join(b, o->facts_of_claims_only, e);
	if (r == 0)
		r = vulndb_builder_merge_claims(b, e);
	if (r == 0) {
		l.pooled = calloc(b->string_count, sizeof(*l.pooled));
		l.ordinal = calloc(b->string_count, sizeof(*l.ordinal));
		r = l.pooled && l.ordinal ? lay_out(&l, e)
					  : err_set(e, ENOMEM, "no memory for the database");
	}
	if (r == 0)
		r = assemble(&l, out, e);
	for (size_t i = 0; i < VULNDB_SECTION_COUNT; i++)
		buf_done(&l.sections[i]);
	for (size_t i = 0; i < VERSION_SCHEME_COUNT; i++)
		free(l.versions[i]);
	free(l.pooled);
	free(l.ordinal);
	if (r < 0)
		return r;
	l.stats.bytes = out->n;
	l.stats.unreadable = b->problem_total - l.stats.bad_versions;
	*ret = l.stats;
	return 0;
}

int vulndb_builder_write(struct vulndb_builder *b, const char *path,
			 const struct vulndb_build_options *o, struct vulndb_build_stats *ret,
			 struct err *e)
{
	OWNED_BUF file = BUF_INIT;
	struct vulndb_build_stats stats;
	int r = vulndb_builder_render(b, o, &file, &stats, e);

	if (r == 0)
		r = file_write_atomic(AT_FDCWD, path, buf_str(&file), 0644, e);
	if (r == 0)
		*ret = stats;
	return r;
}
