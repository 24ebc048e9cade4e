/*
 * The ways in which a rule can hold, each a list of nodes that all must. An `and` is one way; an `or` over several fields is taken
 * apart by fields, so that a value of one field can rule out some of its ways: a rule is left alone when all are ruled out.
 *
 * Taking apart multiplies: it ends at a bound for each rule, and where one field alone leaves a way open seldom
 * enough. What is not taken apart, or finds no room, is demanded as a whole: a rule is always as true as the truest of its ways.
 */
#include "policy/program_priv.h"

enum { WAYS_MAX = 8, DEMANDS_MAX = 48, PARTS_MAX = 256 };

/* A way that one field alone leaves open so seldom needs no more. */
#define SELDOM 0.1f

struct way {
	uint32_t demands[DEMANDS_MAX];
	uint32_t count;
	float cost;
};

/* Parts of an `and` are demanded each for itself, those that find no room as one; none of them is an `and`. @return false: budget spent */
static bool demand(struct compiler *c, struct way *w, uint32_t node)
{
	const struct program_node *n = &c->p->nodes[node];
	const uint32_t *parts = n->kind == NODE_AND ? c->p->kids + n->first : &node;
	uint32_t count = n->kind == NODE_AND ? n->count : 1, i = 0, rest;

	for (; i < count && w->count + 1 < DEMANDS_MAX; i++)
		w->demands[w->count++] = parts[i];
	if (i == count)
		return true;
	rest = node_join(c, NODE_AND, parts + i, count - i);
	w->demands[w->count++] = rest;
	return rest != UINT32_MAX;
}

/* How many parts an `or` has when those of one field stay together. */
static size_t count_parts(const struct policy_program *p, const struct program_node *n)
{
	size_t count = 0;

	for (uint32_t i = 0; i < n->count; i++) {
		int32_t of = p->nodes[p->kids[n->first + i]].slot;
		bool met = false;

		for (uint32_t k = 0; k < i && of >= 0 && !met; k++)
			met = p->nodes[p->kids[n->first + k]].slot == of;
		count += !met;
	}
	return count;
}

/* Where in the way the `or` stands that is best taken apart into no more than @p room; w->count: nowhere. */
static uint32_t best_or(const struct policy_program *p, const struct way *w, size_t room)
{
	uint32_t best = w->count;

	for (uint32_t i = 0; i < w->count; i++) {
		const struct program_node *n = &p->nodes[w->demands[i]];

		if (n->slot >= 0 && n->chance <= SELDOM)
			return w->count;
		if (n->kind == NODE_OR && n->slot == SLOT_SEVERAL && n->count <= PARTS_MAX &&
		    count_parts(p, n) <= room &&
		    (best == w->count || n->chance < p->nodes[w->demands[best]].chance))
			best = i;
	}
	return best;
}

/* Takes the first of the parts and those of the same field out of them. @return their node, or UINT32_MAX: budget spent */
static uint32_t next_part(struct compiler *c, uint32_t *parts, size_t *count)
{
	int32_t of = c->p->nodes[parts[0]].slot;
	uint32_t same[PARTS_MAX];
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < *count; i++)
		if (!i || (of >= 0 && c->p->nodes[parts[i]].slot == of))
			same[n++] = parts[i];
		else
			parts[kept++] = parts[i];
	*count = kept;
	return node_join(c, NODE_OR, same, n);
}

/* The ways of one rule. @return how many, or -ENOBUFS */
static int take_apart(struct compiler *c, uint32_t root, struct way *ways)
{
	const struct policy_program *p = c->p;
	int count = 1;

	ways[0].count = 0;
	if (!demand(c, &ways[0], root))
		return -ENOBUFS;
	for (int i = 0; i < count;) {
		struct way rest = ways[i];
		uint32_t at = best_or(p, &rest, (size_t)(WAYS_MAX - count + 1));
		uint32_t parts[PARTS_MAX];
		size_t left;

		if (at == rest.count) {
			i++;
			continue;
		}
		left = p->nodes[rest.demands[at]].count;
		memcpy(parts, p->kids + p->nodes[rest.demands[at]].first, left * sizeof(*parts));
		rest.demands[at] = rest.demands[--rest.count];
		for (bool first = true; left; first = false) {
			uint32_t part = next_part(c, parts, &left);
			struct way *w = first ? &ways[i] : &ways[count++];

			*w = rest;
			if (part == UINT32_MAX || !demand(c, w, part))
				return -ENOBUFS;
		}
	}
	return count;
}

static int by_cost(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	return (x->cost > y->cost) - (x->cost < y->cost);
}

/* What takes long is asked for last, when no other way holds. */
static int add_rule(struct policy_program *p, struct type_plan *plan, uint32_t rule,
		    struct way *ways, int count)
{
	for (int i = 0; i < count; i++) {
		ways[i].cost = 0;
		for (uint32_t k = 0; k < ways[i].count; k++)
			ways[i].cost += p->nodes[ways[i].demands[k]].cost;
	}
	qsort(ways, (size_t)count, sizeof(*ways), by_cost);
	for (int i = 0; i < count; i++) {
		struct plan_disjunct *d = ARENA_PUSH(&p->arena, plan->disjuncts,
						     plan->disjunct_count, plan->disjunct_cap);

		if (!d)
			return -ENOBUFS;
		*d = (struct plan_disjunct){
			.rule = rule,
			.count = ways[i].count,
			.demands = ARENA_ARRAY(&p->arena, ways[i].count, uint32_t),
		};
		if (!d->demands)
			return -ENOBUFS;
		memcpy(d->demands, ways[i].demands, ways[i].count * sizeof(*d->demands));
	}
	return 0;
}

int plan_disjuncts(struct compiler *c)
{
	struct policy_program *p = c->p;
	OWNED struct way *ways = calloc(WAYS_MAX, sizeof(*ways));

	if (!ways)
		return -ENOBUFS;
	for (size_t t = 0; t < p->subject->type_count; t++) {
		struct type_plan *plan = &p->plans[t];

		for (uint32_t i = 0; i < plan->count; i++) {
			int count = take_apart(c, plan->roots[i], ways);

			if (count < 0 || add_rule(p, plan, i, ways, count) < 0)
				return -ENOBUFS;
		}
		plan->words = literal_words((uint32_t)plan->disjunct_count);
		p->row_words = MAX(p->row_words, plan->words);
	}
	return 0;
}
