/* Trees of checks, each distinct one made once: equal sub-trees of different rules are one node, judged once. */
#include "policy/program_priv.h"

#define DEAR 1e30f /* more than any rule costs: the last that is asked for */

/* Rough costs in nanoseconds, to order children by. */
static float slot_cost(const struct program_slot *s)
{
	float cost = s->kind == SLOT_TEXT ? 0 : 10;

	if (s->kind == SLOT_TRANSFORM)
		cost += 40;
	if (s->many != POLICY_ONE)
		cost += 30;
	if (s->dear)
		cost += DEAR;
	return cost;
}

static float check_cost(const struct policy_program *p, const struct program_check *k)
{
	static const float matcher[] = { 5, 15, 15, 20, 100, 100 };
	float cost = slot_cost(&p->slots[k->slot]);

	for (size_t i = 0; k->how == CHECK_SLOTS && i < k->other_count; i++)
		cost += p->slots[k->others[i]].dear ? DEAR : 0;
	switch (k->how) {
	case CHECK_BIT:
		return cost + matcher[p->matchers[k->matcher].kind];
	case CHECK_NUMBERS:
		return cost + 5;
	case CHECK_PATTERNS:
		return cost + (k->gated ? 20 : 50) * (float)k->text_count;
	case CHECK_REGEX:
		return cost + 500;
	case CHECK_NAMES:
		return cost + 15 * (float)k->other_count;
	case CHECK_NETS:
		return cost + 30;
	case CHECK_SLOTS:
	case CHECK_ONE_OF:
		return cost + 40 * (float)(1 + k->other_count);
	default:
		return cost + 2;
	}
}

/* "container.id != host", of which most rules make their beginning. */
static bool asks_for_host(const struct policy_program *p, const struct program_check *k)
{
	const struct program_slot *s = &p->slots[k->slot];

	return p->subject == &policy_events && s->kind == SLOT_FIELD &&
	       s->ref.field == FIELD_CONTAINER_ID && k->text_count == 1 &&
	       str_is(k->texts[0], "host");
}

/*
 * How often a check holds. Short texts are kinds and flags, which are common; long ones are names and paths. What a value begins with or
 * has in it is common when it is shorter still.
 */
static float check_chance(const struct policy_program *p, const struct program_check *k)
{
	const bool whole = k->how == CHECK_BIT && p->matchers[k->matcher].kind == MATCH_EXACT;
	const size_t common = whole ? 4 : 1;
	float chance = 0.3f;

	if (asks_for_host(p, k))
		return 0.5f; /* asked the one way or the other: that alone rules out half of the rules */
	if (k->how == CHECK_EXISTS)
		return 0.8f;
	if (k->how == CHECK_COMPARE)
		return 0.6f;
	if (k->how == CHECK_NUMBERS && p->slots[k->slot].type == POLICY_PORT)
		chance = 0.05f;
	if (k->how == CHECK_BIT || k->how == CHECK_PATTERNS) {
		chance = 0.02f + 0.003f * (float)k->text_count;
		for (size_t i = 0; i < k->text_count && chance < 0.28f; i++)
			chance += k->texts[i].n <= common ? 0.26f : 0;
		chance = MIN(chance, 0.3f);
	}
	return k->negate ? 1 - chance : chance;
}

/* Settled by number, which is what makes equal trees equal. */
static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t push_node(struct compiler *c, const struct program_node *n)
{
	struct policy_program *p = c->p;
	struct program_node *fresh = ARENA_PUSH(c->a, p->nodes, p->node_count, p->node_cap);

	if (!fresh)
		return UINT32_MAX;
	*fresh = *n;
	p->depth = MAX(p->depth, n->depth);
	return (uint32_t)p->node_count - 1;
}

/* The node under the key, made with @p n and @p kids when it is new. */
static uint32_t node_id(struct compiler *c, struct program_node *n, const uint32_t *kids)
{
	struct policy_program *p = c->p;
	OWNED_BUF key = BUF_INIT;
	const void *known;
	uint32_t id;
	void **at;
	str owned;

	key_number(&key, (uint64_t)n->kind << 1 | n->two_valued);
	if (n->kind == NODE_CHECK)
		key_number(&key, n->first);
	else
		buf_add(&key, (str){ (const char *)kids, n->count * sizeof(*kids) });
	if (buf_error(&key))
		return UINT32_MAX;
	known = map_find(&c->nodes, buf_str(&key));
	if (known)
		return (uint32_t)((uintptr_t)known - 1);
	owned = arena_str(c->a, buf_str(&key));
	at = owned.p ? map_at(&c->nodes, owned) : NULL;
	if (!at)
		return UINT32_MAX;
	if (n->kind != NODE_CHECK) {
		n->first = (uint32_t)p->kid_count;
		for (uint32_t i = 0; i < n->count; i++) {
			uint32_t *kid = ARENA_PUSH(c->a, p->kids, p->kid_count, p->kid_cap);

			if (!kid)
				return UINT32_MAX;
			*kid = kids[i];
		}
	}
	id = push_node(c, n);
	if (id != UINT32_MAX)
		*at = (void *)(uintptr_t)(id + 1u);
	return id;
}

/* "evt.num=0": how rules say "never". */
static bool is_never(const struct policy_program *p, const struct program_check *k)
{
	const struct program_slot *s = &p->slots[k->slot];

	if (s->kind != SLOT_FIELD || s->ref.field != p->subject->number_field ||
	    k->how != CHECK_NUMBERS || k->negate)
		return false;
	for (size_t i = 0; i < k->number_count; i++)
		if (k->numbers[i])
			return false;
	return true;
}

