#include <fcntl.h>

#include "base/file.h"
#include "base/time.h"
#include "codec/version.h"
#include "codec/zstd.h"
#include "scan/vuln/namespace.h"
#include "scan/vuln/vulndb_build_priv.h"

enum {
	DICT_BYTES = 64 * 1024,
	DICT_SAMPLE_BYTES = 4 * 1024 * 1024,
	COLD_LEVEL = 17,
	BAD_VERSION = UINT32_MAX,
};

/* The file while it is laid out. Arrays are by string number; 0 means not yet in the file. */
struct layout {
	struct vulndb_builder *b;
	const struct vulndb_build_options *o;
	struct buf sections[VULNDB_SECTION_COUNT];
	uint32_t *pooled;
	uint32_t *versions[VERSION_SCHEME_COUNT];
	uint32_t *ordinal; /**< of the vulnerability with that id */
	struct vulndb_build_stats stats;
};

static void put(struct layout *l, enum vulndb_section s, uint64_t v, unsigned int bytes)
{
	vulndb_put(&l->sections[s], v, bytes);
}

/* The string's place in the pool, where it is put when first asked for: what is used together lies together. */
static uint32_t pool(struct layout *l, uint32_t number)
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
static int version_at(struct layout *l, enum version_scheme scheme, uint32_t number, uint32_t *ret,
		      struct err *e)
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

static void name_bad_version(struct layout *l, const struct build_claim *c, uint32_t number)
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

/* @return 1 written, 0 left out for its version, or an error */
static int put_claim(struct layout *l, const struct build_claim *c, enum version_scheme scheme,
		     struct err *e)
{
	const uint32_t bounds[] = { c->introduced, c->fixed, c->last_affected };
	uint32_t at[ARRAY_LEN(bounds)];

	for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
		int r = version_at(l, scheme, bounds[i], &at[i], e);

		if (r < 0)
			return r;
		if (at[i] == BAD_VERSION) {
			name_bad_version(l, c, bounds[i]);
			return 0;
		}
	}
	put(l, VULNDB_CLAIMS, l->ordinal[c->vulnerability], 4);
	put(l, VULNDB_CLAIMS, pool(l, c->advisory), 4);
	for (size_t i = 0; i < ARRAY_LEN(bounds); i++)
		put(l, VULNDB_CLAIMS, at[i], 4);
	put(l, VULNDB_CLAIMS, pool(l, c->arch), 4);
	put(l, VULNDB_CLAIMS, pool(l, c->module), 4);
	put(l, VULNDB_CLAIMS, c->origin, 2);
	put(l, VULNDB_CLAIMS, c->state, 1);
	put(l, VULNDB_CLAIMS, c->severity, 1);
	l->b->origins[c->origin].claims++;
	l->stats.claims++;
	return 1;
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

static int put_package(struct layout *l, size_t from, size_t end, enum version_scheme scheme,
		       struct err *e)
{
	const struct build_claim *c = &l->b->claims[from];
	uint32_t first = (uint32_t)l->stats.claims;

	for (size_t i = from; i < end; i++) {
		int r = put_claim(l, &l->b->claims[i], scheme, e);

		if (r < 0)
			return r;
	}
	if (l->stats.claims == first)
		return 0;
	put(l, VULNDB_PACKAGES, c->package_hash, 8);
	put(l, VULNDB_PACKAGES, pool(l, c->package), 4);
	put(l, VULNDB_PACKAGES, first, 4);
	put(l, VULNDB_PACKAGES, l->stats.claims - first, 4);
	put(l, VULNDB_PACKAGES, 0, 4);
	l->stats.packages++;
	return 0;
}

static int put_namespace(struct layout *l, size_t from, size_t end, struct err *e)
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
	put(l, VULNDB_NAMESPACES, pool(l, l->b->claims[from].namespace), 4);
	put(l, VULNDB_NAMESPACES, 0, 4);
	put(l, VULNDB_NAMESPACES, packages, 4);
	put(l, VULNDB_NAMESPACES, l->stats.packages - packages, 4);
	put(l, VULNDB_NAMESPACES, l->stats.claims - claims, 4);
	put(l, VULNDB_NAMESPACES, 0, 4);
	l->stats.namespaces++;
	return 0;
}

static int put_claims(struct layout *l, struct err *e)
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

		put(l, VULNDB_ORIGINS, pool(l, o->name), 4);
		put(l, VULNDB_ORIGINS, o->claims, 4);
		put(l, VULNDB_ORIGINS, (uint64_t)o->as_of_s, 8);
	}
	return 0;
}

