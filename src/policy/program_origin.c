/*
 * What a plan's parts are made of: each slot of an origin or of none, each node of all origins of its slots. What is demanded of origins that
 * are told together, in whatever way, is settled when what they say together is kept (program_together.c).
 */
#include "policy/program_priv.h"

/* Whether all that is asked of a slot is whether it is 1. */
static bool is_asked_for_one(const struct policy_program *p, uint32_t slot)
{
	for (size_t i = 0; i < p->check_count; i++) {
		const struct program_check *k = &p->checks[i];

		for (size_t n = 0; k->how == CHECK_SLOTS && n < k->other_count; n++)
			if (k->others[n] == slot)
				return false;
		if (k->slot == slot && k->how != CHECK_EXISTS &&
		    (k->how != CHECK_NUMBERS || k->number_count != 1 ||
		     k->numbers[0] != number_key(1)))
			return false;
	}
	return true;
}

static unsigned int field_origin(const struct policy_program *p, uint16_t type, uint32_t slot)
{
	const struct policy_ref *ref = &p->slots[slot].ref;
	unsigned int origin = p->subject->origin_of(type, ref);

	if (origin && p->subject->is_told_as_one && p->subject->is_told_as_one(ref->field) &&
	    !is_asked_for_one(p, slot))
		return 0;
	return origin;
}

/* Of a transformer what its arguments have in common. */
void slot_origins(const struct policy_program *p, uint16_t type, uint32_t *origins)
{
	for (uint32_t i = 0; i < p->slot_count && p->subject->origin_of; i++) {
		const struct program_slot *s = &p->slots[i];

		if (s->kind == SLOT_FIELD)
			origins[i] = field_origin(p, type, i);
		else if (s->kind == SLOT_TRANSFORM)
			origins[i] = origins[s->args[0]];
		for (size_t k = 1; k < s->arg_count; k++)
			if (origins[s->args[k]] != origins[i])
				origins[i] = 0;
	}
}

/* What an origin says is remembered where it stands for more than one value; so is what several say. */
static void number_origins(struct policy_program *p, struct type_plan *plan)
{
	uint32_t counts[POLICY_ORIGINS + 1] = { 0 }, together = 0;

	for (size_t i = 0; i < plan->learned_count; i++)
		counts[plan->indexes[i].origin]++;
	for (size_t i = 0; i < plan->index_count; i++)
		together |= p->subject->numbered_origins & 1u << plan->indexes[i].origin;
	for (size_t i = 0; i < plan->index_count; i++) {
		struct plan_index *x = &plan->indexes[i];

		if (counts[x->origin] < 2 && !(together >> x->origin & 1))
			x->origin = 0;
		else if (x->origin && !plan->origin_memos[x->origin])
			plan->origin_memos[x->origin] = ++p->memo_count;
	}
	plan->together = together;
}

/* Bits of the origins that a check is made of; the lowest: of what no origin tells. */
static uint32_t origins_of_check(const struct policy_program *p, const struct program_check *k,
				 const uint32_t *slots)
{
	uint32_t of = 1u << slots[k->slot];

	if (k->how == CHECK_NAMES || k->how == CHECK_ONE_OF || p->slots[k->slot].dear)
		return of | 1; /* what a name resolves to changes */
	for (size_t i = 0; k->how == CHECK_SLOTS && i < k->other_count; i++)
		of |= 1u << slots[k->others[i]];
	return of;
}

/* The same of each node. */
static void find_node_origins(const struct policy_program *p, const uint32_t *slots,
			      uint32_t *nodes)
{
	for (size_t i = 0; i < p->node_count; i++) {
		const struct program_node *n = &p->nodes[i];

		if (n->kind == NODE_CHECK)
			nodes[i] = origins_of_check(p, &p->checks[n->first], slots);
		for (uint32_t k = 0; n->kind != NODE_CHECK && k < n->count; k++)
			nodes[i] |= nodes[p->kids[n->first + k]];
	}
}

/* What no value decides that may have been asked ahead, when it is cheap; then what fails soonest for its cost. */
static bool is_before(const struct policy_program *p, uint32_t a, uint32_t b)
{
	uint32_t of[] = { a, b };
	bool first[2];

	for (int i = 0; i < 2; i++) {
		const struct program_node *n = &p->nodes[of[i]];

		first[i] = n->slot == SLOT_SEVERAL && n->chance <= PLAN_MOST_CHANCE &&
			   n->cost < PLAN_AHEAD_COST;
	}
	if (first[0] != first[1])
		return first[0];
	return node_rank(p, NODE_AND, a) < node_rank(p, NODE_AND, b);
}

static void order_demands(const struct policy_program *p, struct plan_disjunct *d)
{
	for (uint32_t i = 1; i < d->count; i++) {
		uint32_t node = d->demands[i], to = i;

		for (; to && is_before(p, node, d->demands[to - 1]); to--)
			d->demands[to] = d->demands[to - 1];
		d->demands[to] = node;
	}
}

/* @param nodes  their origins */
static int set_apart(struct policy_program *p, uint32_t together, const uint32_t *nodes,
		     struct plan_disjunct *d)
{
	uint32_t n = 0;

	d->apart = ARENA_ARRAY(&p->arena, d->count, uint32_t);
	if (!d->apart)
		return -ENOBUFS;
	for (int rest = 0; rest < 2; rest++) {
		for (uint32_t i = 0; i < d->count; i++)
			if (!!(nodes[d->demands[i]] & ~together) == rest)
				d->apart[n++] = d->demands[i];
		d->told = rest ? d->told : n;
	}
	return 0;
}

int plan_origins(struct policy_program *p, struct type_plan *plan, const uint32_t *slots)
{
	OWNED uint32_t *nodes = calloc(p->node_count, sizeof(*nodes));

	if (!nodes)
		return -ENOBUFS;
	number_origins(p, plan);
	find_node_origins(p, slots, nodes);
	for (size_t i = 0; i < plan->disjunct_count; i++) {
		order_demands(p, &plan->disjuncts[i]);
		if (set_apart(p, plan->together, nodes, &plan->disjuncts[i]) < 0)
			return -ENOBUFS;
	}
	return 0;
}
