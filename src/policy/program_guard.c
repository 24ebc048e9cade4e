/*
 * Which of a type's rules need a look at all. A rule whose tree demands that some literal be found (a name in a list, a path
 * below a folder) is looked at only when the matcher found one: one look-up stands for any number of rules. A part
 * that many rules demand is judged once for all of them.
 */
#include "policy/program_priv.h"

enum { GUARD_MAX_BITS = 256, NEEDS_MAX = 12 };

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

	bool scanned, several = p->slots[k->slot].many != POLICY_ONE;

	/* Guards are asked first, for all rules. */
	if (k->negate || p->slots[k->slot].dear ||
	    (k->how != CHECK_BIT && k->how != CHECK_NUMBERS && !k->gated))
		return 0;
	scanned = p->matchers[k->matcher].kind >= MATCH_SCAN;
	ret->bits = ARENA_NEW(a, struct guard_bit);
	if (!ret->bits)
		return -ENOBUFS;
	ret->bits[0] = (struct guard_bit){ k->matcher, k->bit };
	ret->count = 1;
	ret->chance = n->chance + (several ? 0.1f : 0) + (scanned ? 0.1f : 0);
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

static struct plan_guard *guard_of(struct policy_program *p, struct type_plan *plan,
				   uint32_t matcher)
{
	const struct program_matcher *m = &p->matchers[matcher];
	struct plan_guard *g;

	for (size_t i = 0; i < plan->guard_count; i++)
		if (plan->guards[i].matcher == matcher)
			return &plan->guards[i];
	g = &plan->guards[plan->guard_count++];
	g->matcher = matcher;
	g->mask = ARENA_ARRAY(&p->arena, literal_words(m->bits), uint64_t);
	g->rules = ARENA_ARRAY(&p->arena, m->bits, uint64_t *);
	g->on_doubt = ARENA_ARRAY(&p->arena, plan->words, uint64_t);
	return g->mask && g->rules && g->on_doubt ? g : NULL;
}

static int add_guard(struct policy_program *p, struct type_plan *plan, uint32_t rule,
		     const struct guard *of)
{
	for (size_t i = 0; i < of->count; i++) {
		uint32_t bit = of->bits[i].bit;
		struct plan_guard *g = guard_of(p, plan, of->bits[i].matcher);

		if (!g)
			return -ENOBUFS;
		if (!g->rules[bit])
			g->rules[bit] = ARENA_ARRAY(&p->arena, plan->words, uint64_t);
		if (!g->rules[bit])
			return -ENOBUFS;
		g->mask[bit / 64] |= 1ull << (bit % 64);
		g->rules[bit][rule / 64] |= 1ull << (rule % 64);
		g->on_doubt[rule / 64] |= 1ull << (rule % 64);
	}
	return 0;
}

/* A matcher that costs much is run ahead only when it spares a look at some rules. */
static bool is_worth(const struct policy_program *p, const struct guard *g, const uint32_t *served)
{
	if (!g->count || g->chance > 0.9f)
		return false;
	for (size_t i = 0; i < g->count; i++) {
		const struct program_matcher *m = &p->matchers[g->bits[i].matcher];
		uint32_t least = m->kind >= MATCH_SCAN                  ? 4
				 : p->slots[m->slot].many != POLICY_ONE ? 2
									: 1;

		if (served[g->bits[i].matcher] < least)
			return false;
	}
	return true;
}

static void count_served(const struct type_plan *plan, const struct guard *known, uint32_t *served)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct guard *g = &known[plan->roots[i]];

		for (size_t b = 0; b < g->count; b++)
			if (!b || g->bits[b].matcher != g->bits[b - 1].matcher)
				served[g->bits[b].matcher]++;
	}
}

static int guard_plan(struct policy_program *p, struct type_plan *plan, const struct guard *known,
		      struct arena *scratch)
{
	uint32_t *served = ARENA_ARRAY(scratch, p->matcher_count, uint32_t);

