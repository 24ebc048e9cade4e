#include "policy/pattern.h"
#include "policy/rule_priv.h"

int rule_set_new(struct rule_set **ret, struct err *e)
{
	struct rule_set *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, ENOMEM, "rules: out of memory");
	arena_init(&s->arena, RULE_SET_BUDGET_BYTES);
	arena_init(&s->scratch, RULE_SET_BUDGET_BYTES);
	s->lists.map = map_in(&s->arena);
	s->macros.map = map_in(&s->arena);
	s->draft_names = map_in(&s->arena);
	s->next_number = 1;
	*ret = s;
	return 0;
}

void rule_set_free(struct rule_set *s)
{
	if (!s)
		return;
	arena_done(&s->scratch);
	arena_done(&s->arena);
	free(s);
}

/* -EBADMSG: the rule is left out. */
static int finish_rule(struct rule_set *s, struct rule_draft *d, struct err *e)
{
	struct rule_finding about = rule_about(d, RULE_ERR_COMPILE_CONDITION);
	struct rule_text text;
	int r;

	if (!rule_subject(d->rule.source))
		return -EBADMSG;
	r = rule_check_outputs(s, d, e);
	if (r == 0)
		r = rule_exceptions_apply(s, d, &text, e);
	if (r == -E2BIG)
		r = rule_report(s, &about, e, "the condition becomes too long");
	if (r == 0)
		r = rule_condition_parse(s, &text, &about, &d->rule.condition, e);
	if (r == 0)
		r = rule_check_absent(s, d->rule.condition, &about, e);
	if (r == 0)
		r = rule_check_texts(s, d->rule.condition, rule_subject(d->rule.source), &about, e);
	if (r == 0)
		r = rule_macros_replace(s, &d->rule.condition, SIZE_MAX, &about, e);
	if (r == 0)
		r = rule_check_types(s, d, d->rule.condition, e);
	if (r < 0)
		return r;
	d->rule.condition_text = text.text;
	d->rule.output = d->output.text;
	d->rule.output_zh = d->output_zh.text;
	return 0;
}

static int finish_rules(struct rule_set *s, struct err *e)
{
	s->rules = ARENA_ARRAY(&s->arena, s->draft_count, struct rule);
	if (!s->rules)
		return rule_spent(e);
	for (size_t i = 0; i < s->draft_count; i++) {
		int r = finish_rule(s, s->drafts[i], e);

		if (r == 0)
			s->rules[s->rule_count++] = s->drafts[i]->rule;
		else if (r != -EBADMSG)
			return r;
	}
	return 0;
}

int rule_set_finish(struct rule_set *s, struct err *e)
{
	int r = rule_lists_expand(s, e);

	if (r == 0)
		r = rule_macros_parse(s, e);
	if (r == 0)
		r = rule_check_macros(s, e);
	if (r == 0)
		r = rule_macros_resolve(s, e);
	if (r == 0)
		r = finish_rules(s, e);
	if (r == 0)
		r = rule_check_ids(s, e);
	if (r == 0)
		r = rule_check_unused(s, e);
	arena_done(&s->scratch);
	return r;
}

const struct rule *rule_set_rules(const struct rule_set *s, size_t *ret_count)
{
	*ret_count = s->rule_count;
	return s->rules;
}

const struct rule_note *rule_set_notes(const struct rule_set *s, size_t *ret_count)
{
	*ret_count = s->note_count;
	return s->notes;
}

size_t rule_set_macro_count(const struct rule_set *s)
{
	return s->macros.count;
}

size_t rule_set_list_count(const struct rule_set *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->lists.count; i++)
		count += !((const struct rule_list *)s->lists.items[i])->broken;
	return count;
}

static bool selects(str which, const struct rule *r)
{
	if (!str_starts(which, S("tag:")))
		return pattern_match(which, r->name, false);
	for (size_t i = 0; i < r->tag_count; i++)
		if (str_eq(str_skip(which, 4), r->tags[i]))
			return true;
	return false;
}

size_t rule_set_enable(struct rule_set *s, str which, bool enabled)
{
	size_t count = 0;

	for (size_t i = 0; i < s->rule_count; i++) {
		if (!selects(which, &s->rules[i]))
			continue;
		s->rules[i].enabled = enabled;
		count++;
	}
	return count;
}
