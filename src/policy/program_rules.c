#include "policy/program.h"

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