static int32_t slot_of(const struct policy_program *p, const struct program_check *k)
{
	switch (k->how) {
	case CHECK_ONE_OF:
	case CHECK_SLOTS:
		return SLOT_SEVERAL;
	default:
		/* What takes long is asked for last, not ahead. */
		return p->slots[k->slot].dear ? SLOT_SEVERAL : (int32_t)k->slot;
	}
}

uint32_t node_check(struct compiler *c, uint32_t check, bool two_valued)
{
	const struct program_check *k = &c->p->checks[check];
	const struct program_slot *s = &c->p->slots[k->slot];
	const struct policy_subject *subject = c->p->subject;
	struct program_node n = { .kind = NODE_CHECK,
				  .two_valued = two_valued,
				  .depth = 1,
				  .first = check,
				  .count = 0,
				  .cost = check_cost(c->p, k),
				  .chance = check_chance(c->p, k) };

	if (is_never(c->p, k))
		return 0;
	n.has_type = s->kind == SLOT_FIELD && s->ref.field == subject->type_field;
	n.slot = slot_of(c->p, k);
	return node_id(c, &n, NULL);
}

uint32_t node_not(struct compiler *c, uint32_t child)
{
	const struct program_node *of = &c->p->nodes[child];
	struct program_node n = { .kind = NODE_NOT,
				  .has_type = of->has_type,
				  .slot = of->slot,
				  .depth = (uint16_t)(of->depth + 1),
				  .count = 1,
				  .cost = of->cost + 2,
				  .chance = 1 - of->chance };

	if (of->kind == NODE_FALSE)
		return 1;
	if (of->kind == NODE_TRUE)
		return 0;
	if (of->kind == NODE_NOT)
		return c->p->kids[of->first];
	return node_id(c, &n, &child);
}

/* Children of the same kind are taken in, constants and doubles dropped. @return how many are left, or -1: decided */
static int64_t flatten(const struct policy_program *p, enum node_kind kind, const uint32_t *kids,
		       size_t count, uint32_t *out)
{
	uint32_t neutral = kind == NODE_AND ? 1 : 0;
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct program_node *k = &p->nodes[kids[i]];

		if (kids[i] == 1 - neutral)
			return -1;
		if (k->kind == kind) {
			memcpy(out + n, p->kids + k->first, k->count * sizeof(*out));
			n += k->count;
		} else if (kids[i] != neutral) {
			out[n++] = kids[i];
		}
	}
	qsort(out, n, sizeof(*out), ascending);
	for (size_t i = 0; i < n; i++)
		if (!kept || out[kept - 1] != out[i])
			out[kept++] = out[i];
	return (int64_t)kept;
}

uint32_t node_join(struct compiler *c, enum node_kind kind, const uint32_t *kids, size_t count)
{
	struct policy_program *p = c->p;
	struct program_node n = { .kind = kind, .depth = 1, .slot = SLOT_NONE };
	float pass = 1;
	size_t most = 0;
	int64_t left;
	OWNED uint32_t *flat = NULL;

	for (size_t i = 0; i < count; i++)
		most += MAX(p->nodes[kids[i]].count, 1u);
	flat = calloc(most + 1, sizeof(*flat));
	if (!flat)
		return UINT32_MAX;
	left = flatten(p, kind, kids, count, flat);
	if (left < 0)
		return kind == NODE_AND ? 0 : 1;
	if (left == 0)
		return kind == NODE_AND ? 1 : 0;
	if (left == 1)
		return flat[0];
	n.count = (uint32_t)left;
	for (uint32_t i = 0; i < n.count; i++) {
		const struct program_node *k = &p->nodes[flat[i]];

		n.has_type |= k->has_type;
		if (k->slot != SLOT_NONE)
			n.slot = n.slot == SLOT_NONE || n.slot == k->slot ? k->slot : SLOT_SEVERAL;
		n.depth = (uint16_t)MAX(n.depth, k->depth + 1);
		/* Later children are judged only when those before have not decided. */
		n.cost += 1 + pass * k->cost;
		pass *= kind == NODE_AND ? k->chance : 1 - k->chance;
	}
	n.chance = kind == NODE_AND ? pass : 1 - pass;
	return node_id(c, &n, flat);
}

float node_rank(const struct policy_program *p, enum node_kind kind, uint32_t node)
{
	const struct program_node *n = &p->nodes[node];

	return n->cost / MAX(kind == NODE_AND ? 1 - n->chance : n->chance, 0.001f);
}

struct ranked {
	uint32_t node;
	float rank;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

/* What decides soonest for its cost goes first. Three-valued `and` and `or` do not mind the order. */
int node_order(struct policy_program *p)
{
	size_t widest = 1;
	OWNED struct ranked *r = NULL;

	for (size_t i = 0; i < p->node_count; i++)
		widest = MAX(widest, p->nodes[i].count);
	r = calloc(widest, sizeof(*r));
	if (!r)
		return -ENOBUFS;
	for (size_t i = 0; i < p->node_count; i++) {
		const struct program_node *n = &p->nodes[i];

		if (n->kind != NODE_AND && n->kind != NODE_OR)
			continue;
		for (uint32_t k = 0; k < n->count; k++) {
			r[k].node = p->kids[n->first + k];
			r[k].rank = node_rank(p, n->kind, r[k].node);
		}
		qsort(r, n->count, sizeof(*r), by_rank);
		for (uint32_t k = 0; k < n->count; k++)
			p->kids[n->first + k] = r[k].node;
	}
	p->edges = ARENA_ARRAY(&p->arena, MAX(p->kid_count, (size_t)1), uint32_t);
	if (!p->edges)
		return -ENOBUFS;
	for (size_t i = 0; i < p->kid_count; i++)
		p->edges[i] = edge_to(p, p->kids[i]);
	return 0;
}
