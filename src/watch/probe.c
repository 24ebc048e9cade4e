#include "watch/probe.h"

enum policy_state probe_is_entry(const struct process_tree *t, const struct process *p,
				 const struct container *c, bool *ret)
{
	const struct process *parent;

	if (!p || !c || !p->vpid)
		return POLICY_UNKNOWN;
	if (c->runtime == CONTAINER_HOST) {
		*ret = false;
		return POLICY_KNOWN;
	}
	/* One whose parent the container cannot see, and which is not the container's first, came from outside. */
	if (!c->host_pid) {
		*ret = !p->vppid && !p->first;
		return POLICY_KNOWN;
	}
	parent = process_tree_parent(t, p);
	if (!parent)
		return POLICY_UNKNOWN;
	*ret = parent->cgroup_id != p->cgroup_id && p->key.pid != c->init_pid;
	return POLICY_KNOWN;
}

enum policy_state probe_command(const struct container *c, enum probe which, str *ret)
{
	bool health = which == PROBE_HEALTHCHECK;
	str command = health                    ? c->healthcheck
		      : which == PROBE_LIVENESS ? c->liveness_probe
						: c->readiness_probe;

	if (command.n) {
		*ret = command;
		return POLICY_KNOWN;
	}
	if (c->runtime == CONTAINER_HOST)
		return POLICY_ABSENT;
	if (!(c->known & (health ? CONTAINER_METADATA : CONTAINER_POD)))
		return POLICY_UNKNOWN;
	if (c->known & (health ? CONTAINER_HEALTHCHECK : CONTAINER_PROBES))
		return POLICY_ABSENT;
	/* Only pods have the other two, and no pod has a health check. */
	return (health ? c->pod_name.n != 0 : c->pod_name.n == 0) ? POLICY_ABSENT : POLICY_UNKNOWN;
}

/* Whether a program was started with a command: argv[0] and arguments with a blank before each. */
static enum policy_state runs(const struct program_table *t, const struct program *g, str command)
{
	str exe = program_exe(t, g), args = program_args(t, g);
	bool fits = str_starts(command, exe);

	if (g->partial)
		return POLICY_UNKNOWN;
	command = fits ? str_skip(command, exe.n) : command;
	if (fits && g->arg_count)
		fits = str_starts(command, S(" ")) && str_starts(str_skip(command, 1), args);
	command = fits && g->arg_count ? str_skip(command, 1 + args.n) : command;
	if (!fits)
		return POLICY_ABSENT;
	if (!command.n && !g->truncated)
		return POLICY_KNOWN;
	return g->truncated ? POLICY_UNKNOWN : POLICY_ABSENT;
}

static enum probe probe_of(const struct program_table *t, const struct program *g,
			   const struct container *c)
{
	static const enum probe all[] = { PROBE_LIVENESS, PROBE_READINESS, PROBE_HEALTHCHECK };
	bool unsure = false;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		str command;
		enum policy_state s = probe_command(c, all[i], &command);

		if (s == POLICY_KNOWN)
			s = runs(t, g, command);
		if (s == POLICY_KNOWN)
			return all[i];
		unsure |= s == POLICY_UNKNOWN;
	}
	return unsure ? PROBE_UNSURE : PROBE_NONE;
}

void probe_settle(struct process_tree *t, struct process_key k, const struct container *c)
{
	const struct process *p = process_tree_find(t, k), *parent;
	const struct program *g = p ? process_tree_program(t, p) : NULL;
	bool entry;

	if (!g || p->probe != PROBE_OPEN || c->runtime == CONTAINER_HOST)
		return;
	if (p->first) {
		process_tree_set_probe(t, k, PROBE_NONE);
	} else if (probe_is_entry(t, p, c, &entry) == POLICY_KNOWN && entry) {
		process_tree_set_probe(t, k, (uint8_t)probe_of(process_tree_programs(t), g, c));
	} else {
		parent = process_tree_parent(t, p);
		if (parent && parent->cgroup_id == p->cgroup_id)
			process_tree_set_probe(t, k, parent->probe);
	}
}

/* Whether nothing in the container can be the probe. */
static bool has_none(const struct container *c, enum probe which)
{
	str command;

	return probe_command(c, which, &command) == POLICY_ABSENT;
}

enum policy_state probe_is(const struct process_tree *t, const struct process *p,
			   const struct container *c, enum probe which, bool *ret)
{
	bool entry;

	*ret = false;
	if (!c)
		return POLICY_UNKNOWN;
	if (has_none(c, which))
		return POLICY_KNOWN;
	/* One nobody looked at is none when it descends from the container's first. */
	for (uint32_t i = 0; p && i < POLICY_MAX_VALUES; i++) {
		if (p->probe != PROBE_OPEN) {
			*ret = p->probe == which;
			return p->probe == PROBE_UNSURE ? POLICY_UNKNOWN : POLICY_KNOWN;
		}
		if (probe_is_entry(t, p, c, &entry) != POLICY_KNOWN || entry)
			return POLICY_UNKNOWN;
		if (p->first)
			return POLICY_KNOWN;
		p = process_tree_parent(t, p);
	}
	return POLICY_UNKNOWN;
}
