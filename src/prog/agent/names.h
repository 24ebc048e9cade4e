/** @file
 * The domain names that rules compare addresses with, resolved beside the work: a thread asks the system's resolver, which may
 * block for as long as it likes, and hands over whole tables. Until a name is resolved comparisons with it are UNKNOWN.
 *
 * Nothing is asked when no rule names a domain.
 */
#ifndef SKEP_PROG_AGENT_NAMES_H
#define SKEP_PROG_AGENT_NAMES_H

#include "policy/program.h"

struct names;

/**
 * Begins to resolve a program's names.
 * @param ret NULL when it has none
 * @return 0, -ENOMEM, -EAGAIN (no thread)
 */
MUST_CHECK int names_start(const struct policy_program *p, struct names **ret, struct err *e);

/** Gives a run of that program the latest addresses, when there are new ones. @param n may be NULL */
void names_take(struct names *n, struct policy_run *run);

/** Ends it; no run may judge by its addresses any more. Does not wait for the resolver. @param n may be NULL */
void names_stop(struct names *n);

#endif
