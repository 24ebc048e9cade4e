#include "policy/output.h"
#include "policy/program_priv.h"

enum { PROGRAM_MAX_BYTES = 256 << 20 };

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "rules: memory budget spent");
}

/* A node of the tree, its children's nodes on top of @p stack. */
static int leave(struct compiler *c, const struct rule *rule, const struct condition *n,
		 uint32_t *stack, size_t *have, struct err *e)
{
	uint32_t id;
	int r;

	switch (n->kind) {
	case CONDITION_CHECK:
		r = bind_check(c, n, rule->falco_compatible, &id, e);
		if (r < 0)
			return r;
		break;
	case CONDITION_NOT:
		id = node_not(c, stack[*have - 1]);
		break;
	case CONDITION_MACRO:
		c->fault_at = n->offset;
		return err_set(e, EBADMSG, "macro '%.*s' was not resolved", STR_ARG(n->name));
	default:
		id = node_join(c, n->kind == CONDITION_AND ? NODE_AND : NODE_OR,
			       stack + *have - n->child_count, n->child_count);
	}
	if (id == UINT32_MAX)
		return spent(e);
	*have -= n->child_count;
	stack[(*have)++] = id;
	return 0;
}

/* Keeps the node of each part of the tree, in reading order, for explanations. */
static int compile_tree(struct compiler *c, const struct rule *rule, uint32_t *ret_root,
			uint32_t **ret_steps, struct err *e)
{
	size_t size = rule->condition->size, have = 0, entered = 0;
	uint32_t *steps = ARENA_ARRAY(c->a, size, uint32_t);
	OWNED uint32_t *stack = calloc(size + 1, sizeof(*stack));
	OWNED uint32_t *open = calloc(CONDITION_MAX_DEPTH + 1, sizeof(*open));
	OWNED struct condition_walk *w = calloc(1, sizeof(*w));
	const struct condition *n;

	if (!steps || !stack || !open || !w)
		return spent(e);
	condition_walk_begin(w, rule->condition);
	while ((n = condition_walk_next(w))) {
		int r;

		if (w->entering) {
			open[w->depth] = (uint32_t)entered++;
			continue;
		}
		r = leave(c, rule, n, stack, &have, e);
		if (r < 0)
			return r;
		steps[open[w->depth]] = stack[have - 1];
	}
	*ret_root = stack[0];
	*ret_steps = steps;
	return 0;
}

static int add_rule(struct compiler *c, const struct rule *rule, policy_note note, void *ctx,
		    struct err *e)
{
	struct policy_program *p = c->p;
	enum rule_code code = RULE_ERR_COMPILE_CONDITION;
	struct err why = { .translate = e ? e->translate : NULL };
	uint32_t root, *steps;
	int r = compile_tree(c, rule, &root, &steps, &why);

	if (r == 0) {
		p->rules[p->rule_count] = rule;
		p->steps[p->rule_count] = steps;
		p->roots[p->rule_count++] = root;
		return 0;
	}
	if (r != -EBADMSG && r != -ENOENT && r != -E2BIG) {
		if (e)
			*e = why;
		return r;
	}
	if (r == -ENOENT && rule->skip_if_unknown_filter)
		code = RULE_UNKNOWN_FILTER;
	return note ? note(ctx, rule, code, c->fault_at, str_from(why.text), e) : 0;
}

/* Outputs that cannot be parsed were told when the file was read. */
static void output_uses(struct policy_program *p, struct arena *scratch, size_t rule, str output)
{
	const struct policy_ref *refs;
	struct output_format *f;
	size_t count;

	if (output_parse(output, p->subject, scratch, &f, NULL) < 0)
		return;
	refs = output_fields(f, &count);
	for (size_t i = 0; i < count; i++)
		p->uses[refs[i].field] = true;
	for (size_t i = 0; i < count; i++)
		p->shown[rule] |= filter_want(&refs[i]);
}