static void add_list(struct buf *out, const struct vulndb_builder *b, const struct build_ids *l)
{
	for (size_t i = 0; i < l->count; i++) {
		if (i)
			buf_byte(out, ' ');
		buf_add(out, b->strings[l->items[i]]);
	}
}

/* At most `max` bytes, never in the middle of a UTF-8 sequence. */
static str cut_text(str s, uint32_t max)
{
	size_t n = max;

	if (max == 0 || s.n <= max)
		return s;
	while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return str_take(s, n);
}

/* One vulnerability's text: five lengths, then the fields. Nothing at all when every field is empty. */
static void render_text(struct layout *l, const struct build_fact *f, struct buf *out)
{
	const str plain[] = { f->title, cut_text(f->description, l->o->description_max) };
	const struct build_ids *const lists[] = { &f->references, &f->aliases, &f->cwes };
	size_t head = out->n, field = 0;
	const size_t lengths = (size_t)VULNDB_COLD_FIELDS * 4;

	for (size_t i = 0; i < lengths; i++)
		buf_byte(out, '\0');
	for (size_t i = 0; i < VULNDB_COLD_FIELDS; i++) {
		size_t before = out->n;

		if (i < ARRAY_LEN(plain))
			buf_add(out, plain[i]);
		else
			add_list(out, l->b, lists[i - ARRAY_LEN(plain)]);
		if (buf_error(out) == 0)
			vulndb_set((uint8_t *)out->p + head + 4 * field++, out->n - before, 4);
	}
	if (buf_error(out) == 0 && out->n == head + lengths)
		out->n = head;
}

static int train(struct layout *l, struct err *e)
{
	OWNED_BUF samples = BUF_INIT;
	size_t step = l->b->fact_count / 8192 + 1, count = 0;
	OWNED size_t *sizes = calloc(l->b->fact_count / step + 1, sizeof(*sizes));

	if (!sizes)
		return err_set(e, ENOMEM, "no memory to train a dictionary");
	for (size_t i = 0; i < l->b->fact_count && samples.n < DICT_SAMPLE_BYTES; i += step) {
		size_t before = samples.n;

		render_text(l, &l->b->facts[i], &samples);
		if (samples.n > before)
			sizes[count++] = samples.n - before;
	}
	if (buf_error(&samples) < 0)
		return err_set(e, ENOMEM, "no memory to train a dictionary");
	/* A dictionary is only worth its bytes when it is small against what it serves. */
	if (samples.n < (size_t)8 * DICT_BYTES)
		return 0;
	return zstd_train(buf_str(&samples), sizes, (uint32_t)count, DICT_BYTES,
			  &l->sections[VULNDB_COLD_DICT], e);
}

static int flush_cold(struct layout *l, struct zstd_packer *packer, struct buf *raw, struct err *e)
{
	struct buf *cold = &l->sections[VULNDB_COLD];
	size_t before = cold->n;
	int r;

	if (raw->n == 0)
		return 0;
	if (raw->n > VULNDB_COLD_RAW_MAX)
		return err_set(e, E2BIG, "the text of one vulnerability is over 16 MiB");
	r = zstd_pack(packer, buf_str(raw), cold, e);
	if (r < 0)
		return r;
	put(l, VULNDB_COLD_INDEX, before, 8);
	put(l, VULNDB_COLD_INDEX, cold->n - before, 4);
	put(l, VULNDB_COLD_INDEX, raw->n, 4);
	buf_reset(raw);
	return 0;
}

static void put_cvss(struct layout *l, const struct build_fact *f)
{
	for (size_t i = 0; i < f->cvss_count; i++) {
		put(l, VULNDB_CVSS, pool(l, f->cvss[i].source), 4);
		put(l, VULNDB_CVSS, pool(l, f->cvss[i].vector), 4);
		put(l, VULNDB_CVSS, f->cvss[i].tenths, 2);
		put(l, VULNDB_CVSS, 0, 2);
	}
}

