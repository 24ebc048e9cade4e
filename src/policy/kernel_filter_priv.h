/** @file
 * From checks to clauses: what a check says about the facts the kernel side has at hand.
 */
#ifndef SKEP_POLICY_KERNEL_FILTER_PRIV_H
#define SKEP_POLICY_KERNEL_FILTER_PRIV_H

#include "policy/kernel_filter.h"
#include "policy/program_priv.h"

/** A clause while it is made; all zero lets everything pass. */
struct filter_clause {
	bool container_only, failed_only, success_only, climbs, upper, unconnected;
	uint8_t open_modes, families;
	const struct kernel_path *paths;
	size_t path_count;
	const uint16_t *ports;
	size_t port_count;
	const str *comms;
	size_t comm_count;
};

/** A disjunction; without clauses it is false. Longer ones than this are given up for "true". */
#define FILTER_MAX_CLAUSES 64
struct filter_set {
	const struct filter_clause *clauses;
	size_t count;
};

/** What must be so when the check holds or is UNKNOWN, for events of a family. @return 0 or -ENOBUFS */
MUST_CHECK int filter_check(const struct policy_program *p, const struct program_check *k,
			    enum event_family f, struct arena *a, struct filter_set *ret);
/** What must be so when it does not hold. */
MUST_CHECK int filter_check_not(const struct policy_program *p, const struct program_check *k,
				struct arena *a, struct filter_set *ret);

/** The set that lets everything pass. */
struct filter_set filter_any(void);

/** Lets pass what the figures of containers (usage.*) count that rules read. @return 0 or -ENOBUFS */
MUST_CHECK int filter_add_usage(const struct policy_program *p, struct kernel_filter *f,
				struct arena *a);

/** Finds what rules of each type read beside events. @return 0 or -ENOBUFS */
MUST_CHECK int filter_add_wants(const struct policy_program *p, struct kernel_filter *f);

/** Which list a clause asks for: 1 paths, 2 ports, 3 names, 0 none; only clauses of the same kind can share theirs. */
int filter_list(const struct filter_clause *c);

/** Makes the clauses of a type of what was derived for it. @return 0 or -ENOBUFS */
MUST_CHECK int filter_emit(const struct filter_set *s, size_t type, struct arena *a,
			   struct kernel_filter *f);
/** Holds the filter to KERNEL_FILTER_MAX_PATHS: the longest lists go, and with them their clauses' tests. */
void filter_bound(struct kernel_filter *f);

#endif
