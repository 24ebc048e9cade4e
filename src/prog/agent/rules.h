/** @file
 * The rules the agent judges by: files read, switched on and off, compiled.
 */
#ifndef SKEP_PROG_AGENT_RULES_H
#define SKEP_PROG_AGENT_RULES_H

#include "base/option.h"
#include "policy/program.h"

/** Below --state: the rules a console sent. They count instead of --rules, also while the console is away. */
#define RULES_OF_CONSOLE "console-rules.yaml"

struct rules {
	struct rule_set *set; /**< NULL: the program has what it needs of them */
	struct policy_program *program;
};

/**
 * Reads what the console sent, else what --rules names, else the rules that ship (base/shipped.h),
 * applies --disable, --enable and --min-priority, and compiles. What is wrong with a rule is told through @p say.
 *
 * @return 0; -ENOENT no such file; -EINVAL no rule is left to judge by; -errno; -ENOBUFS
 */
MUST_CHECK int rules_load(const struct option_set *o, void (*say)(void *ctx, const char *line),
			  void *ctx, struct rules *ret, struct err *e);
/**
 * Looks whether what --rules names can be read, before a part does; not at what it holds. Where the console's rules count instead, at nothing.
 * @return 0, -EINVAL (which option, and why), -ENOBUFS
 */
MUST_CHECK int rules_check(const struct option_set *o, struct err *e);
void rules_done(struct rules *r);

#endif
