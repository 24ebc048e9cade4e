#include "watch/event_target_priv.h"

#include "base/word.h"

typedef str (*program_reader)(const struct program_table *, const struct program *);

/* Variables are kept with NUL bytes between them. A process without any is one whose were not read. */
static enum policy_state spaced(const struct event_target *t, str *env)
{
	struct scratch_text out = scratch_text(t->world->scratch);
	str rest = *env;

	if (!rest.n)
		return POLICY_UNKNOWN;
	while (rest.n) {
		scratch_add(&out, str_cut(&rest, '\0'));
		if (rest.n)
			scratch_byte(&out, ' ');
	}
	*env = scratch_str(&out);
	return POLICY_KNOWN;
}

static enum policy_state text_of(const struct event_target *t, const struct process *p,
				 program_reader text, str *ret)
{
	const struct program *g = process_tree_program(t->world->tree, p);

	if (!g)
		return POLICY_UNKNOWN;
	*ret = text(process_tree_programs(t->world->tree), g);
	if (text == program_env)
		return spaced(t, ret);
	return ret->n || !g->partial ? POLICY_KNOWN : POLICY_UNKNOWN;
}

static bool get_text(const struct event_target *t, uint32_t n, program_reader text,
		     struct policy_value *ret)
{
	const struct process *p;
	enum policy_state s = event_target_ancestor(t, n, &p);
	str found;

	if (s == POLICY_KNOWN)
		s = text_of(t, p, text, &found);
	return s == POLICY_KNOWN ? value_string(ret, found) : value_state(ret, s);
}

/* All ancestors' from the parent up, as far as they are known; UNKNOWN only when there are some and none is known. */
static bool get_texts(const struct event_target *t, const struct policy_ref *ref,
		      program_reader text, struct policy_value *ret)
{
	if (ref->has_index)
		return get_text(t, ref->index, text, ret);

	str *found = scratch_take(t->world->scratch, POLICY_MAX_VALUES * sizeof(*found));
	enum policy_state s = POLICY_KNOWN;
	uint32_t count = 0;
	const struct process *p;

	if (!found)
		return value_unknown(ret);
	for (p = t->process; p && count < POLICY_MAX_VALUES;) {
		p = process_tree_parent(t->world->tree, p);
		count += p && text_of(t, p, text, &found[count]) == POLICY_KNOWN;
	}
	if (!count)
		s = event_target_ancestor(t, 1, &p) == POLICY_ABSENT ? POLICY_ABSENT
								     : POLICY_UNKNOWN;
	ret->state = s;
	ret->count = count;
	ret->strings = found;
	return true;
}

/* A parent that was never seen still has a number. */
static bool get_number(const struct event_target *t, uint32_t n, struct policy_value *ret)
{
	const struct process *p = t->process;
	enum policy_state s;

	if (n == 0)
		return value_int(ret, t->event->task.pid);
	s = event_target_ancestor(t, n - 1, &p);
	if (s != POLICY_KNOWN)
		return value_state(ret, s);
	return p->parent_key.pid ? value_int(ret, p->parent_key.pid) : value_absent(ret);
}

static bool get_numbers(const struct event_target *t, const struct policy_ref *ref,
			struct policy_value *ret)
{
	if (ref->has_index)
		return get_number(t, ref->index, ret);

	int64_t *found = scratch_take(t->world->scratch, POLICY_MAX_VALUES * sizeof(*found));
	const struct process *p = t->process;

	if (!found || !p)
		return value_unknown(ret);
	ret->count = 0;
	for (; p && p->parent_key.pid && ret->count < POLICY_MAX_VALUES;
	     p = process_tree_parent(t->world->tree, p))
		found[ret->count++] = p->parent_key.pid;
	ret->state = ret->count ? POLICY_KNOWN : POLICY_ABSENT;
	ret->integers = found;
	return true;
}

/* @param pid the leader's: a session and a process group are called by its number */
static bool get_leader_text(const struct event_target *t, uint32_t pid, program_reader text,
			    struct policy_value *ret)
{
	const struct process *leader =
		pid == t->process->key.pid ? t->process : process_tree_living(t->world->tree, pid);
	str found;
	enum policy_state s = leader ? text_of(t, leader, text, &found) : POLICY_UNKNOWN;

	return s == POLICY_KNOWN ? value_string(ret, found) : value_state(ret, s);
}

