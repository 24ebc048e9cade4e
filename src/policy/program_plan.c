/* For each type of target: which rules it can match, and their trees with all decided that the type decides. */
#include "policy/program_priv.h"

static uint32_t specialise(struct compiler *c, uint32_t node, const uint32_t *known, str type,
			   uint32_t *kids)
{
	const struct program_node *n = &c->p->nodes[node];

	if (!n->has_type)
		return node;
	if (n->kind == NODE_CHECK) {
		const struct program_check *k = &c->p->checks[n->first];

		switch (k->how) {
		case CHECK_EXISTS:
			return 1;
		case CHECK_BIT:
		case CHECK_PATTERNS:
		case CHECK_ORDER:
			return check_string(k, type) ? 1 : 0;
		default:
			return node; /* left to run time */
		}
	}
	for (uint32_t i = 0; i < n->count; i++)
		kids[i] = known[c->p->kids[n->first + i]];
	return n->kind == NODE_NOT ? node_not(c, kids[0]) : node_join(c, n->kind, kids, n->count);
}

static int plan_type(struct compiler *c, size_t type, size_t nodes, uint32_t *known, uint32_t *kids)
{
	struct policy_program *p = c->p;
	struct type_plan *plan = &p->plans[type];
	str name = str_from(p->subject->types[type]);

	for (uint32_t i = 0; i < nodes; i++) {
		known[i] = specialise(c, i, known, name, kids);
		if (known[i] == UINT32_MAX)
			return -ENOBUFS;
	}
	for (size_t i = 0; i < p->rule_count; i++)
		plan->count += known[p->roots[i]] != 0;
	plan->words = literal_words(plan->count);
	plan->rules = ARENA_ARRAY(c->a, plan->count, uint32_t);
	plan->roots = ARENA_ARRAY(c->a, plan->count, uint32_t);
	if (!plan->rules || !plan->roots)
		return -ENOBUFS;
	plan->count = 0;
	for (size_t i = 0; i < p->rule_count; i++) {
		if (!known[p->roots[i]])
			continue;
		plan->rules[plan->count] = (uint32_t)i;
		plan->roots[plan->count++] = known[p->roots[i]];
	}
	p->wanted[type] = plan->count > 0;
	return 0;
}

int plan_types(struct compiler *c)
{
	size_t nodes = c->p->node_count, widest = 1;
	OWNED uint32_t *known = calloc(nodes, sizeof(*known));
	OWNED uint32_t *kids = NULL;

	for (size_t i = 0; i < nodes; i++)
		widest = MAX(widest, c->p->nodes[i].count);
	kids = calloc(widest, sizeof(*kids));
	if (!known || !kids)
		return -ENOBUFS;
	for (size_t t = 0; t < c->p->subject->type_count; t++)
		if (plan_type(c, t, nodes, known, kids) < 0)
			return -ENOBUFS;
	return 0;
}
