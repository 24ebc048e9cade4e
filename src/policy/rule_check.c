#include "policy/rule_priv.h"

/* Whether something holds for certain types only, as it stands and when it is negated. */
struct restriction {
	bool plain, negated;
};

static struct restriction of_check(const struct condition *n, str type_field)
{
	struct restriction r = { false, false };

	if (n->kind != CONDITION_CHECK || n->left.kind != TERM_FIELD ||
	    !str_eq(n->left.text, type_field))
		return r;
	r.negated = n->op == CONDITION_NE;
	r.plain = n->op == CONDITION_EQ || n->op == CONDITION_IN;
	return r;
}

/* Of "and" one part suffices, of "or" all are needed; negated it is the other way round. */
static struct restriction neutral(enum condition_kind kind)
{
	return (struct restriction){ .plain = kind == CONDITION_OR,
				     .negated = kind == CONDITION_AND };
}

static struct restriction add(enum condition_kind kind, struct restriction sum,
			      struct restriction part)
{
	if (kind == CONDITION_NOT)
		return (struct restriction){ part.negated, part.plain };
	if (kind == CONDITION_AND)
		return (struct restriction){ sum.plain || part.plain, sum.negated && part.negated };
	return (struct restriction){ sum.plain && part.plain, sum.negated || part.negated };
}

bool rule_restricts_type(const struct condition *c, str type_field)
{
	struct restriction sums[CONDITION_MAX_DEPTH + 1] = { 0 };
	struct condition_walk w;
	const struct condition *n;

	condition_walk_begin(&w, c);
	while ((n = condition_walk_next(&w))) {
		if (w.entering)
			sums[w.depth] = n->child_count ? neutral(n->kind) : of_check(n, type_field);
		else if (w.depth > 1)
			sums[w.depth - 1] = add(w.steps[w.depth - 2].node->kind, sums[w.depth - 1],
						sums[w.depth]);
	}
	return sums[1].plain;
}
