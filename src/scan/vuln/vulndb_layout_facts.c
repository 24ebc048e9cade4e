#include "codec/zstd.h"
#include "scan/vuln/vulndb_layout_priv.h"

enum {
	DICT_BYTES = 64 * 1024,
	DICT_SAMPLE_BYTES = 4 * 1024 * 1024,
	COLD_LEVEL = 17,
};

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
static void render_text(struct vulndb_layout *l, const struct build_fact *f, struct buf *out)
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

static int train(struct vulndb_layout *l, struct err *e)
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

static int flush_cold(struct vulndb_layout *l, struct zstd_packer *packer, struct buf *raw,
		      struct err *e)
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
	vulndb_layout_put(l, VULNDB_COLD_INDEX, before, 8);
	vulndb_layout_put(l, VULNDB_COLD_INDEX, cold->n - before, 4);
	vulndb_layout_put(l, VULNDB_COLD_INDEX, raw->n, 4);
	buf_reset(raw);
	return 0;
}

static void put_cvss(struct vulndb_layout *l, const struct build_fact *f)
{
	for (size_t i = 0; i < f->cvss_count; i++) {
		vulndb_layout_put(l, VULNDB_CVSS, vulndb_layout_pool(l, f->cvss[i].source), 4);
		vulndb_layout_put(l, VULNDB_CVSS, vulndb_layout_pool(l, f->cvss[i].vector), 4);
		vulndb_layout_put(l, VULNDB_CVSS, f->cvss[i].tenths, 2);
		vulndb_layout_put(l, VULNDB_CVSS, 0, 2);
	}
}

static void put_vulnerability(struct vulndb_layout *l, const struct build_fact *f, uint32_t block,
			      uint32_t offset)
{
	uint32_t cvss = (uint32_t)(l->sections[VULNDB_CVSS].n / vulndb_record_bytes(VULNDB_CVSS));

	vulndb_layout_put(l, VULNDB_VULNERABILITIES, vulndb_layout_pool(l, f->id), 4);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, block, 4);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, offset, 4);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, cvss, 4);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->poc_count, 4);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->epss_millionths, 4);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->percentile, 2);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->exploit_flags, 2);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->published, 2);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->modified, 2);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->kev, 2);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->cvss_count, 1);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->severity, 1);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, f->withdrawn, 1);
	vulndb_layout_put(l, VULNDB_VULNERABILITIES, 0, 3);
	put_cvss(l, f);
}

static int put_facts(struct vulndb_layout *l, struct zstd_packer *packer, struct err *e)
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

int vulndb_layout_facts(struct vulndb_layout *l, struct err *e)
{
	struct zstd_packer *packer = NULL;
	int r = train(l, e);

	if (r == 0)
		r = zstd_packer_new(buf_str(&l->sections[VULNDB_COLD_DICT]), COLD_LEVEL, &packer,
				    e);
	if (r == 0)
		r = put_facts(l, packer, e);
	zstd_packer_free(packer);
	return r;
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

int vulndb_layout_aliases(struct vulndb_layout *l, struct err *e)
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
		vulndb_layout_put(l, VULNDB_ALIASES, all[i].hash, 8);
		vulndb_layout_put(l, VULNDB_ALIASES, all[i].ordinal, 4);
		vulndb_layout_put(l, VULNDB_ALIASES, vulndb_layout_pool(l, all[i].number), 4);
	}
	return 0;
}
