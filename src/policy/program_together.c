/*
 * What several origins of a thing say together: where each is a number, all of them are one look-up, however many fields are made of
 * them and however many rules ask for these. Nothing is evaluated for it: a row is what the origins' own rows, which are remembered
 * each for itself (program_memo.c), have in common. Those not told, and those not remembered yet, decide nothing.
 *
 * With the row is kept which indexes may rule out more. What judging a way to hold finds out about all that it demands of these origins is noted
 * in the row when it fails, in a second row when it holds (program_judge.c): neither is evaluated again.
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
	uint64_t *words; /* of the run */
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
	r->together_words += 2 + 2 * p->row_words;
	r->together_buckets = ARENA_ARRAY(&r->arena, BUCKETS, struct together_bucket);
	r->together_places =
		ARENA_ARRAY(&r->arena, (size_t)BUCKETS * WAYS * r->together_words, uint64_t);
	return r->together_buckets && r->together_places ? 0 : -ENOBUFS;
}

void run_forget_together(struct policy_run *r)
{
	if (r->together_words)
		memset(r->together_buckets, 0, BUCKETS * sizeof(*r->together_buckets));
}

static void make_key(struct policy_run *r, const struct type_plan *plan, struct key *ret)
{
	const struct policy_target *t = r->t;
	const uint64_t factor = 0x9e3779b97f4a7c15u;
	struct policy_origin origin;
	uint64_t hash = 0, known = 0;
	uint32_t n = 1;

	ret->words = r->together_key;
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

/* In a place there are a word of asks, two rows and the key. */
static uint64_t *settled_at(const struct policy_run *r, uint64_t *at)
{
	return at + 1 + r->p->row_words;
}

static uint64_t *key_at(const struct policy_run *r, uint64_t *at)
{
	return settled_at(r, at) + r->p->row_words;
}

/* A few words, sooner compared than memcmp() is called. */
static bool is_of(const uint64_t *at, const struct key *k)
{
	for (uint32_t i = 0; i < k->count; i++)
		if (at[i] != k->words[i])
			return false;
	return true;
}

static uint64_t *find(struct policy_run *r, const struct key *k)
{
	struct together_bucket *b = &r->together_buckets[k->bucket];

	for (uint32_t way = 0; way < WAYS; way++) {
		uint64_t *at;

		if (b->tags[way] != k->tag)
			continue;
		at = place(r, k->bucket, way);
		if (!is_of(key_at(r, at), k))
			continue;
		b->used[way] = true;
		return at;
	}
	return NULL;
}

/* Indexes that the origins do not stand for and that may rule out some of what these leave possible. */
static uint64_t find_asks(const struct policy_run *r, const struct type_plan *plan,
			  uint32_t answered)
{
	uint64_t asks = 0;

	for (size_t i = 0; i < plan->index_count; i++) {
		const struct plan_index *x = &plan->indexes[i];

		if (!(answered >> x->origin & 1) &&
		    run_overlaps(r->candidates, x->spares, plan->words))
			asks |= 1ull << i;
	}
	return asks;
}

/* @return where it is kept, or NULL: it is not */
static uint64_t *keep(struct policy_run *r, const struct type_plan *plan, const struct key *k)
{
	struct together_bucket *b = &r->together_buckets[k->bucket];
	uint32_t way = 0;
	uint64_t *at;

	while (way < WAYS && b->used[way])
		way++;
	if (way == WAYS) {
		memset(b->used, false, sizeof(b->used));
		return NULL;
	}
	at = place(r, k->bucket, way);
	b->tags[way] = k->tag;
	b->used[way] = true;
	at[0] = find_asks(r, plan, (uint32_t)k->words[0]);
	memcpy(at + 1, r->candidates, plan->words * sizeof(*at));
	memset(settled_at(r, at), 0, plan->words * sizeof(*at));
	memcpy(key_at(r, at), k->words, k->count * sizeof(*at));
	return at;
}

static void take_all(struct policy_run *r, const struct type_plan *plan)
{
	memset(r->candidates, 0xff, plan->words * sizeof(*r->candidates));
	r->candidates[plan->words - 1] >>= plan->words * 64 - (uint32_t)plan->disjunct_count;
}

static struct run_told tell(const struct policy_run *r, const struct type_plan *plan,
			    const struct key *k, uint64_t *at)
{
	uint32_t answered = (uint32_t)k->words[0];
	bool all = answered == plan->together;

	return (struct run_told){
		.answered = answered,
		.asks = at[0],
		.row = all ? at + 1 : NULL,
		.settled = all ? settled_at(r, at) : NULL,
	};
}

static struct run_told tell_nothing(const struct type_plan *plan)
{
	size_t n = plan->index_count;

	return (struct run_told){ .asks = n ? UINT64_MAX >> (PLAN_MAX_INDEXES - n) : 0 };
}

/* Each origin by itself. */
static void ask_each(struct policy_run *r, const struct type_plan *plan, const struct key *k,
		     struct run_told *ret)
{
	uint32_t told = (uint32_t)k->words[0], n = 1;
	uint64_t *at;

	*ret = tell_nothing(plan);
	for (uint32_t left = told; left; left &= left - 1, n++) {
		struct policy_origin origin = { .number = k->words[n] };

		if (run_origin(r, plan, (uint32_t)__builtin_ctz(left), &origin))
			ret->answered |= left & -left;
	}
	at = ret->answered == told ? keep(r, plan, k) : NULL;
	if (at)
		*ret = tell(r, plan, k, at);
}

void run_together(struct policy_run *r, const struct type_plan *plan, struct run_told *ret)
{
	struct key k;
	uint64_t *at;

	if (!plan->together || !r->remembers || !r->t->origin) {
		take_all(r, plan);
		*ret = tell_nothing(plan);
		return;
	}
	make_key(r, plan, &k);
	at = find(r, &k);
	if (!at) {
		take_all(r, plan);
		ask_each(r, plan, &k, ret);
		return;
	}
	*ret = tell(r, plan, &k, at);
	for (uint32_t w = 0; w < plan->words; w++)
		r->candidates[w] = at[1 + w];
}
