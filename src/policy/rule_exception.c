#include "policy/rule_priv.h"

bool rule_comp_takes_list(str comp)
{
	return str_is(comp, "in") || str_is(comp, "intersects") || str_is(comp, "pmatch") ||
	       str_find(comp, ' ') < comp.n;
}

static bool is_quantifier(str word)
{
	return str_is(word, "oneof") || str_is(word, "anyof") || str_is(word, "allof");
}

/* An operator, or one that takes a text with a quantifier behind it. */
static bool is_comp(str comp)
{
	str op = str_cut(&comp, ' ');
	bool quantified = comp.p && comp.n;

	if (quantified && (!is_quantifier(comp) || rule_comp_takes_list(op)))
		return false;
	if (str_is(op, "=="))
		return true;
	for (enum condition_operator o = 0; o <= CONDITION_PMATCH; o++) {
		bool number = o >= CONDITION_LT && o <= CONDITION_GE;

		if (str_is(op, condition_operator_name(o)))
			return !quantified || (!number && o != CONDITION_EXISTS);
	}
	return false;
}

static int check_comp(const struct rule_item *it, const struct value *v, bool list_only)
{
	str comp;
	int r = rule_value_text(it, v, "comps", &comp);

	if (r < 0)
		return r;
	if (!is_comp(comp))
		return rule_fault(it, RULE_ERR_VALIDATE, v, "'%.*s' is no comparison operator",
				  STR_ARG(comp));
	if (list_only && !rule_comp_takes_list(comp))
		return rule_fault(it, RULE_ERR_VALIDATE, v,
				  "with a single field 'comps' must take a list (in, pmatch, "
				  "intersects, startswith anyof, ...)");
	return 0;
}

/* "tolower(proc.name)": what stands in it is looked at when the condition is compiled. */
static int check_transformed(const struct rule_item *it, str text, struct err *why)
{
	struct condition *c;
	str check;

	arena_reset(&it->set->scratch);
	check = arena_printf(&it->set->scratch, "%.*s exists", STR_ARG(text));
	return check.p ? condition_parse(check, 0, &it->set->scratch, &c, NULL, why) : -ENOBUFS;
}

static int check_field(const struct rule_item *it, const struct value *v,
		       const struct policy_subject *subject)
{
	struct err why = { .translate = it->e ? it->e->translate : NULL };
	struct policy_ref ref;
	str name;
	int r = rule_value_text(it, v, "fields", &name), found = 0;

	if (r == 0 && str_find(name, '(') < name.n)
		found = check_transformed(it, name, &why);
	else if (r == 0 && subject)
		found = policy_field_find(subject, name, &ref, &why);
	if (found == -ENOBUFS)
		return rule_spent(it->e);
	return found < 0 ? rule_fault(it, RULE_ERR_VALIDATE, v, "%s", why.text) : r;
}

/* Fields and comps of a new exception against each other and the subject. */
static int check_shape(const struct rule_item *it, const struct rule_exception *x,
		       const struct policy_subject *subject)
{
	bool list = x->fields->kind == VALUE_ARRAY;
	int r = list ? 0 : check_field(it, x->fields, subject);

	if (r == 0 && x->comps && list != (x->comps->kind == VALUE_ARRAY))
		r = rule_fault(it, RULE_ERR_VALIDATE, x->comps,
			       "'fields' and 'comps' must both be texts or both be sequences");
	else if (r == 0 && x->comps && !list)
		r = check_comp(it, x->comps, true);
	if (r < 0 || !list)
		return r;
	if (x->comps && x->comps->count != x->fields->count)
		return rule_fault(it, RULE_ERR_VALIDATE, x->comps,
				  "'fields' and 'comps' must have as many items");
	for (size_t i = 0; r == 0 && i < x->fields->count; i++) {
		r = check_field(it, value_at(x->fields, i), subject);
		if (r == 0 && x->comps)
			r = check_comp(it, value_at(x->comps, i), false);
	}
	return r;
}

