#include "policy/rule_priv.h"

const struct rule_key rule_draft_keys[] = {
	{ "rule", KEY_FIXED },
	{ "source", KEY_FIXED },
	{ "append", KEY_FIXED },
	{ "override", KEY_FIXED },
	{ "condition", KEY_APPEND },
	{ "output", KEY_APPEND },
	{ "desc", KEY_APPEND },
	{ "tags", KEY_APPEND },
	{ "exceptions", KEY_APPEND },
	{ "priority", KEY_REPLACE },
	{ "enabled", KEY_REPLACE },
	{ "warn_evttypes", KEY_REPLACE },
	{ "skip-if-unknown-filter", KEY_REPLACE },
	{ "capture", KEY_REPLACE },
	{ "capture_duration", KEY_REPLACE },
	{ "capture_events", KEY_REPLACE },
	{ "capture_filesize", KEY_REPLACE },
	/* ours */
	{ "id", KEY_FIXED },
	{ "rule_zh", KEY_REPLACE },
	{ "desc_zh", KEY_REPLACE },
	{ "output_zh", KEY_REPLACE },
	{ "advice", KEY_REPLACE },
	{ "advice_zh", KEY_REPLACE },
	{ "mitre", KEY_REPLACE },
	{ "maturity", KEY_REPLACE },
	{ NULL, KEY_FIXED },
};

/* What a definition must have; an item without any of them is no definition. */
static const char *const required[] = { "condition", "output", "desc", "priority" };

const struct policy_subject *rule_subject(str source)
{
	static const struct policy_subject *const subjects[] = { &policy_events };

	for (size_t i = 0; i < ARRAY_LEN(subjects); i++)
		if (str_is(source, subjects[i]->name))
			return subjects[i];
	return NULL;
}

static bool wanted(const struct rule_item *it, const char *key, enum rule_override how)
{
	return value_get(it->node, key) && rule_override_of(it, key) == how;
}

