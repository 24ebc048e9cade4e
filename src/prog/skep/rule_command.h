/** @file
 * What the members of `skep rule` share: reading rule files and telling what is wrong with them.
 */
#ifndef SKEP_PROG_SKEP_RULE_COMMAND_H
#define SKEP_PROG_SKEP_RULE_COMMAND_H

#include "codec/json_out.h"
#include "policy/program.h"
#include "prog/skep/command.h"

/**
 * Reads the rule files that @p names mean (policy/rule_path.h; none: those that ship), resolves and compiles them.
 * What is wrong inside is in the set's notes; @p ret is to be freed.
 *
 * @return 0, -ENOENT (no such file), -E2BIG, -ENOBUFS, -ENOMEM
 */
MUST_CHECK int rule_command_load(struct invocation *v, const char *const *names, size_t count,
				 struct rule_set **ret);

/** The same, with what it was compiled to, which is to be freed first. */
MUST_CHECK int rule_command_program(struct invocation *v, const char *const *names, size_t count,
				    struct rule_set **ret, struct policy_program **ret_program);

/** How many of the set's notes are errors. */
size_t rule_command_errors(const struct rule_set *s);

/** Logs each error of the set, and how many warnings there are, for commands whose result is another thing. */
void rule_command_log(struct invocation *v, const struct rule_set *s);

#endif
