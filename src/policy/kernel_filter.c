#include "policy/kernel_filter.h"

/* The weakest filter that is right: everything of a type some rule can match passes. */
int kernel_filter_derive(const struct policy_program *p, struct arena *a, struct kernel_filter *ret,
			 struct err *e)
{
	const bool *wanted = policy_types(p);
	struct kernel_filter out = { .failed_opens = true,
				     .environment = policy_uses(p, FIELD_PROC_ENV),
				     .received = policy_uses(p, FIELD_EVT_BUFFER) };

	for (unsigned int t = 0; t < EVENT_TYPE_COUNT; t++) {
		if (!wanted[t])
			continue;
		out.clauses[t] = ARENA_NEW(a, struct kernel_clause);
		if (!out.clauses[t])
			return err_set(e, ENOBUFS, "kernel filter: memory budget spent");
		out.clause_count[t] = 1;
	}
	*ret = out;
	return 0;
}
