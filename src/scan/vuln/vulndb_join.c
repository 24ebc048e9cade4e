#include "base/time.h"
#include "codec/cvss.h"
#include "scan/vuln/vulndb_build_priv.h"

enum { DAY_S = 86400 };

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Ascending, each once. */
static void settle_ids(struct build_ids *l)
{
	size_t kept = 0;

	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), compare_ids);
	for (size_t i = 0; i < l->count; i++)
		if (kept == 0 || l->items[i] != l->items[kept - 1])
			l->items[kept++] = l->items[i];
	l->count = kept;
}

static int add_id(struct vulndb_builder *b, struct build_ids *l, uint32_t id, struct err *e)
{
	uint32_t *at = ARENA_PUSH(&b->arena, l->items, l->count, l->cap);

	if (!at)
		return err_set(e, ENOMEM, "no memory for the database's facts");
	*at = id;
	return 0;
}

/* Every word of a space-separated list; a word may come again and again, so that long lists are settled early. */
static int add_words(struct vulndb_builder *b, struct build_ids *l, str words, struct err *e)
{
	while (words.n) {
		str word = str_trim(str_cut(&words, ' '));
		uint32_t id;
		int r;

		if (word.n == 0 || word.n > VULNDB_STRING_MAX)
			continue;
		r = vulndb_builder_number(b, word, &id, e);
		if (r == 0)
			r = add_id(b, l, id, e);
		if (r < 0)
			return r;
	}
	if (l->count > 64)
		settle_ids(l);
	return 0;
}

static int fact_at(struct vulndb_builder *b, uint32_t id, struct build_fact **ret, struct err *e)
{
	void **at = map_at(&b->fact_of, b->strings[id]);

	if (!at)
		return err_set(e, ENOMEM, "no memory for the database's facts");
	if (!*at) {
		if (b->fact_count == b->fact_cap) {
			size_t cap = b->fact_cap ? b->fact_cap * 2 : 1024;
			struct build_fact *wider = reallocarray(b->facts, cap, sizeof(*wider));

			if (!wider)
				return err_set(e, ENOMEM, "no memory for the database's facts");
			b->facts = wider;
			b->fact_cap = cap;
		}
		b->facts[b->fact_count++] = (struct build_fact){ .id = id,
								 .epss_millionths = UINT32_MAX,
								 .percentile = VULNDB_UNKNOWN_U16 };
		*at = (void *)(uintptr_t)b->fact_count;
	}
	*ret = &b->facts[(uintptr_t)*at - 1];
	return 0;
}

static bool is_better_text(str now, str then)
{
	return now.n > then.n || (now.n == then.n && str_cmp(now, then) < 0);
}

static int keep_text(struct vulndb_builder *b, str text, str *kept, struct err *e)
{
	str copy;

	if (!is_better_text(text, *kept))
		return 0;
	copy = arena_str(&b->arena, text);
	if (!copy.p)
		return err_set(e, ENOMEM, "no memory for descriptions");
	*kept = copy;
	return 0;
}

static uint16_t day_of(struct vulndb_builder *b, str id, str date)
{
	int64_t s;

	if (date.n == 0)
		return 0;
	if (time_parse(date, &s) < 0 || s / DAY_S > UINT16_MAX) {
		vulndb_builder_problem(b, id, "a date in it is no date");
		return 0;
	}
	return (uint16_t)(s / DAY_S);
}

static uint16_t earlier(uint16_t a, uint16_t b)
{
	return a == 0 ? b : b == 0 ? a : MIN(a, b);
}

static int add_cvss(struct vulndb_builder *b, struct build_fact *f, const struct cvss_score *s,
		    struct err *e)
{
	struct build_cvss c = { .tenths = VULNDB_UNKNOWN_U16 };
	struct build_cvss *at;
	struct cvss parsed;
	int r = vulndb_builder_number(b, s->source, &c.source, e);

	if (r == 0)
		r = vulndb_builder_number(b, s->vector, &c.vector, e);
	if (r < 0)
		return r;
	if (s->score >= 0 && s->score <= 10)
		c.tenths = (uint16_t)(s->score * 10 + 0.5f);
	else if (cvss_parse(s->vector, &parsed, NULL) == 0)
		c.tenths = (uint16_t)parsed.base_tenths;
	for (size_t i = 0; i < f->cvss_count; i++)
		if (f->cvss[i].source == c.source && f->cvss[i].vector == c.vector &&
		    f->cvss[i].tenths == c.tenths)
			return 0;
	at = ARENA_PUSH(&b->arena, f->cvss, f->cvss_count, f->cvss_cap);
	if (!at)
		return err_set(e, ENOMEM, "no memory for CVSS scores");
	*at = c;
	return 0;
}

