#include "policy/kernel_filter_priv.h"

/* What a figure counts: it can count only what is delivered. Containers have figures, the host has none. */
static const struct {
	uint16_t field;
	enum event_family family;
	struct kernel_clause clause;
} counted[] = {
	{ FIELD_USAGE_OPENS_WRITE, EVENT_FAMILY_OPEN, { .open_modes = 2 } },
	{ FIELD_USAGE_RENAMES, EVENT_FAMILY_RENAME, { .success_only = true } },
	{ FIELD_USAGE_UNLINKS, EVENT_FAMILY_UNLINK, { .success_only = true } },
	{ FIELD_USAGE_UNLINKS, EVENT_FAMILY_RMDIR, { .success_only = true } },
	{ FIELD_USAGE_CONNECTS, EVENT_FAMILY_CONNECT, { .families = KERNEL_INTERNET } },
	{ FIELD_USAGE_CONNECTS_FAILED, EVENT_FAMILY_CONNECT, { .families = KERNEL_INTERNET } },
	{ FIELD_USAGE_DISTINCT_PORTS, EVENT_FAMILY_CONNECT, { .families = KERNEL_INTERNET } },
	{ FIELD_USAGE_DISTINCT_PEERS, EVENT_FAMILY_CONNECT, { .families = KERNEL_INTERNET } },
	{ FIELD_USAGE_DNS_QUERIES, EVENT_FAMILY_DNS, { 0 } },
	{ FIELD_USAGE_DNS_NAMES, EVENT_FAMILY_DNS, { 0 } },
	{ FIELD_USAGE_DNS_LONGEST, EVENT_FAMILY_DNS, { 0 } },
};

static int add_clause(struct kernel_filter *f, size_t type, struct kernel_clause c, struct arena *a)
{
	size_t n = f->clause_count[type];
	struct kernel_clause *all = ARENA_ARRAY(a, n + 1, struct kernel_clause);

	if (!all)
		return -ENOBUFS;
	c.container_only = true;
	if (n >= KERNEL_FILTER_MAX_CLAUSES) {
		/* No place for one more: everything passes. */
		n = 0;
		c = (struct kernel_clause){ 0 };
	}
	for (size_t i = 0; i < n; i++)
		all[i] = f->clauses[type][i];
	all[n] = c;
	f->clauses[type] = all;
	f->clause_count[type] = n + 1;
	return 0;
}

int filter_add_usage(const struct policy_program *p, struct kernel_filter *f, struct arena *a)
{
	for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
		bool told = false;

		/* Several figures may be of the same events: one clause is enough for them. */
		for (size_t k = 0; k < i; k++)
			told |= counted[k].family == counted[i].family && p->uses[counted[k].field];
		if (!p->uses[counted[i].field] || told)
			continue;
		for (size_t t = 0; t < EVENT_TYPE_COUNT; t++)
			if (event_type_family((enum event_type)t) == counted[i].family &&
			    add_clause(f, t, counted[i].clause, a) < 0)
				return -ENOBUFS;
	}
	return 0;
}
