#include "policy/condition_priv.h"

struct nodes {
	struct condition **items;
	size_t count, cap;
};

/* What is between two parentheses, or the whole: ors of ands. The last list of ands is still growing. */
struct group {
	struct nodes ors, ands;
	bool negated;        /* "not" stood before the parenthesis */
	uint32_t not_offset; /* where */
};

struct parser {
	struct cursor c;
	struct group *groups; /* innermost last; a finished one is used again */
	size_t depth, cap;
	size_t max_depth;
	size_t nodes;
};

static int new_node(struct parser *p, enum condition_kind kind, size_t offset,
		    struct condition **ret)
{
	struct condition *n;

	if (++p->nodes > CONDITION_MAX_NODES)
		return err_set(p->c.e, E2BIG, "a condition of more than %d nodes",
			       CONDITION_MAX_NODES);
	n = ARENA_NEW(p->c.arena, struct condition);
	if (!n)
		return cursor_spent(&p->c);
	n->kind = kind;
	n->offset = (uint32_t)offset;
	n->height = 1;
	n->size = 1;
	*ret = n;
	return 0;
}

static int push(struct parser *p, struct nodes *list, struct condition *n)
{
	struct condition **at = ARENA_PUSH(p->c.arena, list->items, list->count, list->cap);

	if (!at)
		return cursor_spent(&p->c);
	*at = n;
	return 0;
}

/* One node for several; the only one when there is one. */
static int combine(struct parser *p, enum condition_kind kind, size_t offset,
		   const struct nodes *list, struct condition **ret)
{
	struct condition *n;
	int r;

	if (list->count == 1 && kind != CONDITION_NOT) {
		*ret = list->items[0];
		return 0;
	}
	r = new_node(p, kind, offset, &n);
	if (r < 0)
		return r;
	n->children = list->items;
	n->child_count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		n->height = (uint16_t)MAX(n->height, list->items[i]->height + 1);
		n->size += list->items[i]->size;
	}
	if (n->height > CONDITION_MAX_DEPTH)
		return err_set(p->c.e, E2BIG, "a condition nested deeper than %d levels",
			       CONDITION_MAX_DEPTH);
	*ret = n;
	return 0;
}

static int negate(struct parser *p, size_t offset, struct condition **n)
{
	struct nodes one = { 0 };
	int r = push(p, &one, *n);

	return r < 0 ? r : combine(p, CONDITION_NOT, offset, &one, n);
}

static int open_group(struct parser *p, bool negated, size_t not_offset)
{
	struct group *g;

	if (p->depth > p->max_depth)
		return err_set(p->c.e, E2BIG, "more than %zu parentheses are open", p->max_depth);
	g = ARENA_PUSH(p->c.arena, p->groups, p->depth, p->cap);
	if (!g)
		return cursor_spent(&p->c);
	*g = (struct group){ .negated = negated, .not_offset = (uint32_t)not_offset };
	return 0;
}

/* "a and b" is whole. */
static int close_ands(struct parser *p, struct group *g)
{
	struct condition *n;
	int r = combine(p, CONDITION_AND, g->ands.items[0]->offset, &g->ands, &n);

	g->ands = (struct nodes){ 0 };
	return r < 0 ? r : push(p, &g->ors, n);
}

static int close_group(struct parser *p, struct condition **ret)
{
	struct group g = p->groups[p->depth - 1];
	int r = close_ands(p, &g);

	p->depth--;
	if (r == 0)
		r = combine(p, CONDITION_OR, g.ors.items[0]->offset, &g.ors, ret);
	return r == 0 && g.negated ? negate(p, g.not_offset, ret) : r;
}