	plan->always = ARENA_ARRAY(&p->arena, plan->words, uint64_t);
	plan->guards = ARENA_ARRAY(&p->arena, p->matcher_count, struct plan_guard);
	if (!served || !plan->always || !plan->guards)
		return -ENOBUFS;
	count_served(plan, known, served);
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct guard *g = &known[plan->roots[i]];

		if (!is_worth(p, g, served))
			plan->always[i / 64] |= 1ull << (i % 64);
		else if (add_guard(p, plan, i, g) < 0)
			return -ENOBUFS;
	}
	return 0;
}

static void add_need(struct policy_program *p, struct type_plan *plan, uint32_t node,
		     const uint32_t *count)
{
	size_t at;

	for (at = 0; at < plan->need_count; at++)
		if (plan->needs[at].node == node)
			return;
	/* The most useful stay: many rules for little. */
	for (at = plan->need_count; at > 0; at--) {
		uint32_t other = plan->needs[at - 1].node;

		if ((float)count[other] / p->nodes[other].cost >=
		    (float)count[node] / p->nodes[node].cost)
			break;
		if (at < NEEDS_MAX)
			plan->needs[at] = plan->needs[at - 1];
	}
	if (at < NEEDS_MAX) {
		plan->needs[at].node = node;
		plan->need_count = MIN(plan->need_count + 1, (size_t)NEEDS_MAX);
	}
}

const uint32_t *plan_demands(const struct policy_program *p, const uint32_t *root,
			     uint32_t *ret_count)
{
	const struct program_node *n = &p->nodes[*root];

	*ret_count = n->kind == NODE_AND ? n->count : 1;
	return n->kind == NODE_AND ? p->kids + n->first : root;
}

static int need_plan(struct policy_program *p, struct type_plan *plan, struct arena *scratch)
{
	uint32_t *count = ARENA_ARRAY(scratch, p->node_count, uint32_t);
	uint32_t least = MAX(4u, plan->count / 16), n;

	plan->needs = ARENA_ARRAY(&p->arena, NEEDS_MAX, struct plan_need);
	if (!count || !plan->needs)
		return -ENOBUFS;
	for (uint32_t i = 0; i < plan->count; i++) {
		const uint32_t *d = plan_demands(p, &plan->roots[i], &n);

		for (uint32_t k = 0; k < n; k++)
			count[d[k]]++;
	}
	for (uint32_t i = 0; i < plan->count; i++) {
		const uint32_t *d = plan_demands(p, &plan->roots[i], &n);

		for (uint32_t k = 0; k < n; k++)
			if (count[d[k]] >= least && p->nodes[d[k]].cost < 100 && d[k] > 1)
				add_need(p, plan, d[k], count);
	}
	for (size_t w = 0; w < plan->need_count; w++) {
		plan->needs[w].rules = ARENA_ARRAY(&p->arena, plan->words, uint64_t);
		if (!plan->needs[w].rules)
			return -ENOBUFS;
		for (uint32_t i = 0; i < plan->count; i++) {
			const uint32_t *d = plan_demands(p, &plan->roots[i], &n);

			for (uint32_t k = 0; k < n; k++)
				if (d[k] == plan->needs[w].node)
					plan->needs[w].rules[i / 64] |= 1ull << (i % 64);
		}
	}
	return 0;
}

int plan_guards(struct policy_program *p, struct arena *scratch)
{
	struct guard *known = ARENA_ARRAY(scratch, p->node_count, struct guard);

	if (!known || find_guards(p, scratch, known) < 0)
		return -ENOBUFS;
	for (size_t t = 0; t < p->subject->type_count; t++)
		if (p->wanted[t] && (guard_plan(p, &p->plans[t], known, scratch) < 0 ||
				     need_plan(p, &p->plans[t], scratch) < 0))
			return -ENOBUFS;
	return 0;
}
