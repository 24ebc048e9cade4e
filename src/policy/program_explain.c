#include "policy/program_priv.h"

static enum policy_verdict verdict_of(int verdict)
{
	return verdict == YES ? POLICY_TRUE : verdict == NO ? POLICY_FALSE : POLICY_MAYBE;
}

/* The check a tree's leaf became; its slot holds the value to show. Leaves that became constants or trees have none. */
static const struct program_check *check_of(const struct policy_program *p, uint32_t node)
{
	const struct program_node *n = &p->nodes[node];

	return n->kind == NODE_CHECK ? &p->checks[n->first] : NULL;
}

static int explain_leaf(struct policy_run *r, const struct condition *n, uint32_t node,
			struct arena *a, struct policy_step *step)
{
	const struct program_check *k = check_of(r->p, node);
	OWNED_BUF text = BUF_INIT;

	if (k) {
		step->value = *run_slot(r, k->slot);
		step->has_value = true;
	}
	condition_print(n, &text);
	if (buf_error(&text))
		return -ENOBUFS;
	step->text = arena_str(a, buf_str(&text));
	return step->text.p ? 0 : -ENOBUFS;
}

int policy_explain(struct policy_run *r, const struct policy_target *t, uint32_t rule,
		   struct arena *a, struct policy_step **ret, size_t *ret_count, struct err *e)
{
	const struct condition *top = r->p->rules[rule]->condition, *n;
	struct policy_step *steps = ARENA_ARRAY(a, top->size, struct policy_step);
	OWNED struct condition_walk *w = calloc(1, sizeof(*w));
	size_t count = 0;

	if (!steps || !w)
		return err_set(e, ENOBUFS, "explanation: memory budget spent");
	run_begin(r, t);
	condition_walk_begin(w, top);
	while ((n = condition_walk_next(w))) {
		struct policy_step *s = &steps[count];
		uint32_t node = r->p->steps[rule][count];

		if (!w->entering)
			continue;
		count++;
		s->depth = (uint16_t)(w->depth - 1);
		s->verdict = verdict_of(run_node(r, node));
		s->text = n->kind == CONDITION_AND  ? S("and")
			  : n->kind == CONDITION_OR ? S("or")
						    : S("not");
		if (n->kind == CONDITION_CHECK && explain_leaf(r, n, node, a, s) < 0)
			return err_set(e, ENOBUFS, "explanation: memory budget spent");
	}
	*ret = steps;
	*ret_count = count;
	return 0;
}