/* One entry of `values`: a text, or as many texts or sequences of texts as there are fields. */
static int check_value(const struct rule_item *it, const struct rule_exception *x,
		       const struct value *v)
{
	str text;
	int r = 0;

	if (x->fields->kind != VALUE_ARRAY && v->kind == VALUE_ARRAY)
		return rule_fault(it, RULE_ERR_VALIDATE, v,
				  "with a single field 'values' must be a sequence of texts");
	if (x->fields->kind != VALUE_ARRAY)
		return rule_value_text(it, v, "values", &text);
	if (v->kind != VALUE_ARRAY || v->count != x->fields->count)
		return rule_fault(it, RULE_ERR_VALIDATE, v,
				  "'fields' and each of 'values' must have as many items");
	VALUE_EACH (item, v) {
		if (item->kind != VALUE_ARRAY)
			r = rule_value_text(it, item, "values", &text);
		VALUE_EACH (part, item) {
			if (r == 0)
				r = rule_value_text(it, part, "values", &text);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_values(const struct rule_item *it, struct rule_exception *x,
		      const struct value *values)
{
	if (values && values->kind != VALUE_ARRAY)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, values, "'%s' must be a sequence",
				  "values");
	VALUE_EACH (v, values) {
		const struct value **at;
		int r = check_value(it, x, v);

		if (r < 0)
			return r;
		at = ARENA_PUSH(&it->set->arena, x->values, x->value_count, x->value_cap);
		if (!at)
			return rule_spent(it->e);
		*at = v;
	}
	return 0;
}

static struct rule_exception *find(const struct rule_draft *d, str name)
{
	for (size_t i = 0; i < d->exception_count; i++)
		if (str_eq(d->exceptions[i].name, name))
			return &d->exceptions[i];
	return NULL;
}

static int add_exception(const struct rule_item *it, struct rule_draft *d, bool append,
			 const struct rule_exception *x)
{
	const struct value *values = value_get(x->node, "values");
	struct rule_exception *at;
	int r;

	if (!x->fields)
		return rule_fault(it, RULE_ERR_VALIDATE, x->node,
				  "a new exception must have 'fields'");
	if (append && (!values || values->count == 0))
		return rule_fault(it, RULE_ERR_VALIDATE, x->node,
				  "an appended exception must have 'values'");
	r = check_shape(it, x, rule_subject(d->rule.source));
	if (r < 0)
		return r;
	at = ARENA_PUSH(&it->set->arena, d->exceptions, d->exception_count, d->exception_cap);
	if (!at)
		return rule_spent(it->e);
	*at = *x;
	return add_values(it, at, values);
}

static int extend(const struct rule_item *it, struct rule_exception *old,
		  const struct rule_exception *x)
{
	if (x->fields || x->comps)
		return rule_fault(
			it, RULE_ERR_VALIDATE, x->fields ? x->fields : x->comps,
			"an exception of this name exists: only values can be appended to it");
	/* The array may belong to the rule as it was before the change. */
	old->value_cap = old->value_count;
	return add_values(it, old, value_get(x->node, "values"));
}

static int read_exception(const struct rule_item *it, struct rule_draft *d, bool append,
			  const struct value *node)
{
	static const struct rule_key keys[] = {
		{ "name", KEY_FIXED },   { "fields", KEY_FIXED }, { "comps", KEY_FIXED },
		{ "values", KEY_FIXED }, { NULL, KEY_FIXED },
	};
	struct rule_exception x = {
		.file = it->file,
		.node = node,
		.fields = value_get(node, "fields"),
		.comps = value_get(node, "comps"),
	}, *old;
	int r;

	if (node->kind != VALUE_OBJECT)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, node,
				  "an exception must be a mapping");
	r = rule_key_text(it, node, "name", &x.name, NULL);
	if (r == 0)
		r = rule_keys_check(it, node, keys);
	if (r == 0 && append && !value_get(node, "values"))
		r = rule_fault(it, RULE_APPEND_NO_VALUES, node,
			       "the exception has no values: it has no effect");
	if (r < 0)
		return r;
	old = find(d, x.name);
	if (old && append)
		return extend(it, old, &x);
	if (old)
		r = rule_fault(it, RULE_EXCEPTION_NAME_NOT_UNIQUE, node,
			       "the rule has two exceptions called '%.*s'", STR_ARG(x.name));
	return r < 0 ? r : add_exception(it, d, append, &x);
}

int rule_exceptions_read(const struct rule_item *it, struct rule_draft *d, bool append)
{
	const struct value *list = value_get(it->node, "exceptions");
	struct rule_exception *copy;
	int r = 0;

	if (!list || list->kind == VALUE_NULL)
		return 0;
	if (list->kind != VALUE_ARRAY)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, list, "'%s' must be a sequence",
				  "exceptions");
	copy = ARENA_ARRAY(&it->set->arena, d->exception_count, struct rule_exception);
	if (!copy)
		return rule_spent(it->e);
	if (d->exception_count)
		memcpy(copy, d->exceptions, d->exception_count * sizeof(*copy));
	d->exceptions = copy;
	d->exception_cap = d->exception_count;
	VALUE_EACH (node, list) {
		if (r == 0)
			r = read_exception(it, d, append, node);
	}
	return r;
}
