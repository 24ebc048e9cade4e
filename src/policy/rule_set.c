#include "policy/output.h"
#include "policy/pattern.h"
#include "policy/rule_priv.h"

int rule_set_new(struct rule_set **ret, struct err *e)
{
	struct rule_set *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, ENOMEM, "rules: out of memory");
	arena_init(&s->arena, RULE_SET_BUDGET_BYTES);
	s->list_names = map_in(&s->arena);
	s->macro_names = map_in(&s->arena);
	s->draft_names = map_in(&s->arena);
	s->next_number = 1;
	*ret = s;
	return 0;
}

void rule_set_free(struct rule_set *s)
{
	if (!s)
		return;
	arena_done(&s->arena);
	free(s);
}

static struct rule_finding about_rule(const struct rule_draft *d, enum rule_code code)
{
	return (struct rule_finding){ code, d->place, "rule", d->rule.name };
}

static bool compares_absent(const struct condition *n)
{
	for (size_t i = 0; i < n->right_count; i++)
		if (n->right[i].kind == TERM_TEXT && str_is(n->right[i].text, "<NA>"))
			return true;
	return false;
}

/* "<NA>" is what outputs show for what is absent; no value equals it. That a field is not "<NA>" is true but idle. */
static int check_absent(struct rule_set *s, const struct condition *tree,
			const struct rule_finding *about, struct err *e)
{
	struct condition_walk w;
	const struct condition *n;
	bool negated = false;

	condition_walk_begin(&w, tree);
	while ((n = condition_walk_next(&w))) {
		struct rule_finding f = *about;
		int r;

		negated ^= n->kind == CONDITION_NOT;
		if (!w.entering || negated != (n->op == CONDITION_NE) || !compares_absent(n))
			continue;
		f.code = RULE_UNSAFE_NA_CHECK;
		f.place = rule_text_place(s, n->offset);
		r = rule_report(s, &f, e,
				"no value is ever '<NA>', which outputs show for what is absent; "
				"use 'exists'");
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_output(struct rule_set *s, const struct rule_draft *d, const struct rule_text *t,
			struct err *e)
{
	struct err why = { .translate = e ? e->translate : NULL };
	struct rule_finding f = about_rule(d, RULE_ERR_COMPILE_OUTPUT);
	struct output_format *ignored;
	size_t at = 0;
	int r = output_parse_at(t->text, rule_subject(d->rule.source), &s->arena, &ignored, &at,
				&why);

	if (r == 0)
		return 0;
	if (r == -ENOBUFS)
		return rule_spent(e);
	if (d->rule.skip_if_unknown_filter)
		f.code = RULE_UNKNOWN_FILTER;
	if (t->text.n)
		f.place = rule_text_place(s, t->origin[MIN(at, t->text.n - 1)]);
	r = rule_report(s, &f, e, "%s", why.text);
	return r == 0 ? -EBADMSG : r;
}

static int check_outputs(struct rule_set *s, const struct rule_draft *d, struct err *e)
{
	struct rule_finding f = about_rule(d, RULE_DEPRECATED_ITEM);
	int r = check_output(s, d, &d->output, e);

	if (r == 0 && d->output_zh.text.n)
		r = check_output(s, d, &d->output_zh, e);
	if (r == 0 && str_search(d->output.text, S("%container.info")) < d->output.text.n) {
		f.place = rule_text_place(
			s, d->output.origin[str_search(d->output.text, S("%container.info"))]);
		r = rule_report(s, &f, e,
				"%%container.info shows nothing: alerts name their container by "
				"themselves");
	}
	return r;
}

static int check_types(struct rule_set *s, const struct rule_draft *d, const struct condition *tree,
		       struct err *e)
{
	const struct policy_subject *subject = rule_subject(d->rule.source);
	struct rule_finding f = about_rule(d, RULE_NO_EVTTYPE);
	const char *field = subject->fields[subject->type_field].name;

	if (!d->rule.warn_evttypes || rule_restricts_type(tree, str_from(field)))
		return 0;
	return rule_report(s, &f, e,
			   "the condition does not say which %s it is about, so that it is judged "
			   "for every one",
			   field);
}

/* -EBADMSG: the rule is left out. */
static int finish_rule(struct rule_set *s, struct rule_draft *d, struct err *e)
{
	struct rule_finding about = about_rule(d, RULE_ERR_COMPILE_CONDITION);
	struct rule_text text;
	int r;

	if (!rule_subject(d->rule.source))
		return -EBADMSG;
	r = check_outputs(s, d, e);
	if (r == 0)
		r = rule_exceptions_apply(s, d, &text, e);
	if (r == -E2BIG)
		r = rule_report(s, &about, e, "the condition becomes too long");
	if (r == 0)
		r = rule_condition_parse(s, &text, &about, &d->rule.condition, e);
	if (r == 0)
		r = check_absent(s, d->rule.condition, &about, e);
	if (r == 0)
		r = rule_macros_replace(s, &d->rule.condition, SIZE_MAX, &about, e);
	if (r == 0)
		r = check_types(s, d, d->rule.condition, e);
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

static int check_macros(struct rule_set *s, struct err *e)
{
	for (size_t i = 0; i < s->macro_count; i++) {
		const struct rule_macro *m = s->macros[i];
		struct rule_finding about = { .place = m->place, .kind = "macro", .name = m->name };
		int r = m->tree ? check_absent(s, m->tree, &about, e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int tell_unused(struct rule_set *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->macro_count; i++) {
		const struct rule_macro *m = s->macros[i];
		struct rule_finding f = { RULE_UNUSED_MACRO, m->place, "macro", m->name };

		if (!m->used)
			r = rule_report(s, &f, e, "no rule and no other macro uses it");
	}
	for (size_t i = 0; r == 0 && i < s->list_count; i++) {
		const struct rule_list *l = s->lists[i];
		struct rule_finding f = { RULE_UNUSED_LIST, l->place, "list", l->name };

		if (!l->used)
			r = rule_report(s, &f, e, "no rule, macro or list uses it");
	}
	return r;
}

int rule_set_finish(struct rule_set *s, struct err *e)
{
	int r = rule_lists_expand(s, e);

	if (r == 0)
		r = rule_macros_parse(s, e);
	if (r == 0)
		r = check_macros(s, e);
	if (r == 0)
		r = rule_macros_resolve(s, e);
	if (r == 0)
		r = finish_rules(s, e);
	if (r == 0)
		r = tell_unused(s, e);
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
	return s->macro_count;
}

size_t rule_set_list_count(const struct rule_set *s)
{
	return s->list_count;
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
