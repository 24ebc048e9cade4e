/*
 * What several origins of a thing say together: where each is a number, all of them are one look-up, however many fields are made of
 * them and however many rules ask for these. Nothing is evaluated for it: a row is what the origins' own rows, which are remembered
 * each for itself (program_memo.c), have in common. Those not told, and those not remembered yet, decide nothing.
 *
 * A table of fixed size, four places to a bucket. A place is taken when it was not used since the bucket was full last: who makes
 * numbers up in a stream cannot push out what comes again and again.
 */
#include "policy/program_priv.h"

enum { BUCKETS = 1024, WAYS = 4 };

struct together_bucket {
	uint32_t tags[WAYS]; /**< parts of hashes; 0: free */
	bool used[WAYS];
};

/* Which plan and which origins, and a number of each of these. */
struct key {
	uint64_t words[1 + POLICY_ORIGINS];
	uint32_t count;
	uint32_t tag;
	uint32_t bucket;
};

int run_make_together(struct policy_run *r)
{
	const struct policy_program *p = r->p;

	for (size_t t = 0; t < p->subject->type_count; t++)
		r->together_words =
			MAX(r->together_words, (uint32_t)__builtin_popcount(p->plans[t].together));
	if (!r->together_words)
		return 0;
	r->together_words += 1 + p->row_words;
	r->together_buckets = ARENA_ARRAY(&r->arena, BUCKETS, struct together_bucket);
	r->together_places =
		ARENA_ARRAY(&r->arena, (size_t)BUCKETS * WAYS * r->together_words, uint64_t);
	return r->together_buckets && r->together_places ? 0 : -ENOBUFS;
}

static void make_key(struct policy_run *r, const struct type_plan *plan, struct key *ret)
{
	const struct policy_target *t = r->t;
	const uint64_t factor = 0x9e3779b97f4a7c15u;
	struct policy_origin origin;
	uint64_t hash = 0, known = 0;
	uint32_t n = 1;

	for (uint32_t left = plan->together; left; left &= left - 1) {
		if (!t->origin(t, (uint32_t)__builtin_ctz(left), &origin))
			continue;
		known |= left & -left;
		ret->words[n++] = origin.number;
		hash = (hash ^ origin.number) * factor;
		hash ^= hash >> 32;
	}
	ret->words[0] = (uint64_t)(plan - r->p->plans) << 32 | known;
	hash = (hash ^ ret->words[0]) * factor;
	ret->count = n;
	ret->tag = (uint32_t)hash | 1;
	ret->bucket = (uint32_t)(hash >> 40) % BUCKETS;
}

static uint64_t *place(const struct policy_run *r, uint32_t bucket, uint32_t way)
{
	return r->together_places + ((size_t)bucket * WAYS + way) * r->together_words;
}

/* Rows lie at the ends of places. */
static uint64_t *row_at(const struct policy_run *r, uint64_t *at)
{
	return at + r->together_words - r->p->row_words;
}

/* A few words, sooner compared than memcmp() is called. */
static bool is_of(const uint64_t *at, const struct key *k)
{
	for (uint32_t i = 0; i < k->count; i++)
		if (at[i] != k->words[i])
			return false;
	return true;
}

static const uint64_t *find(struct policy_run *r, const struct key *k)
{
	struct together_bucket *b = &r->together_buckets[k->bucket];

	for (uint32_t way = 0; way < WAYS; way++) {
		uint64_t *at;

		if (b->tags[way] != k->tag)
			continue;
		at = place(r, k->bucket, way);
		if (!is_of(at, k))
			continue;
		b->used[way] = true;
		return row_at(r, at);
	}
	return NULL;
}

static void keep(struct policy_run *r, const struct type_plan *plan, const struct key *k)
{
	struct together_bucket *b = &r->together_buckets[k->bucket];
	uint32_t way = 0;
	uint64_t *at;

	while (way < WAYS && b->used[way])
		way++;
	if (way == WAYS) {
		memset(b->used, false, sizeof(b->used));
		return;
	}
	at = place(r, k->bucket, way);
	b->tags[way] = k->tag;
	b->used[way] = true;
	memcpy(at, k->words, k->count * sizeof(*at));
	memcpy(row_at(r, at), r->candidates, plan->words * sizeof(*at));
}

static void take_all(struct policy_run *r, const struct type_plan *plan)
{
	memset(r->candidates, 0xff, plan->words * sizeof(*r->candidates));
	r->candidates[plan->words - 1] >>= plan->words * 64 - (uint32_t)plan->disjunct_count;
}

uint32_t run_together(struct policy_run *r, const struct type_plan *plan)
{
	uint32_t told, answered = 0, n = 1;
	const uint64_t *row;
	struct key k;

	if (!plan->together || !r->remembers || !r->t->origin) {
		take_all(r, plan);
		return 0;
	}
	make_key(r, plan, &k);
	told = (uint32_t)k.words[0];
	row = find(r, &k);
	if (row) {
		for (uint32_t w = 0; w < plan->words; w++)
			r->candidates[w] = row[w];
		return told;
	}
	take_all(r, plan);
	for (uint32_t left = told; left; left &= left - 1, n++) {
		struct policy_origin origin = { .number = k.words[n] };

		if (run_origin(r, plan, (uint32_t)__builtin_ctz(left), &origin))
			answered |= left & -left;
	}
	if (answered == told)
		keep(r, plan, &k);
	return answered;
}
