#include "base/suggest.h"
#include "base/word.h"
#include "policy/rule_priv.h"

const struct rule_key *rule_key_find(const struct rule_key *keys, str key)
{
	for (; keys->name; keys++)
		if (str_is(key, keys->name))
			return keys;
	return NULL;
}

static int unknown_key(const struct rule_item *it, const struct value_member *m,
		       const struct rule_key *keys)
{
	struct suggestion near = suggestion_for(m->key);

	for (; keys->name; keys++)
		suggestion_offer(&near, str_from(keys->name));
	if (near.best.n)
		return rule_fault(
			it, RULE_UNKNOWN_KEY, &m->value,
			"the key '%.*s' is not known and has no effect; did you mean '%.*s'?",
			STR_ARG(m->key), STR_ARG(near.best));
	return rule_fault(it, RULE_UNKNOWN_KEY, &m->value,
			  "the key '%.*s' is not known and has no effect", STR_ARG(m->key));
}

static bool stands_before(const struct value *map, const struct value_member *m)
{
	for (const struct value_member *o = map->members; o < m; o++)
		if (str_eq(o->key, m->key))
			return true;
	return false;
}

int rule_keys_check(const struct rule_item *it, const struct value *map,
		    const struct rule_key *keys)
{
	if (map->count > RULE_SET_MAX_KEYS)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, map, "more than %d keys",
				  RULE_SET_MAX_KEYS);
	VALUE_MEMBERS (m, map) {
		int r = 0;

		if (stands_before(map, m))
			r = rule_fault(it, RULE_ERR_YAML_VALIDATE, &m->value,
				       "the key '%.*s' stands twice", STR_ARG(m->key));
		else if (!rule_key_find(keys, m->key))
			r = unknown_key(it, m, keys);
		if (r < 0)
			return r;
	}
	return 0;
}

int rule_value_text(const struct rule_item *it, const struct value *v, const char *key, str *ret)
{
	if (v->kind == VALUE_NULL)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, v, "'%s' has no value", key);
	if (v->kind == VALUE_ARRAY || v->kind == VALUE_OBJECT)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, v, "'%s' must be a text", key);
	if (v->string.n == 0)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, v, "'%s' must not be empty", key);
	*ret = v->string;
	return 0;
}

int rule_key_text(const struct rule_item *it, const struct value *map, const char *key, str *ret,
		  const struct value **ret_value)
{
	const struct value *v = value_get(map, key);

	if (!v)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, map, "the key '%s' is missing", key);
	if (ret_value)
		*ret_value = v;
	return rule_value_text(it, v, key, ret);
}

/* YAML 1.1's words, which Falco takes too. */
int rule_key_bool(const struct rule_item *it, const char *key, bool *ret)
{
	static const char *const yes[] = { "true", "yes", "on", "y" };
	static const char *const no[] = { "false", "no", "off", "n" };
	str text = { 0 };
	int r = value_get(it->node, key) ? rule_key_text(it, it->node, key, &text, NULL) : 0;
	bool is_yes;

	if (r < 0 || text.n == 0)
		return r;
	is_yes = WORD_FIND_NOCASE(yes, text) >= 0;
	if (is_yes || WORD_FIND_NOCASE(no, text) >= 0) {
		*ret = is_yes;
		return 0;
	}
	return rule_fault(it, RULE_ERR_YAML_VALIDATE, value_get(it->node, key),
			  "'%s' must be true or false, not '%.*s'", key, STR_ARG(text));
}

int rule_key_texts(const struct rule_item *it, const char *key, bool required, const str **ret,
		   size_t *ret_count)
{
	const struct value *v = value_get(it->node, key);
	str *items;

	if (!v)
		return !required ? 0
				 : rule_fault(it, RULE_ERR_YAML_VALIDATE, NULL,
					      "the key '%s' is missing", key);
	if (v->kind != VALUE_ARRAY)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, v, "'%s' must be a sequence", key);
	items = ARENA_ARRAY(&it->set->arena, v->count, str);
	if (!items)
		return rule_spent(it->e);
	for (size_t i = 0; i < v->count; i++) {
		const struct value *item = value_at(v, i);

		if (item->kind == VALUE_ARRAY || item->kind == VALUE_OBJECT ||
		    item->kind == VALUE_NULL)
			return rule_fault(it, RULE_ERR_YAML_VALIDATE, item,
					  "every item of '%s' must be a text", key);
		items[i] = item->string;
	}
	*ret = items;
	*ret_count = v->count;
	return 0;
}

int rule_key_append(const struct rule_item *it, bool *ret)
{
	bool append = false;
	int r = rule_key_bool(it, "append", &append);

	if (r == 0 && append && value_get(it->node, "override"))
		r = rule_fault(it, RULE_ERR_YAML_VALIDATE, value_get(it->node, "append"),
			       "'append' and 'override' cannot stand together; use override alone");
	else if (r == 0 && append)
		r = rule_fault(it, RULE_DEPRECATED_ITEM, value_get(it->node, "append"),
			       "'append: true' is the old way; use 'override' with append");
	*ret = append;
	return r;
}

enum rule_override rule_override_of(const struct rule_item *it, const char *key)
{
	str how = value_get_str(value_get(it->node, "override"), key);

	if (str_is(how, "append"))
		return OVERRIDE_APPEND;
	return str_is(how, "replace") ? OVERRIDE_REPLACE : OVERRIDE_NONE;
}

static int check_override(const struct rule_item *it, const struct value_member *m,
			  const struct rule_key *keys)
{
	enum rule_override how = rule_override_of(it, m->key.p);
	const struct rule_key *key = rule_key_find(keys, m->key);

	if (how == OVERRIDE_NONE)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, &m->value,
				  "'override' of '%.*s' must be append or replace, not '%.*s'",
				  STR_ARG(m->key), STR_ARG(m->value.string));
	if (!key || key->change == KEY_FIXED)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, &m->value,
				  "'override' cannot change '%.*s'", STR_ARG(m->key));
	if (how == OVERRIDE_APPEND && key->change != KEY_APPEND)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, &m->value,
				  "nothing can be appended to '%.*s'", STR_ARG(m->key));
	if (!value_get(it->node, m->key.p))
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, &m->value,
				  "'override' names '%.*s', which the item does not have",
				  STR_ARG(m->key));
	return 0;
}

int rule_overrides_check(const struct rule_item *it, const struct rule_key *keys)
{
	const struct value *map = value_get(it->node, "override");

	if (map && map->kind != VALUE_OBJECT)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, map,
				  "'override' must be a mapping of keys to append or replace");
	VALUE_MEMBERS (m, map) {
		int r = check_override(it, m, keys);

		if (r < 0)
			return r;
	}
	return 0;
}
