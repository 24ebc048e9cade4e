#include "policy/program_priv.h"

static int note_in_set(void *ctx, const struct rule *r, enum rule_code c, uint32_t offset,
		       str message, struct err *e)
{
	return rule_set_note(ctx, r, c, offset, message, e);
}

int policy_compile(struct rule_set *rules, const struct policy_subject *s,
		   struct policy_program **ret, struct err *e)
{
	size_t count;
	const struct rule *all = rule_set_rules(rules, &count);
	OWNED const struct rule **list = calloc(count + 1, sizeof(const struct rule *));

	if (!list)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		list[i] = &all[i];
	return policy_compile_rules(list, count, s, note_in_set, rules, ret, e);
}

/* @return false: budget spent */
static bool own_texts(struct arena *a, struct rule *r)
{
	str *const texts[] = { &r->name,      &r->id,     &r->desc,      &r->desc_zh, &r->output,
			       &r->output_zh, &r->advice, &r->advice_zh, &r->mitre,   &r->maturity,
			       &r->source,    &r->file,   &r->name_zh };
	str *tags = ARENA_ARRAY(a, r->tag_count, str);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i]->n)
			*texts[i] = arena_str(a, *texts[i]);
		if (texts[i]->n && !texts[i]->p)
			return false;
	}
	for (size_t i = 0; tags && i < r->tag_count; i++) {
		tags[i] = arena_str(a, r->tags[i]);
		if (!tags[i].p)
			return false;
	}
	r->tags = tags;
	return tags || !r->tag_count;
}

int policy_own_rules(struct policy_program *p, struct err *e)
{
	struct rule *own = ARENA_ARRAY(&p->arena, p->rule_count, struct rule);

	for (size_t i = 0; own && i < p->rule_count; i++) {
		own[i] = *p->rules[i];
		own[i].condition = NULL;
		own[i].condition_text = (str){ NULL, 0 };
		if (!own_texts(&p->arena, &own[i]))
			own = NULL;
	}
	if (!own && p->rule_count)
		return err_set(e, ENOBUFS, "rules: memory budget spent");
	for (size_t i = 0; i < p->rule_count; i++)
		p->rules[i] = &own[i];
	return 0;
}