/* The probabilities and counts: the most alarming wins, so that the order of feeds does not matter. */
static void take_numbers(struct build_fact *f, const struct vulnerability *v)
{
	if (v->epss >= 0 && v->epss <= 1) {
		uint32_t epss = (uint32_t)((double)v->epss * 1e6 + 0.5);

		f->epss_millionths =
			f->epss_millionths == UINT32_MAX ? epss : MAX(f->epss_millionths, epss);
	}
	if (v->epss_percentile > 0 && v->epss_percentile <= 1) {
		uint16_t p = (uint16_t)((double)v->epss_percentile * 65534 + 0.5);

		f->percentile = f->percentile == VULNDB_UNKNOWN_U16 ? p : MAX(f->percentile, p);
	}
	f->severity = MAX(f->severity, v->severity);
	f->exploit_flags |= v->exploit_flags & UINT16_MAX;
	f->poc_count = MAX(f->poc_count, v->poc_count);
	f->withdrawn |= v->withdrawn;
}

int vulndb_builder_take_fact(struct vulndb_builder *b, const struct vulnerability *v, struct err *e)
{
	struct build_fact *f;
	uint32_t id;
	int r;

	assert(!b->ranked);
	if (v->id.n == 0 || v->id.n > VULNDB_STRING_MAX) {
		vulndb_builder_problem(b, str_take(v->title, 100),
				       "it is about a vulnerability without an id");
		return 0;
	}
	r = vulndb_builder_number(b, v->id, &id, e);
	if (r == 0)
		r = fact_at(b, id, &f, e);
	if (r == 0)
		r = keep_text(b, v->title, &f->title, e);
	if (r == 0)
		r = keep_text(b, v->description, &f->description, e);
	if (r == 0)
		r = add_words(b, &f->aliases, v->aliases, e);
	if (r == 0)
		r = add_words(b, &f->cwes, v->cwes, e);
	if (r == 0)
		r = add_words(b, &f->references, v->references, e);
	for (size_t i = 0; r == 0 && i < MIN(v->cvss_count, (size_t)VULNERABILITY_MAX_CVSS); i++)
		r = add_cvss(b, f, &v->cvss[i], e);
	if (r < 0)
		return r;
	f->published = earlier(f->published, day_of(b, v->id, v->published));
	f->modified = MAX(f->modified, day_of(b, v->id, v->modified));
	f->kev = earlier(f->kev, day_of(b, v->id, v->kev_added));
	take_numbers(f, v);
	return 0;
}

static bool is_cve(str id)
{
	return str_starts(id, S("CVE-"));
}

/* The one CVE among the aliases of an id that is no CVE's, else the id itself. */
static uint32_t canonical_of(const struct vulndb_builder *b, const struct build_fact *f)
{
	uint32_t only = f->id;

	if (is_cve(b->strings[f->id]))
		return f->id;
	for (size_t i = 0; i < f->aliases.count; i++) {
		if (!is_cve(b->strings[f->aliases.items[i]]))
			continue;
		if (only != f->id && only != f->aliases.items[i])
			return f->id;
		only = f->aliases.items[i];
	}
	return only;
}