/* A comparison or a macro. */
static int check(struct parser *p, struct condition **ret)
{
	struct condition_term left;
	size_t offset = p->c.at;
	int r = term_field(&p->c, &left);

	if (r == 0)
		r = term_transform(&p->c, &left);
	if (r < 0)
		return r;
	if (r > 0) {
		r = new_node(p, CONDITION_CHECK, offset, ret);
		if (r < 0)
			return r;
		(*ret)->left = left;
		return check_comparison(&p->c, *ret);
	}
	str name = cursor_identifier(&p->c);

	if (name.n == 0 || str_is(name, "and") || str_is(name, "or") || str_is(name, "not")) {
		p->c.at = offset;
		return cursor_expected(&p->c, "a field, a macro or '('");
	}
	r = new_node(p, CONDITION_MACRO, offset, ret);
	if (r == 0)
		(*ret)->name = name;
	return r;
}

/* "not" as often as it stands here, and the parenthesis that may follow. */
static bool take_nots(struct cursor *c, bool *ret_paren)
{
	bool negated = false;

	*ret_paren = false;
	while (!*ret_paren && cursor_word(c, "not")) {
		size_t behind = c->at;

		if (!cursor_blank(c) && !cursor_take(c, "(")) {
			c->at = behind - 3;
			return negated;
		}
		*ret_paren = c->at == behind + 1 && c->text.p[behind] == '(';
		negated = !negated;
	}
	*ret_paren = *ret_paren || cursor_take(c, "(");
	return negated;
}

/* What an "and" or an "or" stands before: 1 with a node, 0 when a group was opened. */
static int operand(struct parser *p, struct condition **ret)
{
	bool paren, negated;
	size_t from;
	int r;

	cursor_blank(&p->c);
	from = p->c.at;
	negated = take_nots(&p->c, &paren);
	if (paren)
		return open_group(p, negated, from);
	r = check(p, ret);
	if (r == 0 && negated)
		r = negate(p, from, ret);
	return r < 0 ? r : 1;
}

/* "and" and "or" are followed by a blank or by a parenthesis; where the text ends, what follows is missing. */
static bool take_junction(struct cursor *c, const char *word)
{
	size_t from = c->at;

	if (cursor_take(c, word) &&
	    (is_blank(cursor_peek(c)) || cursor_peek(c) == '(' || cursor_end(c)))
		return true;
	c->at = from;
	return false;
}

/* Behind operand @p n: 1 when the whole is read, 0 when an operand must follow. */
static int junction(struct parser *p, struct condition **n)
{
	for (;;) {
		struct group *g = &p->groups[p->depth - 1];
		int r = push(p, &g->ands, *n);

		cursor_blank(&p->c);
		if (r < 0 || take_junction(&p->c, "and"))
			return r;
		if (take_junction(&p->c, "or"))
			return close_ands(p, g);
		if (p->depth == 1 && cursor_end(&p->c))
			return (r = close_group(p, n)) < 0 ? r : 1;
		if (p->depth == 1 || !cursor_take(&p->c, ")"))
			return cursor_expected(&p->c, p->depth == 1 ? "'and' or 'or'"
								    : "'and', 'or' or ')'");
		r = close_group(p, n);
		if (r < 0)
			return r;
	}
}

int condition_parse(str text, unsigned int max_depth, struct arena *a, struct condition **ret,
		    size_t *ret_at, struct err *e)
{
	struct parser p = {
		.c = { .text = text, .arena = a, .e = e },
		.max_depth = max_depth ? MIN(max_depth, CONDITION_MAX_DEPTH) : CONDITION_MAX_DEPTH,
	};
	struct condition *n = NULL;
	int r;

	if (text.n > UINT32_MAX)
		return err_set(e, E2BIG, "a condition of more than 4 GiB");
	r = open_group(&p, false, 0);
	while (r == 0) {
		r = operand(&p, &n);
		if (r > 0)
			r = junction(&p, &n);
	}
	if ((r == -EBADMSG || r == -E2BIG) && ret_at)
		*ret_at = p.c.at;
	if (r < 0)
		return r;
	*ret = n;
	return 0;
}
