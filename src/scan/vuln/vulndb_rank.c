#include "scan/vuln/vulndb_build_priv.h"

struct ranked {
	str text;
	uint32_t number;
};

static int compare_ranked(const void *a, const void *b)
{
	return str_cmp(((const struct ranked *)a)->text, ((const struct ranked *)b)->text);
}

static void renumber_ids(struct build_ids *l, const uint32_t *rank)
{
	for (size_t i = 0; i < l->count; i++)
		l->items[i] = rank[l->items[i]];
}

static void renumber_claims(struct vulndb_builder *b, const uint32_t *rank)
{
	for (size_t i = 0; i < b->claim_count; i++) {
		struct build_claim *c = &b->claims[i];
		uint32_t *const fields[] = { &c->namespace,  &c->package, &c->vulnerability,
					     &c->introduced, &c->fixed,   &c->last_affected,
					     &c->arch,       &c->module,  &c->advisory };

		for (size_t k = 0; k < ARRAY_LEN(fields); k++)
			*fields[k] = rank[*fields[k]];
	}
}

static void renumber_facts(struct vulndb_builder *b, const uint32_t *rank)
{
	for (size_t i = 0; i < b->fact_count; i++) {
		struct build_fact *f = &b->facts[i];

		f->id = rank[f->id];
		renumber_ids(&f->aliases, rank);
		renumber_ids(&f->cwes, rank);
		renumber_ids(&f->references, rank);
		for (size_t k = 0; k < f->cvss_count; k++) {
			f->cvss[k].source = rank[f->cvss[k].source];
			f->cvss[k].vector = rank[f->cvss[k].vector];
		}
	}
}

static int compare_origins(const void *a, const void *b)
{
	const struct build_origin *x = a, *y = b;

	return (x->name > y->name) - (x->name < y->name);
}

/* Origins are numbered by their place in the table: sort it and follow in the claims. */
static int renumber_origins(struct vulndb_builder *b, const uint32_t *rank, struct err *e)
{
	OWNED uint32_t *names = calloc(b->origin_count + 1, sizeof(*names));
	OWNED uint32_t *place = calloc(b->origin_count + 1, sizeof(*place));

	if (!names || !place)
		return err_set(e, ENOMEM, "no memory to sort the database's origins");
	for (size_t i = 0; i < b->origin_count; i++)
		names[i] = b->origins[i].name = rank[b->origins[i].name];
	if (b->origin_count)
		qsort(b->origins, b->origin_count, sizeof(*b->origins), compare_origins);
	for (size_t i = 0; i < b->origin_count; i++)
		for (uint32_t k = 0; k < b->origin_count; k++)
			if (b->origins[k].name == names[i])
				place[i] = k;
	for (size_t i = 0; i < b->claim_count; i++)
		b->claims[i].origin = place[b->claims[i].origin];
	return 0;
}

int vulndb_builder_rank(struct vulndb_builder *b, struct err *e)
{
	OWNED struct ranked *sorted = calloc(b->string_count, sizeof(*sorted));
	OWNED uint32_t *rank = calloc(b->string_count, sizeof(*rank));

	if (!sorted || !rank)
		return err_set(e, ENOMEM, "no memory to sort the database's strings");
	for (uint32_t i = 0; i < b->string_count; i++)
		sorted[i] = (struct ranked){ b->strings[i], i };
	qsort(sorted, b->string_count, sizeof(*sorted), compare_ranked);
	for (uint32_t i = 0; i < b->string_count; i++) {
		rank[sorted[i].number] = i;
		b->strings[i] = sorted[i].text;
	}
	renumber_claims(b, rank);
	renumber_facts(b, rank);
	b->ranked = true;
	return renumber_origins(b, rank, e);
}

static int compare_claims(const void *a, const void *b)
{
	const struct build_claim *x = a, *y = b;

	if (x->namespace != y->namespace)
		return x->namespace < y->namespace ? -1 : 1;
	if (x->package_hash != y->package_hash)
		return x->package_hash < y->package_hash ? -1 : 1;

	const uint32_t of_x[] = { x->package,  x->vulnerability, x->state,   x->introduced,
				  x->fixed,    x->last_affected, x->arch,    x->module,
				  x->advisory, x->origin,        x->severity };
	const uint32_t of_y[] = { y->package,  y->vulnerability, y->state,   y->introduced,
				  y->fixed,    y->last_affected, y->arch,    y->module,
				  y->advisory, y->origin,        y->severity };

	for (size_t i = 0; i < ARRAY_LEN(of_x); i++)
		if (of_x[i] != of_y[i])
			return of_x[i] < of_y[i] ? -1 : 1;
	return 0;
}

/* Whether b adds nothing to a but an advisory's name or a severity: b follows a in order. */
static bool says_the_same(const struct build_claim *a, const struct build_claim *b)
{
	return vulndb_same_flaw(a, b) && a->state == b->state && a->introduced == b->introduced &&
	       a->fixed == b->fixed && a->last_affected == b->last_affected && a->arch == b->arch &&
	       a->module == b->module && (a->advisory == b->advisory || a->advisory == 0);
}

int vulndb_builder_merge_claims(struct vulndb_builder *b, struct err *e)
{
	size_t kept = 0;
	int r;

	if (b->claim_count)
		qsort(b->claims, b->claim_count, sizeof(*b->claims), compare_claims);
	r = vulndb_builder_yield(b, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < b->claim_count; i++) {
		struct build_claim *c = &b->claims[i];
		struct build_claim *last = kept ? &b->claims[kept - 1] : NULL;

		if (last && says_the_same(last, c)) {
			if (last->advisory == 0 && c->advisory != 0) {
				last->advisory = c->advisory;
				last->origin = c->origin;
			}
			last->severity = MAX(last->severity, c->severity);
		} else {
			b->claims[kept++] = *c;
		}
	}
	b->claim_count = kept;
	return 0;
}
