#include "policy/output.h"
#include "policy/rule_priv.h"

/* Whether something holds for certain types only, as it stands and when it is negated. */
struct restriction {
	bool plain, negated;
};

static struct restriction of_check(const struct condition *n, str type_field)
{
	struct restriction r = { false, false };

	if (n->kind != CONDITION_CHECK || n->left.kind != TERM_FIELD ||
	    !str_eq(n->left.text, type_field))
		return r;
	r.negated = n->op == CONDITION_NE;
	r.plain = n->op == CONDITION_EQ || n->op == CONDITION_IN;
	return r;
}

/* Of "and" one part suffices, of "or" all are needed; negated it is the other way round. */
static struct restriction neutral(enum condition_kind kind)
{
	return (struct restriction){ .plain = kind == CONDITION_OR,
				     .negated = kind == CONDITION_AND };
}

static struct restriction add(enum condition_kind kind, struct restriction sum,
			      struct restriction part)
{
	if (kind == CONDITION_NOT)
		return (struct restriction){ part.negated, part.plain };
	if (kind == CONDITION_AND)
		return (struct restriction){ sum.plain || part.plain, sum.negated && part.negated };
	return (struct restriction){ sum.plain && part.plain, sum.negated || part.negated };
}

static bool restricts_type(const struct condition *c, str type_field)
{
	struct restriction sums[CONDITION_MAX_DEPTH + 1] = { 0 };
	struct condition_walk w;
	const struct condition *n;

	condition_walk_begin(&w, c);
	while ((n = condition_walk_next(&w))) {
		if (w.entering)
			sums[w.depth] = n->child_count ? neutral(n->kind) : of_check(n, type_field);
		else if (w.depth > 1)
			sums[w.depth - 1] = add(w.steps[w.depth - 2].node->kind, sums[w.depth - 1],
						sums[w.depth]);
	}
	return sums[1].plain;
}

struct rule_finding rule_about(const struct rule_draft *d, enum rule_code code)
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
int rule_check_absent(struct rule_set *s, const struct condition *tree,
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

/* What is parsed here is not kept: who fills the output in parses it for itself. */
static int check_output(struct rule_set *s, const struct rule_draft *d, const struct rule_text *t,
			struct err *e)
{
	struct err why = { .translate = e ? e->translate : NULL };
	struct rule_finding f = rule_about(d, RULE_ERR_COMPILE_OUTPUT);
	struct output_format *ignored;
	size_t at = 0;
	int r;

	arena_reset(&s->scratch);
	r = output_parse_at(t->text, rule_subject(d->rule.source), &s->scratch, &ignored, &at,
			    &why);
	if (r == 0)
		return 0;
	if (r == -ENOBUFS)
		return rule_spent(e);
	if (r == -ENOENT && d->rule.skip_if_unknown_filter)
		f.code = RULE_UNKNOWN_FILTER;
	if (t->text.n)
		f.place = rule_text_place(s, rule_text_at(t, MIN(at, t->text.n - 1)));
	r = rule_report(s, &f, e, "%s", why.text);
	return r == 0 ? -EBADMSG : r;
}

int rule_check_outputs(struct rule_set *s, const struct rule_draft *d, struct err *e)
{
	struct rule_finding f = rule_about(d, RULE_DEPRECATED_ITEM);
	size_t at;
	int r = check_output(s, d, &d->output, e);

	if (r == 0 && d->output_zh.text.n)
		r = check_output(s, d, &d->output_zh, e);
	at = str_search(d->output.text, S("%container.info"));
	if (r == 0 && at < d->output.text.n) {
		f.place = rule_text_place(s, rule_text_at(&d->output, at));
		r = rule_report(s, &f, e,
				"%%container.info shows nothing: alerts name their container by "
				"themselves");
	}
	return r;
}

int rule_check_types(struct rule_set *s, const struct rule_draft *d, const struct condition *tree,
		     struct err *e)
{
	const struct policy_subject *subject = rule_subject(d->rule.source);
	struct rule_finding f = rule_about(d, RULE_NO_EVTTYPE);
	const char *field = subject->fields[subject->type_field].name;

	if (!d->rule.warn_evttypes || restricts_type(tree, str_from(field)))
		return 0;
	return rule_report(s, &f, e,
			   "the condition does not say which %s it is about, so that it is judged "
			   "for every one",
			   field);
}

int rule_check_macros(struct rule_set *s, struct err *e)
{
	for (size_t i = 0; i < s->macros.count; i++) {
		const struct rule_macro *m = (const struct rule_macro *)s->macros.items[i];
		struct rule_finding about = { .place = m->as.place,
					      .kind = "macro",
					      .name = m->as.name };
		int r = m->tree ? rule_check_absent(s, m->tree, &about, e) : 0;

		if (r == 0 && m->tree)
			r = rule_check_texts(s, m->tree, rule_subject(S("syscall")), &about, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int rule_check_unused(struct rule_set *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->macros.count; i++) {
		const struct rule_name *n = s->macros.items[i];
		struct rule_finding f = { RULE_UNUSED_MACRO, n->place, "macro", n->name };

		if (!n->used)
			r = rule_report(s, &f, e, "no rule and no other macro uses it");
	}
	for (size_t i = 0; r == 0 && i < s->lists.count; i++) {
		const struct rule_name *n = s->lists.items[i];
		struct rule_finding f = { RULE_UNUSED_LIST, n->place, "list", n->name };

		if (!n->used)
			r = rule_report(s, &f, e, "no rule, macro or list uses it");
	}
	return r;
}

int rule_check_ids(struct rule_set *s, struct err *e)
{
	struct map ids = map_in(&s->arena);

	for (size_t i = 0; i < s->draft_count; i++) {
		const struct rule_draft *d = s->drafts[i];
		struct rule_finding f = rule_about(d, RULE_WARNING_EXTENSION);
		void **slot = d->rule.id.n ? map_at(&ids, d->rule.id) : NULL;
		int r = 0;

		if (d->rule.id.n && !slot)
			return rule_spent(e);
		if (slot && *slot)
			r = rule_report(s, &f, e, "the rule '%.*s' has the same id, %.*s",
					STR_ARG(((const struct rule_draft *)*slot)->rule.name),
					STR_ARG(d->rule.id));
		else if (slot)
			*slot = s->drafts[i];
		if (r < 0)
			return r;
	}
	return 0;
}