static bool get_leader(const struct event_target *t, uint16_t field, struct policy_value *ret)
{
	if (!t->process)
		return value_unknown(ret);
	switch (field) {
	case FIELD_PROC_SNAME:
		return get_leader_text(t, t->process->sid, program_comm, ret);
	case FIELD_PROC_SID_EXE:
		return get_leader_text(t, t->process->sid, program_exe, ret);
	case FIELD_PROC_PGID_NAME:
	case FIELD_PROC_VPGID_NAME:
		return get_leader_text(t, t->process->pgid, program_comm, ret);
	case FIELD_PROC_PGID_EXE:
	case FIELD_PROC_VPGID_EXE:
		return get_leader_text(t, t->process->pgid, program_exe, ret);
	case FIELD_PROC_PGID_EXEPATH:
	case FIELD_PROC_VPGID_EXEPATH:
		return get_leader_text(t, t->process->pgid, program_path, ret);
	default:
		return get_leader_text(t, t->process->sid, program_path, ret);
	}
}

static bool is_shell(str name)
{
	static const char *const shells[] = { "sh",  "bash", "dash", "ash", "zsh",
					      "ksh", "fish", "csh",  "tcsh" };

	return WORD_FIND(shells, name) >= 0;
}

/* The outermost shell of the chain that begins with the process itself. */
static bool get_login_shell(const struct event_target *t, struct policy_value *ret)
{
	const struct process *p = t->process;
	int64_t found = 0;

	if (!p)
		return value_unknown(ret);
	for (int n = 0; p && n < POLICY_MAX_VALUES; n++) {
		str name;

		if (text_of(t, p, program_comm, &name) == POLICY_KNOWN && is_shell(name))
			found = p->key.pid;
		p = process_tree_parent(t->world->tree, p);
	}
	return found ? value_int(ret, found) : value_absent(ret);
}

static bool get_parent_number(const struct event_target *t, uint16_t field,
			      struct policy_value *ret)
{
	struct process_key parent;
	int64_t began;

	if (!t->process)
		return value_unknown(ret);
	parent = t->process->parent_key;
	if (field == FIELD_PROC_PPID)
		return value_int(ret, parent.pid);
	if (!parent.pid)
		return value_absent(ret);
	began = process_began(t, parent);
	if (!began)
		return value_unknown(ret);
	if (field == FIELD_PROC_PPID_TS)
		return value_int(ret, began);
	return value_int(ret, MAX((int64_t)t->event->time_ns - began, (int64_t)0));
}

bool lineage_fields_get(const struct event_target *t, const struct policy_ref *ref,
			struct policy_value *ret)
{
	switch (ref->field) {
	case FIELD_PROC_PPID:
	case FIELD_PROC_PPID_TS:
	case FIELD_PROC_PPID_DURATION:
		return get_parent_number(t, ref->field, ret);
	case FIELD_PROC_PNAME:
		return get_text(t, 1, program_comm, ret);
	case FIELD_PROC_PEXE:
		return get_text(t, 1, program_exe, ret);
	case FIELD_PROC_PEXEPATH:
		return get_text(t, 1, program_path, ret);
	case FIELD_PROC_PCMDLINE:
		return get_text(t, 1, program_cmdline, ret);
	case FIELD_PROC_APID:
		return get_numbers(t, ref, ret);
	case FIELD_PROC_ANAME:
		return get_texts(t, ref, program_comm, ret);
	case FIELD_PROC_AEXE:
		return get_texts(t, ref, program_exe, ret);
	case FIELD_PROC_AEXEPATH:
		return get_texts(t, ref, program_path, ret);
	case FIELD_PROC_ACMDLINE:
		return get_texts(t, ref, program_cmdline, ret);
	case FIELD_PROC_AENV:
		return get_texts(t, ref, program_env, ret);
	case FIELD_PROC_SNAME:
	case FIELD_PROC_SEXEPATH:
	case FIELD_PROC_SID_EXE:
	case FIELD_PROC_SID_EXEPATH:
	case FIELD_PROC_PGID_NAME:
	case FIELD_PROC_PGID_EXE:
	case FIELD_PROC_PGID_EXEPATH:
	case FIELD_PROC_VPGID_NAME:
	case FIELD_PROC_VPGID_EXE:
	case FIELD_PROC_VPGID_EXEPATH:
		return get_leader(t, ref->field, ret);
	case FIELD_PROC_LOGINSHELLID:
		return get_login_shell(t, ret);
	default:
		return false;
	}
}

bool lineage_fields_origin(const struct event_target *t, struct policy_origin *ret)
{
	const struct process_tree *tree = t->world->tree;
	const struct process *p = t->process ? process_tree_parent(tree, t->process) : NULL;
	const struct program *g = p ? process_tree_program(tree, p) : NULL;

	ret->number = g ? program_alike(g) : 0;
	return g;
}