/* Which checks a rule needs, counted; which fields the rules read. */
static int count_uses(struct policy_program *p, struct arena *scratch)
{
	OWNED bool *node = calloc(p->node_count, sizeof(*node));
	OWNED bool *check = calloc(p->check_count + 1, sizeof(*check));

	if (!node || !check)
		return -ENOBUFS;
	for (size_t i = 0; i < p->rule_count; i++) {
		memset(node, 0, p->node_count * sizeof(*node));
		memset(check, 0, p->check_count * sizeof(*check));
		node[p->roots[i]] = true;
		for (size_t n = p->roots[i] + 1u; n-- > 0;) {
			const struct program_node *of = &p->nodes[n];

			if (node[n] && of->kind == NODE_CHECK)
				check[of->first] = true;
			for (uint32_t k = 0; node[n] && k < of->count; k++)
				node[p->kids[of->first + k]] = true;
		}
		for (size_t k = p->check_count; k-- > 0;) {
			const struct program_check *of = &p->checks[k];

			p->checks[k].rules += check[k];
			for (size_t o = 0;
			     check[k] && of->how == CHECK_ONE_OF && o < of->other_count; o++)
				check[of->others[o]] = true;
		}
	}
	for (size_t i = 0; i < p->rule_count; i++) {
		output_uses(p, scratch, i, p->rules[i]->output);
		output_uses(p, scratch, i, p->rules[i]->output_zh);
	}
	for (size_t i = 0; i < p->slot_count; i++)
		if (p->slots[i].kind == SLOT_FIELD)
			p->uses[p->slots[i].ref.field] = true;
	return 0;
}

static int start(struct policy_program *p, size_t rules, const struct policy_subject *s)
{
	struct arena *a = &p->arena;

	p->subject = s;
	p->rules = ARENA_ARRAY(a, rules, const struct rule *);
	p->roots = ARENA_ARRAY(a, rules, uint32_t);
	p->steps = ARENA_ARRAY(a, rules, uint32_t *);
	p->plans = ARENA_ARRAY(a, s->type_count, struct type_plan);
	p->wanted = ARENA_ARRAY(a, s->type_count, bool);
	p->uses = ARENA_ARRAY(a, s->field_count, bool);
	p->shown = ARENA_ARRAY(a, rules, uint8_t);
	for (int i = 0; i < 2; i++) {
		struct program_node *n = ARENA_PUSH(a, p->nodes, p->node_count, p->node_cap);

		if (!n)
			return -ENOBUFS;
		*n = (struct program_node){ .kind = i ? NODE_TRUE : NODE_FALSE,
					    .slot = SLOT_NONE,
					    .depth = 1,
					    .chance = (float)i };
	}
	return p->rules && p->roots && p->steps && p->plans && p->wanted && p->uses && p->shown
		       ? 0
		       : -ENOBUFS;
}

static int finish(struct compiler *c, struct err *e)
{
	struct arena scratch;
	int r;

	arena_init(&scratch, PROGRAM_MAX_BYTES);
	r = count_uses(c->p, &scratch);
	if (r == 0)
		r = matcher_finish(c->p);
	if (r == 0)
		r = plan_types(c);
	if (r == 0)
		r = plan_disjuncts(c);
	if (r == 0)
		r = node_order(c->p);
	if (r == 0)
		r = plan_indexes(c->p, &scratch);
	arena_done(&scratch);
	return r < 0 ? spent(e) : 0;
}

int policy_compile_rules(const struct rule *const *rules, size_t count,
			 const struct policy_subject *s, policy_note note, void *ctx,
			 struct policy_program **ret, struct err *e)
{
	struct policy_program *p = calloc(1, sizeof(*p));
	struct compiler c = { .p = p };
	struct arena scratch;
	int r;

	if (!p)
		return err_set(e, ENOMEM, "out of memory");
	arena_init(&p->arena, PROGRAM_MAX_BYTES);
	arena_init(&scratch, PROGRAM_MAX_BYTES);
	c.a = &p->arena;
	c.slots = c.bits = c.checks = c.nodes = c.names = map_in(&scratch);
	r = start(p, count, s);
	if (r < 0)
		err_set(e, ENOBUFS, "rules: memory budget spent");
	for (size_t i = 0; r == 0 && i < count; i++)
		if (rules[i]->enabled && rules[i]->condition && str_is(rules[i]->source, s->name))
			r = add_rule(&c, rules[i], note, ctx, e);
	if (r == 0)
		r = finish(&c, e);
	arena_done(&scratch);
	if (r < 0) {
		policy_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void policy_free(struct policy_program *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->check_count; i++)
		regex_free(p->checks[i].regex);
	arena_done(&p->arena);
	free(p);
}

const struct rule *const *policy_rules(const struct policy_program *p, size_t *ret_count)
{
	*ret_count = p->rule_count;
	return p->rules;
}

const bool *policy_types(const struct policy_program *p)
{
	return p->wanted;
}

bool policy_uses(const struct policy_program *p, uint16_t field)
{
	return p->uses[field];
}

const str *policy_names(const struct policy_program *p, size_t *ret_count)
{
	*ret_count = p->name_count;
	return p->names;
}