static void put_vulnerability(struct layout *l, const struct build_fact *f, uint32_t block,
			      uint32_t offset)
{
	uint32_t cvss = (uint32_t)(l->sections[VULNDB_CVSS].n / vulndb_record_bytes(VULNDB_CVSS));

	put(l, VULNDB_VULNERABILITIES, pool(l, f->id), 4);
	put(l, VULNDB_VULNERABILITIES, block, 4);
	put(l, VULNDB_VULNERABILITIES, offset, 4);
	put(l, VULNDB_VULNERABILITIES, cvss, 4);
	put(l, VULNDB_VULNERABILITIES, f->poc_count, 4);
	put(l, VULNDB_VULNERABILITIES, f->epss_millionths, 4);
	put(l, VULNDB_VULNERABILITIES, f->percentile, 2);
	put(l, VULNDB_VULNERABILITIES, f->exploit_flags, 2);
	put(l, VULNDB_VULNERABILITIES, f->published, 2);
	put(l, VULNDB_VULNERABILITIES, f->modified, 2);
	put(l, VULNDB_VULNERABILITIES, f->kev, 2);
	put(l, VULNDB_VULNERABILITIES, f->cvss_count, 1);
	put(l, VULNDB_VULNERABILITIES, f->severity, 1);
	put(l, VULNDB_VULNERABILITIES, f->withdrawn, 1);
	put(l, VULNDB_VULNERABILITIES, 0, 3);
	put_cvss(l, f);
}

static int put_facts(struct layout *l, struct zstd_packer *packer, struct err *e)
{
	OWNED_BUF raw = BUF_INIT;
	uint32_t block = 0;

	for (size_t i = 0; i < l->b->fact_count; i++) {
		const struct build_fact *f = &l->b->facts[i];
		size_t offset = raw.n;

		render_text(l, f, &raw);
		if (buf_error(&raw) < 0)
			return err_set(e, ENOMEM, "no memory for descriptions");
		put_vulnerability(l, f, raw.n > offset ? block : VULNDB_COLD_NONE,
				  (uint32_t)offset);
		l->ordinal[f->id] = (uint32_t)i;
		if (raw.n >= VULNDB_COLD_RAW_BYTES) {
			int r = flush_cold(l, packer, &raw, e);

			if (r < 0)
				return r;
			block++;
		}
	}
	l->stats.vulnerabilities = l->b->fact_count;
	return flush_cold(l, packer, &raw, e);
}

struct alias {
	uint64_t hash;
	uint32_t ordinal, number;
};

static int compare_aliases(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static int put_aliases(struct layout *l, struct err *e)
{
	size_t count = 0;
	OWNED struct alias *all = NULL;

	for (size_t i = 0; i < l->b->fact_count; i++)
		count += l->b->facts[i].aliases.count;
	all = calloc(count + 1, sizeof(*all));
	if (!all)
		return err_set(e, ENOMEM, "no memory for aliases");
	count = 0;
	for (uint32_t i = 0; i < l->b->fact_count; i++) {
		const struct build_ids *ids = &l->b->facts[i].aliases;

		for (size_t k = 0; k < ids->count; k++)
			all[count++] = (struct alias){ str_hash(l->b->strings[ids->items[k]]), i,
						       ids->items[k] };
	}
	qsort(all, count, sizeof(*all), compare_aliases);
	for (size_t i = 0; i < count; i++) {
		put(l, VULNDB_ALIASES, all[i].hash, 8);
		put(l, VULNDB_ALIASES, all[i].ordinal, 4);
		put(l, VULNDB_ALIASES, pool(l, all[i].number), 4);
	}
	return 0;
}

static int lay_out(struct layout *l, struct err *e)
{
	struct zstd_packer *packer = NULL;
	int r = train(l, e);

	/* Place 0 of both pools means "none". */
	put(l, VULNDB_STRINGS, 0, 4);
	put(l, VULNDB_VERSIONS, 0, 4);
	if (r == 0)
		r = zstd_packer_new(buf_str(&l->sections[VULNDB_COLD_DICT]), COLD_LEVEL, &packer,
				    e);
	if (r == 0)
		r = put_facts(l, packer, e);
	if (r == 0)
		r = put_claims(l, e);
	if (r == 0)
		r = put_aliases(l, e);
	zstd_packer_free(packer);
	for (size_t i = 0; r == 0 && i < VULNDB_SECTION_COUNT; i++) {
		if (buf_error(&l->sections[i]) < 0)
			r = err_set(e, ENOMEM, "no memory for the database");
		else if (i != VULNDB_COLD && l->sections[i].n > UINT32_MAX)
			r = err_set(e, E2BIG, "a table of the database is beyond 4 GiB");
	}
	return r;
}

static int assemble(struct layout *l, struct buf *out, struct err *e)
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
	struct layout l = { .b = b, .o = o };
	int r = vulndb_builder_rank(b, e);

	if (r == 0)
		r = vulndb_builder_join(b, o->facts_of_claims_only, e);
	if (r == 0) {
		vulndb_builder_merge_claims(b);
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
