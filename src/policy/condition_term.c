#include "policy/condition_priv.h"

/* [argument] behind a name: 1, 0 when there is no bracket. */
static int bracket(struct cursor *c, str *ret)
{
	size_t from;
	int r;

	if (!cursor_take(c, "["))
		return 0;
	r = cursor_quoted(c, ret);
	if (r < 0)
		return r;
	from = c->at;
	while (r == 0 && !cursor_end(c) && !is_blank(cursor_peek(c)) &&
	       !strchr("[]\"'", cursor_peek(c)))
		c->at++;
	if (r == 0)
		*ret = (str){ c->text.p + from, c->at - from };
	if (ret->n == 0)
		return cursor_expected(c, "an argument");
	return cursor_take(c, "]") ? 1 : cursor_expected(c, "']'");
}

/* name[arg]: the argument may hold any byte. */
static int with_argument(const struct cursor *c, str name, str arg, str *ret)
{
	char *p = arena_alloc(c->arena, name.n + arg.n + 2);

	if (!p)
		return -ENOBUFS;
	memcpy(p, name.p, name.n);
	p[name.n] = '[';
	memcpy(p + name.n + 1, arg.p, arg.n);
	p[name.n + 1 + arg.n] = ']';
	*ret = (str){ p, name.n + arg.n + 2 };
	return 0;
}

int term_field(struct cursor *c, struct condition_term *ret)
{
	str name = cursor_field_name(c), arg = { 0 };
	int r;

	if (name.n == 0)
		return 0;
	r = bracket(c, &arg);
	if (r < 0)
		return r;
	*ret = (struct condition_term){ .kind = TERM_FIELD, .text = name };
	if (r == 0)
		return 1;
	if (arg.p == name.p + name.n + 1) {
		ret->text.n = name.n + arg.n + 2;
		return 1;
	}
	return with_argument(c, name, arg, &ret->text) < 0 ? cursor_spent(c) : 1;
}

/* A transformer or a list whose closing parenthesis was not read yet. */
struct open_term {
	struct condition_term term;
	size_t cap;
	size_t at;
};

struct term_reader {
	struct cursor *c;
	struct open_term stack[CONDITION_MAX_TERM_DEPTH];
	size_t depth;
};

static bool transform_name(struct cursor *c, enum condition_transform *ret)
{
	for (enum condition_transform t = 0; t <= TRANSFORM_GETOPT; t++) {
		size_t from = c->at;

		if (cursor_take(c, condition_transform_name(t)) && cursor_take(c, "(")) {
			*ret = t;
			return true;
		}
		c->at = from;
	}
	return false;
}

static int open_term(struct term_reader *t, struct condition_term term, size_t at)
{
	if (t->depth == CONDITION_MAX_TERM_DEPTH)
		return err_set(t->c->e, E2BIG, "transformers are nested deeper than %d levels",
			       CONDITION_MAX_TERM_DEPTH);
	t->stack[t->depth++] = (struct open_term){ .term = term, .at = at };
	return 0;
}

/* One argument: 1 when it is whole, 0 when it was opened. */
static int argument(struct term_reader *t, struct condition_term *ret)
{
	struct cursor *c = t->c;
	enum condition_transform transform;
	size_t at = c->at;
	str text = cursor_number(c);
	int r;

	*ret = (struct condition_term){ .kind = TERM_TEXT, .text = text };
	if (text.n)
		return 1;
	r = cursor_quoted(c, &ret->text);
	if (r != 0)
		return r;
	if (transform_name(c, &transform))
		return open_term(
			t,
			(struct condition_term){ .kind = TERM_TRANSFORM, .transform = transform },
			at);
	if (cursor_take(c, "("))
		return open_term(t, (struct condition_term){ .kind = TERM_LIST }, at);
	r = term_field(c, ret);
	return r ? r : cursor_expected(c, "a field, a transformer, a quoted text or a number");
}

static int check_arity(struct cursor *c, const struct open_term *o)
{
	size_t min, max;

	if (o->term.kind != TERM_TRANSFORM)
		return 0;
	transform_arity(o->term.transform, &min, &max);
	if (o->term.arg_count >= min && o->term.arg_count <= max)
		return 0;
	c->at = o->at;
	return err_set(c->e, EBADMSG, "%s() takes %zu to %zu arguments, not %zu",
		       condition_transform_name(o->term.transform), min, max, o->term.arg_count);
}

/* Behind a closing parenthesis: the finished term goes to the one around it, or to @p ret: then 1. */
static int close_term(struct term_reader *t, struct condition_term *ret)
{
	struct open_term *o = &t->stack[t->depth - 1], *outer = o - 1;
	struct condition_term *arg;
	int r = check_arity(t->c, o);

	if (r == 0 && o->term.kind == TERM_TRANSFORM && o->term.transform == TRANSFORM_GETOPT)
		r = bracket(t->c, &o->term.option);
	if (r < 0)
		return r;
	if (--t->depth == 0) {
		*ret = o->term;
		return 1;
	}
	arg = ARENA_PUSH(t->c->arena, outer->term.args, outer->term.arg_count, outer->cap);
	if (!arg)
		return cursor_spent(t->c);
	*arg = o->term;
	return 0;
}

static int push_argument(struct term_reader *t)
{
	struct open_term *o = &t->stack[t->depth - 1];
	struct condition_term term, *arg;
	int r;

	cursor_blank(t->c);
	r = argument(t, &term);
	if (r <= 0)
		return r;
	arg = ARENA_PUSH(t->c->arena, o->term.args, o->term.arg_count, o->cap);
	if (!arg)
		return cursor_spent(t->c);
	*arg = term;
	return 0;
}

int term_transform(struct cursor *c, struct condition_term *ret)
{
	struct term_reader t = { .c = c };
	struct condition_term top = { .kind = TERM_TRANSFORM };
	size_t at = c->at;
	bool fresh = true; /* a parenthesis was opened and nothing read since */
	int r;

	if (!transform_name(c, &top.transform))
		return 0;
	r = open_term(&t, top, at);
	while (r == 0) {
		const struct open_term *o = &t.stack[t.depth - 1];
		bool empty = o->term.kind == TERM_LIST && o->term.arg_count == 0;
		size_t depth = t.depth;

		cursor_blank(c);
		if ((!fresh || empty) && cursor_take(c, ")")) {
			r = close_term(&t, ret);
			fresh = false;
			continue;
		}
		if (!fresh && !cursor_take(c, ","))
			return cursor_expected(c, "',' or ')'");
		r = push_argument(&t);
		fresh = t.depth > depth;
	}
	return r;
}