static int take_texts(const struct rule_item *it, enum rule_override how, struct rule_draft *d)
{
	const struct {
		const char *key;
		str *to;
	} texts[] = {
		{ "desc", &d->rule.desc },       { "desc_zh", &d->rule.desc_zh },
		{ "id", &d->rule.id },           { "advice", &d->rule.advice },
		{ "mitre", &d->rule.mitre },     { "advice_zh", &d->rule.advice_zh },
		{ "source", &d->rule.source },   { "maturity", &d->rule.maturity },
		{ "rule_zh", &d->rule.name_zh },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int r = wanted(it, texts[i].key, how)
				? rule_key_text(it, it->node, texts[i].key, texts[i].to, NULL)
				: 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int take_flags(const struct rule_item *it, enum rule_override how, struct rule_draft *d)
{
	bool capture = false;
	const struct {
		const char *key;
		bool *to;
	} flags[] = {
		{ "enabled", &d->rule.enabled },
		{ "warn_evttypes", &d->rule.warn_evttypes },
		{ "skip-if-unknown-filter", &d->rule.skip_if_unknown_filter },
		{ "capture", &capture },
	};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		int r = wanted(it, flags[i].key, how) ? rule_key_bool(it, flags[i].key, flags[i].to)
						      : 0;

		if (r < 0)
			return r;
	}
	if (capture)
		return rule_fault(it, RULE_WARNING_EXTENSION, value_get(it->node, "capture"),
				  "captures are not made; the rule works without");
	return 0;
}

/* Conditions and outputs keep where they come from. */
static int take_traced(const struct rule_item *it, enum rule_override how, struct rule_draft *d)
{
	const struct {
		const char *key;
		struct rule_text *to;
		bool trim;
	} texts[] = {
		{ "condition", &d->condition, false },
		{ "output", &d->output, true },
		{ "output_zh", &d->output_zh, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct value *v;
		str text;
		int r;

		if (!wanted(it, texts[i].key, how))
			continue;
		r = rule_key_text(it, it->node, texts[i].key, &text, &v);
		if (r == 0 && texts[i].trim)
			text = str_trim(text);
		if (r == 0)
			r = rule_text_from(it->set, it->file, v, text, texts[i].to, it->e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_priority(const struct rule_item *it, enum rule_override how, struct rule_draft *d)
{
	str text;
	const struct value *v;
	int r;

	if (!wanted(it, "priority", how))
		return 0;
	r = rule_key_text(it, it->node, "priority", &text, &v);
	if (r == 0 && alert_priority_find(text, &d->rule.priority) < 0)
		r = rule_fault(it, RULE_ERR_YAML_VALIDATE, v,
			       "'%.*s' is no priority; emergency, alert, critical, error, warning, "
			       "notice, informational and debug are",
			       STR_ARG(text));
	return r;
}

int rule_draft_take(const struct rule_item *it, enum rule_override how, struct rule_draft *d)
{
	int r = take_texts(it, how, d);

	if (r == 0)
		r = take_traced(it, how, d);
	if (r == 0)
		r = take_flags(it, how, d);
	if (r == 0)
		r = take_priority(it, how, d);
	if (r == 0 && wanted(it, "tags", how))
		r = rule_key_texts(it, "tags", false, &d->rule.tags, &d->rule.tag_count);
	return r;
}

static int check_complete(const struct rule_item *it)
{
	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		if (!value_get(it->node, required[i]))
			return rule_fault(it, RULE_ERR_YAML_VALIDATE, NULL,
					  "the key '%s' is missing", required[i]);
	return 0;
}

static int keep(const struct rule_item *it, const struct rule_draft *d)
{
	struct rule_set *s = it->set;
	void **slot = map_at(&s->draft_names, it->name);

	if (!slot)
		goto spent;
	if (!*slot) {
		struct rule_draft **at =
			ARENA_PUSH(&s->arena, s->drafts, s->draft_count, s->draft_cap);

		*slot = at ? ARENA_NEW(&s->arena, struct rule_draft) : NULL;
		if (!*slot)
			goto spent;
		*at = *slot;
	}
	*(struct rule_draft *)*slot = *d;
	return 0;
spent:
	return rule_spent(it->e);
}

static int define(const struct rule_item *it, const struct rule_draft *before)
{
	struct rule_draft d = {
		.rule = { .name = it->name,
			  .source = S("syscall"),
			  .enabled = true,
			  .warn_evttypes = true,
			  .falco_compatible = it->file->falco_compatible,
			  .file = it->file->name,
			  .line = it->node->line },
		.place = rule_place_of(it->file, it->node),
	};
	int r = check_complete(it);

	if (r == 0)
		r = rule_draft_take(it, OVERRIDE_NONE, &d);
	if (r == 0)
		r = rule_exceptions_read(it, &d, false);
	if (r == 0 && before && !str_eq(before->rule.source, d.rule.source))
		r = rule_fault(it, RULE_ERR_VALIDATE, value_get(it->node, "source"),
			       "the rule was defined before with another source, '%.*s'",
			       STR_ARG(before->rule.source));
	if (r == 0 && !rule_subject(d.rule.source))
		r = rule_fault(it, RULE_UNKNOWN_SOURCE, value_get(it->node, "source"),
			       "no events come from a source '%.*s': the rule is left out",
			       STR_ARG(d.rule.source));
	return r < 0 ? r : keep(it, &d);
}

/* `enabled` alone. */
static int enable(const struct rule_item *it, struct rule_draft *d)
{
	bool enabled = true;
	int r;

	if (!value_get(it->node, "enabled"))
		return check_complete(it);
	r = rule_key_bool(it, "enabled", &enabled);
	if (r == 0)
		r = rule_fault(
			it, RULE_DEPRECATED_ITEM, value_get(it->node, "enabled"),
			"'enabled' alone is the old way; use 'override' with enabled: replace");
	if (r < 0)
		return r;
	if (!d)
		return rule_fault(it, RULE_ERR_VALIDATE, NULL,
				  "there is no rule of this name to enable or disable");
	d->rule.enabled = enabled;
	return 0;
}

/* A change is made to a copy, so that one that goes wrong halfway leaves the rule as it was. */
static int change(const struct rule_item *it, struct rule_draft *d, bool append)
{
	struct rule_draft changed;
	int r;

	if (!d)
		return rule_fault(it, RULE_ERR_VALIDATE, NULL,
				  append ? "there is no rule of this name to append to"
					 : "there is no rule of this name to override");
	changed = *d;
	r = append ? rule_draft_append(it, &changed) : rule_draft_override(it, &changed);
	if (r == 0)
		*d = changed;
	return r;
}

int rule_draft_read(struct rule_item *it)
{
	struct rule_draft *d;
	bool append = false;
	int r = rule_key_text(it, it->node, "rule", &it->name, NULL);

	if (r == 0)
		r = rule_keys_check(it, it->node, rule_draft_keys);
	if (r == 0)
		r = rule_overrides_check(it, rule_draft_keys);
	if (r == 0)
		r = rule_key_append(it, &append);
	if (r < 0)
		return r;
	d = map_find(&it->set->draft_names, it->name);
	if (append || value_get(it->node, "override"))
		return change(it, d, append);
	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		if (value_get(it->node, required[i]))
			return define(it, d);
	return enable(it, d);
}
