#include "policy/rule_priv.h"

/* Writes the text of an exception, all of it numbered as the value it comes from. */
struct exception_writer {
	struct rule_writer w;
	uint32_t number;
};

static void put(struct exception_writer *x, str s)
{
	rule_writer_put(&x->w, s, x->number);
}

static void put_value(struct exception_writer *x, str s)
{
	rule_writer_value(&x->w, s, x->number);
}

static void put_operand(struct exception_writer *x, const struct value *v, str comp)
{
	bool list = v->kind == VALUE_ARRAY;
	bool parens = list || (rule_comp_takes_list(comp) && v->string.p[0] != '(');

	if (parens)
		put(x, S("("));
	for (size_t i = 0; i < v->count && list; i++) {
		if (i)
			put(x, S(", "));
		put_value(x, value_str(value_at(v, i)));
	}
	if (!list && rule_comp_takes_list(comp))
		put(x, v->string);
	else if (!list)
		put_value(x, v->string);
	if (parens)
		put(x, S(")"));
}

/* "(field comp operand and ...)": one tuple of values. */
static void put_tuple(struct exception_writer *x, const struct rule_exception *ex,
		      const struct value *tuple)
{
	for (size_t i = 0; i < ex->fields->count; i++) {
		str comp = ex->comps ? value_str(value_at(ex->comps, i)) : S("=");

		put(x, i ? S(" and ") : S("("));
		put(x, value_str(value_at(ex->fields, i)));
		put(x, S(" "));
		put(x, comp);
		put(x, S(" "));
		put_operand(x, value_at(tuple, i), comp);
	}
	put(x, S(")"));
}

static int put_exception(struct rule_set *s, struct exception_writer *x,
			 const struct rule_exception *ex, struct err *e)
{
	bool list = ex->fields->kind == VALUE_ARRAY;

	for (size_t i = 0; i < ex->value_count; i++) {
		int r = rule_text_number(s, ex->file, ex->values[i], &x->number, e);

		if (r < 0)
			return r;
		if (i)
			put(x, list ? S(" or ") : S(", "));
		else
			put(x, S(" and not ("));
		if (list) {
			put_tuple(x, ex, ex->values[i]);
			continue;
		}
		if (i == 0) {
			put(x, ex->fields->string);
			put(x, S(" "));
			put(x, ex->comps ? ex->comps->string : S("in"));
			put(x, S(" ("));
		}
		put_value(x, ex->values[i]->string);
	}
	if (ex->value_count)
		put(x, list ? S(")") : S("))"));
	return 0;
}

int rule_exceptions_apply(struct rule_set *s, const struct rule_draft *d, struct rule_text *ret,
			  struct err *e)
{
	const struct rule_text *c = &d->condition;
	struct exception_writer x = { .number = rule_text_at(c, 0) };
	int r = 0;

	if (d->exception_count == 0) {
		*ret = *c;
		return 0;
	}
	put(&x, S("("));
	rule_writer_copy(&x.w, c, 0, c->text.n);
	put(&x, S(")"));
	for (size_t i = 0; r == 0 && i < d->exception_count; i++)
		r = put_exception(s, &x, &d->exceptions[i], e);
	if (r == 0)
		return rule_writer_finish(&x.w, &s->arena, ret, e);
	rule_writer_done(&x.w);
	return r;
}
