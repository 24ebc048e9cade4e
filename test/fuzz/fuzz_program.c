/*
 * Conditions, one a line, that compile come out on random events as their plain reading does, and what one holds for, or is
 * in doubt about, the kernel filter lets through.
 */
#include "fuzz.h"

#include "../unit/policy_lottery.h"

enum { MAX_RULES = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };
	const struct rule *rules[MAX_RULES];
	struct policy_program *p;
	struct lottery l;
	struct arena a;
	size_t count = 0;

	arena_init(&a, 256u << 20);
	lottery_open(&l, &a, str_hash(text));
	while (text.n && count < MAX_RULES) {
		struct rule *r = ARENA_NEW(&a, struct rule);

		assert(r);
		r->name = str_line(&text);
		r->source = S("syscall");
		r->enabled = true;
		r->falco_compatible = count % 2;
		if (condition_parse(r->name, 100, &a, &r->condition, NULL, NULL) < 0)
			continue;
		lottery_learn(&l, r->condition);
		rules[count++] = r;
	}
	if (policy_compile_rules(rules, count, &policy_events, NULL, NULL, &p, NULL) == 0) {
		lottery_check(&l, p, 40);
		policy_free(p);
	}
	lottery_close(&l);
	arena_done(&a);
	return 0;
}
