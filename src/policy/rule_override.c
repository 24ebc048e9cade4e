#include "policy/rule_priv.h"

/* Whether @p word stands in a condition outside of parentheses and quotes, from @p from on. */
static bool stands_outside(str text, size_t from, const char *word)
{
	str w = str_from(word);
	size_t depth = 0;
	char quote = '\0';

	for (size_t i = from; i < text.n; i++) {
		char c = text.p[i];
		size_t end = i + w.n;

		if (quote && c == '\\')
			i++;
		else if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '(')
			depth++;
		else if (c == ')')
			depth -= depth > 0;
		else if (depth == 0 &&
			 (i == 0 || rule_is_blank(text.p[i - 1]) || text.p[i - 1] == ')') &&
			 str_starts(str_skip(text, i), w) &&
			 (end == text.n || rule_is_blank(text.p[end]) || text.p[end] == '('))
			return true;
	}
	return false;
}

/* "a or b" with "and c" behind it reads as "a or (b and c)": seldom what was meant. */
static int check_precedence(const struct rule_item *it, str before, const struct value *more)
{
	str after = str_trim(more->string);

	if (!str_starts(after, S("and")) || after.n < 4 ||
	    (!rule_is_blank(after.p[3]) && after.p[3] != '('))
		return 0;
	if (!stands_outside(before, 0, "or") && !stands_outside(after, 3, "or"))
		return 0;
	return rule_fault(it, RULE_COMPILE_CONDITION, more,
			  "'and' binds before the 'or' beside it, so this is joined to a part of "
			  "the condition only; put both sides in parentheses");
}

int rule_condition_append(const struct rule_item *it, struct rule_text *condition,
			  const struct value *more)
{
	struct rule_text text;
	int r = check_precedence(it, condition->text, more);

	if (r == 0)
		r = rule_text_from(it->set, it->file, more, more->string, &text, it->e);
	if (r == 0)
		r = rule_text_append(it->set, condition, &text, it->e);
	if (r == -E2BIG)
		r = rule_fault(it, RULE_ERR_VALIDATE, more, "the condition becomes too long");
	return r;
}

static int append_output(const struct rule_item *it, struct rule_text *output)
{
	struct rule_text more;
	const struct value *v;
	str text;
	int r = rule_key_text(it, it->node, "output", &text, &v);

	if (r == 0)
		r = rule_text_from(it->set, it->file, v, text, &more, it->e);
	if (r == 0)
		r = rule_text_append(it->set, output, &more, it->e);
	return r == -E2BIG ? rule_fault(it, RULE_ERR_VALIDATE, v, "the output becomes too long")
			   : r;
}

static int append_desc(const struct rule_item *it, struct rule *rule)
{
	str more, joined;
	int r = rule_key_text(it, it->node, "desc", &more, NULL);

	if (r < 0)
		return r;
	joined = arena_printf(&it->set->arena, "%.*s %.*s", STR_ARG(rule->desc), STR_ARG(more));
	if (!joined.p)
		return rule_spent(it->e);
	rule->desc = joined;
	return 0;
}

static bool has_tag(const struct rule *rule, str tag)
{
	for (size_t i = 0; i < rule->tag_count; i++)
		if (str_eq(rule->tags[i], tag))
			return true;
	return false;
}

static int append_tags(const struct rule_item *it, struct rule *rule)
{
	const str *more = NULL;
	size_t count = 0;
	str *tags;
	int r = rule_key_texts(it, "tags", true, &more, &count);

	if (r < 0)
		return r;
	tags = ARENA_ARRAY(&it->set->arena, rule->tag_count + count, str);
	if (!tags)
		return rule_spent(it->e);
	if (rule->tag_count)
		memcpy(tags, rule->tags, rule->tag_count * sizeof(str));
	rule->tags = tags;
	for (size_t i = 0; i < count; i++)
		if (!has_tag(rule, more[i]))
			tags[rule->tag_count++] = more[i];
	return 0;
}

/* Every key of the item but its name must be spoken of, or the author believes in a change that does not happen. */
static int check_named(const struct rule_item *it)
{
	VALUE_MEMBERS (m, it->node) {
		const struct rule_key *key = rule_key_find(rule_draft_keys, m->key);

		if (!key || key->change == KEY_FIXED ||
		    rule_override_of(it, m->key.p) != OVERRIDE_NONE)
			continue;
		return rule_fault(it, RULE_ERR_YAML_VALIDATE, &m->value,
				  "the key '%.*s' has no entry under 'override'", STR_ARG(m->key));
	}
	return 0;
}

int rule_draft_override(const struct rule_item *it, struct rule_draft *d)
{
	int r = check_named(it);

	if (r == 0 && rule_override_of(it, "condition") == OVERRIDE_APPEND)
		r = rule_condition_append(it, &d->condition, value_get(it->node, "condition"));
	if (r == 0 && rule_override_of(it, "output") == OVERRIDE_APPEND)
		r = append_output(it, &d->output);
	if (r == 0 && rule_override_of(it, "desc") == OVERRIDE_APPEND)
		r = append_desc(it, &d->rule);
	if (r == 0 && rule_override_of(it, "tags") == OVERRIDE_APPEND)
		r = append_tags(it, &d->rule);
	if (r == 0 && rule_override_of(it, "exceptions") == OVERRIDE_APPEND)
		r = rule_exceptions_read(it, d, true);
	if (r == 0 && rule_override_of(it, "exceptions") == OVERRIDE_REPLACE) {
		d->exceptions = NULL;
		d->exception_count = d->exception_cap = 0;
		r = rule_exceptions_read(it, d, false);
	}
	return r < 0 ? r : rule_draft_take(it, OVERRIDE_REPLACE, d);
}

/* As Falco has it; only `override` changes more. */
static int check_appended(const struct rule_item *it)
{
	VALUE_MEMBERS (m, it->node) {
		const struct rule_key *key = rule_key_find(rule_draft_keys, m->key);
		int r;

		if (!key || key->change == KEY_FIXED || str_is(m->key, "condition") ||
		    str_is(m->key, "exceptions"))
			continue;
		r = rule_fault(it, RULE_UNKNOWN_KEY, &m->value,
			       "the key '%.*s' has no effect beside 'append: true'; use 'override'",
			       STR_ARG(m->key));
		if (r < 0)
			return r;
	}
	return 0;
}

int rule_draft_append(const struct rule_item *it, struct rule_draft *d)
{
	const struct value *condition = value_get(it->node, "condition");
	str text;
	int r = 0;

	if (!condition && !value_get(it->node, "exceptions"))
		return rule_fault(it, RULE_ERR_VALIDATE, NULL,
				  "there is nothing to append: neither condition nor exceptions");
	r = check_appended(it);
	if (r == 0 && condition)
		r = rule_value_text(it, condition, "condition", &text);
	if (r == 0 && condition)
		r = rule_condition_append(it, &d->condition, condition);
	return r < 0 ? r : rule_exceptions_read(it, d, true);
}
