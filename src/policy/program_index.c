/*
 * For each field that a type's rules ask for: which disjuncts its value leaves possible, as a row of bits. An event's rules are
 * those in all rows of its values: a few words of `and`, however many rules there are (as packets are classified).
 *
 * A disjunct that demands nothing of the field is in every row of it. One that demands a literal (a name in a list, a path below a
 * folder) is put there by the matcher that finds it, so that a value never seen costs what is found in it and not what
 * could be; whatever else is demanded of the field alone is judged and taken out. Only what came out NO is ever
 * taken out: an UNKNOWN value leaves possible what it may yet turn out to be.
 */
#include "policy/program_priv.h"

/* AHEAD_LEAST: what is judged ahead even for a value not met before is demanded so often, and cheap. */
enum { GUARD_MAX_BITS = 256, AHEAD_LEAST = 4 };

struct guard_bit {
	uint32_t matcher, bit;
};

/* The node holds, or is in doubt, only when one of these is set or its slot is UNKNOWN. */
struct guard {
	struct guard_bit *bits;
	size_t count; /* 0: no such set */
	float chance;
};

static int guard_check(const struct policy_program *p, const struct program_node *n,
		       struct arena *a, struct guard *ret)
{
	const struct program_check *k = &p->checks[n->first];

	if (k->negate || p->slots[k->slot].dear ||
	    (k->how != CHECK_BIT && k->how != CHECK_NUMBERS && !k->gated))
		return 0;
	ret->bits = ARENA_NEW(a, struct guard_bit);
	if (!ret->bits)
		return -ENOBUFS;
	ret->bits[0] = (struct guard_bit){ k->matcher, k->bit };
	ret->count = 1;
	ret->chance = n->chance;
	return 0;
}

static void guard_and(const struct policy_program *p, const struct program_node *n,
		      const struct guard *known, struct guard *ret)
{
	for (uint32_t i = 0; i < n->count; i++) {
		const struct guard *g = &known[p->kids[n->first + i]];

		if (g->count && (!ret->count || g->chance < ret->chance))
			*ret = *g;
	}
}

static int guard_or(const struct policy_program *p, const struct program_node *n,
		    const struct guard *known, struct arena *a, struct guard *ret)
{
	struct guard all = { 0 };

	for (uint32_t i = 0; i < n->count; i++) {
		const struct guard *g = &known[p->kids[n->first + i]];

		if (!g->count || all.count + g->count > GUARD_MAX_BITS)
			return 0;
		all.count += g->count;
		all.chance += g->chance;
	}
	all.bits = ARENA_ARRAY(a, all.count, struct guard_bit);
	if (!all.bits)
		return -ENOBUFS;
	all.count = 0;
	for (uint32_t i = 0; i < n->count; i++) {
		const struct guard *g = &known[p->kids[n->first + i]];

		memcpy(all.bits + all.count, g->bits, g->count * sizeof(*g->bits));
		all.count += g->count;
	}
	*ret = all;
	return 0;
}

