#include "policy/rule_priv.h"

struct version {
	uint32_t part[3];
};

static const struct version engine = { { 0, 57, 0 } };

static const struct {
	const char *name;
	struct version version;
} plugins[] = {
	{ "container", { { 0, 4, 0 } } },
};

/* "1.2.3"; what follows a hyphen or a plus does not order what we compare. */
static bool parse(str text, struct version *ret)
{
	struct version v;

	text = str_take(text, MIN(str_find(text, '-'), str_find(text, '+')));
	for (size_t i = 0; i < 3; i++) {
		size_t dot = str_find(text, '.');

		if ((i < 2) != (dot < text.n) || str_u32(str_cut(&text, '.'), &v.part[i]) < 0)
			return false;
	}
	*ret = v;
	return true;
}

/* Semantic versions: the same major number and not older. */
static bool satisfies(const struct version *have, const struct version *want)
{
	if (have->part[0] != want->part[0])
		return false;
	if (have->part[1] != want->part[1])
		return have->part[1] > want->part[1];
	return have->part[2] >= want->part[2];
}

int rule_requires_engine(struct rule_item *it)
{
	static const struct rule_key keys[] = { { "required_engine_version", KEY_FIXED },
						{ NULL, KEY_FIXED } };
	const struct value *v;
	struct version want = { { 0 } };
	str text;
	int r = rule_keys_check(it, it->node, keys);

	if (r == 0)
		r = rule_key_text(it, it->node, keys[0].name, &text, &v);
	if (r < 0)
		return r;
	/* A number alone was the way until 0.26. */
	if (str_u32(text, &want.part[1]) < 0 && !parse(text, &want))
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, v,
				  "'%.*s' is no version; 0.26.0 is one", STR_ARG(text));
	if (!satisfies(&engine, &want))
		return rule_fault(it, RULE_ERR_VALIDATE, v,
				  "the rules need engine version %.*s, this one speaks %u.%u.%u",
				  STR_ARG(text), engine.part[0], engine.part[1], engine.part[2]);
	return 0;
}

static int check_plugin(struct rule_item *it, const struct value *entry, bool *ret_have)
{
	static const struct rule_key keys[] = { { "name", KEY_FIXED },
						{ "version", KEY_FIXED },
						{ "alternatives", KEY_FIXED },
						{ NULL, KEY_FIXED } };
	struct version want;
	str name, version;
	const struct value *v;
	int r;

	if (entry->kind != VALUE_OBJECT)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, entry,
				  "a plugin must be a mapping with name and version");
	r = rule_keys_check(it, entry, keys);
	if (r == 0)
		r = rule_key_text(it, entry, "name", &name, NULL);
	if (r == 0)
		r = rule_key_text(it, entry, "version", &version, &v);
	if (r < 0)
		return r;
	if (!parse(version, &want))
		return rule_fault(it, RULE_ERR_VALIDATE, v, "'%.*s' is no version; 0.26.0 is one",
				  STR_ARG(version));
	for (size_t i = 0; i < ARRAY_LEN(plugins); i++)
		if (str_is(name, plugins[i].name) && satisfies(&plugins[i].version, &want))
			*ret_have = true;
	return 0;
}

/* One entry with its alternatives, of which one suffices. */
static int require_plugin(struct rule_item *it, const struct value *entry)
{
	const struct value *alternatives = value_get(entry, "alternatives");
	bool have = false;
	int r = check_plugin(it, entry, &have);

	if (r < 0)
		return r;
	if (alternatives && alternatives->kind != VALUE_ARRAY)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, alternatives,
				  "'%s' must be a sequence", "alternatives");
	VALUE_EACH (other, alternatives) {
		r = check_plugin(it, other, &have);
		if (r < 0)
			return r;
	}
	if (have)
		return 0;
	return rule_fault(it, RULE_ERR_VALIDATE, entry,
			  "the rules need the plugin %.*s %.*s; %s %u.%u.%u is what is built in",
			  STR_ARG(value_get_str(entry, "name")),
			  STR_ARG(value_get_str(entry, "version")), plugins[0].name,
			  plugins[0].version.part[0], plugins[0].version.part[1],
			  plugins[0].version.part[2]);
}

int rule_requires_plugins(struct rule_item *it)
{
	static const struct rule_key keys[] = { { "required_plugin_versions", KEY_FIXED },
						{ NULL, KEY_FIXED } };
	const struct value *entries = value_get(it->node, keys[0].name);
	int r = rule_keys_check(it, it->node, keys);

	if (r < 0)
		return r;
	if (entries->kind != VALUE_ARRAY)
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, entries, "'%s' must be a sequence",
				  keys[0].name);
	VALUE_EACH (entry, entries) {
		r = require_plugin(it, entry);
		if (r < 0)
			return r;
	}
	return 0;
}
