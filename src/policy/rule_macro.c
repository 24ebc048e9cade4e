#include "policy/rule_priv.h"

/* [a-zA-Z][a-zA-Z0-9_]* */
static bool valid_name(str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (i == 0 || (c != '_' && (c < '0' || c > '9'))))
			return false;
	}
	return name.n > 0;
}

static int define(struct rule_item *it, const struct value *condition)
{
	struct rule_macro *m = rule_name_define(it, &it->set->macros, sizeof(*m));

	return m ? rule_text_from(it->set, it->file, condition, condition->string, &m->condition,
				  it->e)
		 : rule_spent(it->e);
}

int rule_macro_read(struct rule_item *it)
{
	static const struct rule_key keys[] = {
		{ "macro", KEY_FIXED },    { "condition", KEY_APPEND }, { "append", KEY_FIXED },
		{ "override", KEY_FIXED }, { NULL, KEY_FIXED },
	};
	const struct value *condition;
	bool appends = false;
	struct rule_macro *m;
	str text;
	int r = rule_key_text(it, it->node, "macro", &it->name, NULL);

	if (r == 0)
		r = rule_keys_check(it, it->node, keys);
	if (r == 0 && !valid_name(it->name))
		r = rule_fault(it, RULE_INVALID_MACRO_NAME, NULL,
			       "no condition can use a macro of this name: a letter, then letters, "
			       "digits and underscores are expected");
	if (r == 0)
		r = rule_key_text(it, it->node, "condition", &text, &condition);
	if (r == 0)
		r = rule_overrides_check(it, keys);
	if (r == 0)
		r = rule_key_append(it, &appends);
	if (r < 0)
		return r;
	if (!appends && rule_override_of(it, "condition") != OVERRIDE_APPEND)
		return define(it, condition);
	m = map_find(&it->set->macros.map, it->name);
	if (!m)
		return rule_fault(it, RULE_ERR_VALIDATE, NULL,
				  "there is no macro of this name to append to");
	m->as.visibility = it->set->macros.clock++;
	return rule_condition_append(it, &m->condition, condition);
}
