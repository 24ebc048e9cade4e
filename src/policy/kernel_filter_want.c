#include "policy/kernel_filter_priv.h"

uint8_t filter_want(const struct policy_ref *r)
{
	switch (r->field) {
	case FIELD_PROC_CWD:
		return KERNEL_WANT_CWD;
	case FIELD_PROC_STDIN_TYPE ... FIELD_PROC_STDERR_NAME:
		return KERNEL_WANT_STDIO;
	default:
		return 0;
	}
}

/* What each node reads, from the slots upwards: whatever is built on another has the higher number. */
struct wants {
	uint8_t *slot, *check, *node;
};

static void of_slots(const struct policy_program *p, const struct wants *w)
{
	for (size_t i = 0; i < p->slot_count; i++) {
		const struct program_slot *s = &p->slots[i];

		if (s->kind == SLOT_FIELD)
			w->slot[i] = filter_want(&s->ref);
		for (size_t k = 0; s->kind == SLOT_TRANSFORM && k < s->arg_count; k++)
			w->slot[i] |= w->slot[s->args[k]];
	}
}

static void of_checks(const struct policy_program *p, const struct wants *w)
{
	for (size_t i = 0; i < p->check_count; i++) {
		const struct program_check *c = &p->checks[i];

		w->check[i] = w->slot[c->slot];
		for (size_t k = 0; c->how == CHECK_SLOTS && k < c->other_count; k++)
			w->check[i] |= w->slot[c->others[k]];
	}
}

static void of_nodes(const struct policy_program *p, const struct wants *w)
{
	for (size_t i = 0; i < p->node_count; i++) {
		const struct program_node *n = &p->nodes[i];

		if (n->kind == NODE_CHECK)
			w->node[i] = w->check[n->first];
		for (uint32_t k = 0; n->kind != NODE_CHECK && k < n->count; k++)
			w->node[i] |= w->node[p->kids[n->first + k]];
	}
}

int filter_add_wants(const struct policy_program *p, struct kernel_filter *f)
{
	OWNED uint8_t *slot = calloc(p->slot_count + 1, 1);
	OWNED uint8_t *check = calloc(p->check_count + 1, 1);
	OWNED uint8_t *node = calloc(p->node_count + 1, 1);
	const struct wants w = { slot, check, node };

	if (!slot || !check || !node)
		return -ENOBUFS;
	of_slots(p, &w);
	of_checks(p, &w);
	of_nodes(p, &w);
	for (size_t t = 0; t < EVENT_TYPE_COUNT; t++) {
		const struct type_plan *plan = &p->plans[t];

		for (uint32_t i = 0; i < plan->count; i++)
			f->wants[t] |= node[plan->roots[i]] | p->shown[plan->rules[i]];
		if (event_type_family((enum event_type)t) == EVENT_FAMILY_EXEC)
			f->wants[t] &= (uint8_t)~KERNEL_WANT_CWD;
	}
	return 0;
}