static int append_ids(struct vulndb_builder *b, struct build_ids *to, const struct build_ids *from,
		      struct err *e)
{
	for (size_t i = 0; i < from->count; i++) {
		int r = add_id(b, to, from->items[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int absorb(struct vulndb_builder *b, struct build_fact *to, const struct build_fact *from,
		  struct err *e)
{
	int r = append_ids(b, &to->aliases, &from->aliases, e);

	if (r == 0)
		r = add_id(b, &to->aliases, from->id, e);
	if (r == 0)
		r = append_ids(b, &to->cwes, &from->cwes, e);
	if (r == 0)
		r = append_ids(b, &to->references, &from->references, e);
	for (size_t i = 0; r == 0 && i < from->cvss_count; i++) {
		struct build_cvss *at =
			ARENA_PUSH(&b->arena, to->cvss, to->cvss_count, to->cvss_cap);

		if (!at)
			return err_set(e, ENOMEM, "no memory for CVSS scores");
		*at = from->cvss[i];
	}
	if (is_better_text(from->title, to->title))
		to->title = from->title;
	if (is_better_text(from->description, to->description))
		to->description = from->description;
	to->published = earlier(to->published, from->published);
	to->modified = MAX(to->modified, from->modified);
	to->kev = earlier(to->kev, from->kev);
	to->severity = MAX(to->severity, from->severity);
	if (from->epss_millionths != UINT32_MAX)
		to->epss_millionths = to->epss_millionths == UINT32_MAX
					      ? from->epss_millionths
					      : MAX(to->epss_millionths, from->epss_millionths);
	if (from->percentile != VULNDB_UNKNOWN_U16)
		to->percentile = to->percentile == VULNDB_UNKNOWN_U16
					 ? from->percentile
					 : MAX(to->percentile, from->percentile);
	to->exploit_flags |= from->exploit_flags;
	to->poc_count = MAX(to->poc_count, from->poc_count);
	to->withdrawn |= from->withdrawn;
	return r;
}

/* Moves every fact under its canonical id. @param canonical by string number, filled here */
static int canonise(struct vulndb_builder *b, uint32_t *canonical, struct err *e)
{
	size_t collected = b->fact_count;

	for (size_t i = 0; i < collected; i++)
		canonical[b->facts[i].id] = canonical_of(b, &b->facts[i]);
	for (size_t i = 0; i < collected; i++) {
		uint32_t to = canonical[b->facts[i].id];
		struct build_fact *f;
		int r = to == b->facts[i].id ? 0 : fact_at(b, to, &f, e);

		/* fact_at() may have moved the array. */
		if (r == 0 && to != b->facts[i].id)
			r = absorb(b, f, &b->facts[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_facts(const void *a, const void *b)
{
	return compare_ids(&((const struct build_fact *)a)->id,
			   &((const struct build_fact *)b)->id);
}

static int compare_cvss(const void *a, const void *b)
{
	const struct build_cvss *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->vector != y->vector)
		return x->vector < y->vector ? -1 : 1;
	return (x->tenths > y->tenths) - (x->tenths < y->tenths);
}

static void settle(struct build_fact *f)
{
	size_t kept = 0;

	settle_ids(&f->aliases);
	settle_ids(&f->cwes);
	settle_ids(&f->references);
	for (size_t i = 0; i < f->aliases.count; i++)
		if (f->aliases.items[i] != f->id)
			f->aliases.items[kept++] = f->aliases.items[i];
	f->aliases.count = kept;
	if (f->cvss_count)
		qsort(f->cvss, f->cvss_count, sizeof(*f->cvss), compare_cvss);
	kept = 0;
	/* One of source and vector is enough, the one with a score: it sorts first. */
	for (size_t i = 0; i < f->cvss_count; i++)
		if (kept == 0 || f->cvss[i].source != f->cvss[kept - 1].source ||
		    f->cvss[i].vector != f->cvss[kept - 1].vector)
			f->cvss[kept++] = f->cvss[i];
	f->cvss_count = MIN(kept, (size_t)VULNERABILITY_MAX_CVSS);
}

int vulndb_builder_join(struct vulndb_builder *b, bool claimed_only, struct err *e)
{
	OWNED uint32_t *canonical = calloc(b->string_count, sizeof(*canonical));
	size_t kept = 0;
	int r;

	if (!canonical)
		return err_set(e, ENOMEM, "no memory to join the database's facts");
	r = canonise(b, canonical, e);
	for (size_t i = 0; r == 0 && i < b->claim_count; i++) {
		struct build_claim *c = &b->claims[i];
		struct build_fact *f;

		if (canonical[c->vulnerability])
			c->vulnerability = canonical[c->vulnerability];
		r = fact_at(b, c->vulnerability, &f, e);
		if (r == 0)
			f->claimed = true;
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < b->fact_count; i++) {
		struct build_fact *f = &b->facts[i];

		if ((canonical[f->id] && canonical[f->id] != f->id) ||
		    (claimed_only && !f->claimed))
			continue;
		settle(f);
		b->facts[kept++] = *f;
	}
	b->fact_count = kept;
	if (kept)
		qsort(b->facts, kept, sizeof(*b->facts), compare_facts);
	return 0;
}