static int find_guards(const struct policy_program *p, struct arena *a, struct guard *known)
{
	for (size_t i = 0; i < p->node_count; i++) {
		const struct program_node *n = &p->nodes[i];
		int r = 0;

		if (n->slot < 0)
			continue;
		if (n->kind == NODE_CHECK)
			r = guard_check(p, n, a, &known[i]);
		else if (n->kind == NODE_AND)
			guard_and(p, n, known, &known[i]);
		else if (n->kind == NODE_OR)
			r = guard_or(p, n, known, a, &known[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void set_bit(uint64_t *row, uint32_t bit)
{
	row[bit / 64] |= 1ull << (bit % 64);
}

static struct plan_guard *guard_of(struct policy_program *p, const struct type_plan *plan,
				   struct plan_index *x, uint32_t matcher)
{
	const struct program_matcher *m = &p->matchers[matcher];
	struct plan_guard *g;

	for (size_t i = 0; i < x->guard_count; i++)
		if (x->guards[i].matcher == matcher)
			return &x->guards[i];
	if (!x->guards)
		x->guards = ARENA_ARRAY(&p->arena, MATCHER_KINDS, struct plan_guard);
	if (!x->guards)
		return NULL;
	g = &x->guards[x->guard_count++];
	g->matcher = matcher;
	g->mask = ARENA_ARRAY(&p->arena, literal_words(m->bits), uint64_t);
	g->rows = ARENA_ARRAY(&p->arena, m->bits, uint64_t *);
	g->all = ARENA_ARRAY(&p->arena, plan->words, uint64_t);
	return g->mask && g->rows && g->all ? g : NULL;
}

static int add_guard(struct policy_program *p, const struct type_plan *plan, struct plan_index *x,
		     uint32_t disjunct, const struct guard *of)
{
	for (size_t i = 0; i < of->count; i++) {
		uint32_t bit = of->bits[i].bit;
		struct plan_guard *g = guard_of(p, plan, x, of->bits[i].matcher);

		if (!g)
			return -ENOBUFS;
		if (!g->rows[bit])
			g->rows[bit] = ARENA_ARRAY(&p->arena, plan->words, uint64_t);
		if (!g->rows[bit])
			return -ENOBUFS;
		set_bit(g->mask, bit);
		set_bit(g->rows[bit], disjunct);
		set_bit(g->all, disjunct);
	}
	return 0;
}

static int add_need(struct policy_program *p, const struct type_plan *plan, struct plan_index *x,
		    uint32_t disjunct, uint32_t node)
{
	struct plan_need *n = NULL;

	for (size_t i = 0; i < x->need_count && !n; i++)
		n = x->needs[i].node == node ? &x->needs[i] : NULL;
	if (!n) {
		n = ARENA_PUSH(&p->arena, x->needs, x->need_count, x->need_cap);
		if (!n)
			return -ENOBUFS;
		*n = (struct plan_need){ .node = node,
					 .disjuncts =
						 ARENA_ARRAY(&p->arena, plan->words, uint64_t) };
	}
	if (!n->disjuncts)
		return -ENOBUFS;
	set_bit(n->disjuncts, disjunct);
	n->count++;
	return 0;
}

static void order_needs(const struct policy_program *p, struct plan_index *x)
{
	for (size_t i = 0; i < x->need_count; i++) {
		const struct plan_need n = x->needs[i];

		if (n.count < AHEAD_LEAST || p->nodes[n.node].cost >= PLAN_AHEAD_COST)
			continue;
		x->needs[i] = x->needs[x->ahead];
		x->needs[x->ahead++] = n;
	}
}

struct indexer {
	struct policy_program *p;
	const struct guard *known;
	const bool *exact; /* by node: compares values with equal ones alone */
	float *open; /* by disjunct: the guessed chance that the values asked so far leave it possible */
	float *chance; /* the same for one slot, by slot and disjunct */
};

/* All that one disjunct demands of the index's slot. */
static int index_disjunct(const struct indexer *in, const struct type_plan *plan,
			  struct plan_index *x, uint32_t number, float *chance)
{
	const struct plan_disjunct *d = &plan->disjuncts[number];
	const struct guard *guard = NULL;

	*chance = 1;
	for (uint32_t i = 0; i < d->count; i++) {
		uint32_t node = d->demands[i];
		const struct guard *g = &in->known[node];

		if (in->p->nodes[node].slot != (int32_t)x->slot)
			continue;
		if (add_need(in->p, plan, x, number, node) < 0)
			return -ENOBUFS;
		x->exact &= in->exact[node];
		*chance *= in->p->nodes[node].chance;
		if (g->count && (!guard || g->chance < guard->chance))
			guard = g;
	}
	if (*chance <= PLAN_MOST_CHANCE)
		set_bit(x->spares, number);
	if (guard)
		return add_guard(in->p, plan, x, number, guard);
	set_bit(x->unguarded, number);
	return 0;
}

static int make_index(const struct indexer *in, const struct type_plan *plan, struct plan_index *x,
		      uint32_t slot, float *chance)
{
	struct policy_program *p = in->p;

	*x = (struct plan_index){
		.slot = slot,
		.spares = ARENA_ARRAY(&p->arena, plan->words, uint64_t),
		.unguarded = ARENA_ARRAY(&p->arena, plan->words, uint64_t),
		.exact = true,
	};
	if (!x->spares || !x->unguarded)
		return -ENOBUFS;
	for (uint32_t i = 0; i < plan->disjunct_count; i++)
		if (index_disjunct(in, plan, x, i, &chance[i]) < 0)
			return -ENOBUFS;
	order_needs(p, x);
	return 0;
}

/* What asking for the slot's value is worth: disjuncts it spares a look, for what it costs. */
static float worth(const struct indexer *in, const struct type_plan *plan,
		   const struct plan_index *x, const float *chance)
{
	const struct program_slot *s = &in->p->slots[x->slot];
	float spared = 0;

	for (uint32_t i = 0; i < plan->disjunct_count; i++)
		if (literal_bit(x->spares, i))
			spared += in->open[i] * (1 - chance[i]);
	return spared / (s->many != POLICY_ONE ? 4.0f : slot_is_remembered(s) ? 1.0f : 2.0f);
}

/* The most useful first, each judged by what those before leave to it. */
static void order_indexes(const struct indexer *in, struct type_plan *plan)
{
	size_t n = plan->disjunct_count;

	for (size_t i = 0; i < n; i++)
		in->open[i] = 1;
	for (size_t at = 0; at < plan->index_count; at++) {
		size_t best = at;
		float most = -1;
		struct plan_index x;

		for (size_t i = at; i < plan->index_count; i++) {
			float w = worth(in, plan, &plan->indexes[i],
					in->chance + plan->indexes[i].slot * n);

			if (w > most) {
				most = w;
				best = i;
			}
		}
		x = plan->indexes[best];
		plan->indexes[best] = plan->indexes[at];
		plan->indexes[at] = x;
		for (size_t i = 0; i < n; i++)
			in->open[i] *= in->chance[x.slot * n + i];
	}
}

static bool is_empty(const uint64_t *row, uint32_t words)
{
	for (uint32_t w = 0; w < words; w++)
		if (row[w])
			return false;
	return true;
}

/* @return how many slots the plan's disjuncts demand something of */
static size_t find_demanded(const struct indexer *in, const struct type_plan *plan, bool *demanded)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->disjunct_count; i++)
		for (uint32_t k = 0; k < plan->disjuncts[i].count; k++) {
			int32_t slot = in->p->nodes[plan->disjuncts[i].demands[k]].slot;

			if (slot < 0 || demanded[slot])
				continue;
			demanded[slot] = true;
			count++;
		}
	return count;
}

static int index_plan(struct indexer *in, struct type_plan *plan, uint16_t type)
{
	struct policy_program *p = in->p;
	size_t n = plan->disjunct_count;
	OWNED uint32_t *origins = calloc(p->slot_count, sizeof(*origins));
	OWNED float *open = calloc(n, sizeof(*open));
	OWNED float *chance = calloc(n * p->slot_count, sizeof(*chance));
	OWNED bool *demanded = calloc(p->slot_count, sizeof(*demanded));
	size_t most, learned = 0;
	struct plan_index x;

	if (!origins || !open || !chance || !demanded)
		return -ENOBUFS;
	slot_origins(p, type, origins);
	most = find_demanded(in, plan, demanded);
	plan->indexes = ARENA_ARRAY(&p->arena, most, struct plan_index);
	if (!plan->indexes)
		return -ENOBUFS;
	in->open = open;
	in->chance = chance;
	for (uint32_t s = 0; s < p->slot_count; s++) {
		if (!demanded[s])
			continue;
		if (make_index(in, plan, &x, s, chance + s * n) < 0)
			return -ENOBUFS;
		x.origin = origins[s];
		if (is_empty(x.spares, plan->words)) {
			plan->indexes[most - ++learned] = x;
			continue;
		}
		if (slot_is_remembered(&p->slots[s]))
			x.memo = ++p->memo_count;
		plan->indexes[plan->index_count++] = x;
	}
	order_indexes(in, plan);
	plan->learned_count = plan->index_count + learned;
	memmove(plan->indexes + plan->index_count, plan->indexes + most - learned,
		learned * sizeof(x));
	plan->index_count = MIN(plan->index_count, (size_t)PLAN_MAX_INDEXES);
	return plan_origins(p, plan, origins);
}

static bool is_exact(const struct policy_program *p, const struct program_check *k)
{
	return k->how == CHECK_EXISTS || k->how == CHECK_NUMBERS ||
	       (k->how == CHECK_BIT && p->matchers[k->matcher].kind == MATCH_EXACT);
}

static void find_exact(const struct policy_program *p, bool *exact)
{
	for (size_t i = 0; i < p->node_count; i++) {
		const struct program_node *n = &p->nodes[i];

		exact[i] = n->kind != NODE_CHECK || is_exact(p, &p->checks[n->first]);
		for (uint32_t c = 0; n->kind != NODE_CHECK && c < n->count; c++)
			exact[i] &= exact[p->kids[n->first + c]];
	}
}

int plan_indexes(struct policy_program *p, struct arena *scratch)
{
	struct guard *known = ARENA_ARRAY(scratch, p->node_count, struct guard);
	bool *exact = ARENA_ARRAY(scratch, p->node_count, bool);
	struct indexer in = { .p = p, .known = known, .exact = exact };

	if (!known || !exact || find_guards(p, scratch, known) < 0)
		return -ENOBUFS;
	find_exact(p, exact);
	for (size_t t = 0; t < p->subject->type_count; t++)
		if (p->wanted[t] && index_plan(&in, &p->plans[t], (uint16_t)t) < 0)
			return -ENOBUFS;
	return 0;
}
