#include "watch/event_target_priv.h"
#include "watch/flag_name.h"
#include "watch/probe.h"

static const struct program_table *programs(const struct event_target *t)
{
	return process_tree_programs(t->world->tree);
}

/* A string of the program. One that a fork-only record lacks is unknown; else an empty string is a value. */
static bool get_text(const struct event_target *t,
		     str (*text)(const struct program_table *, const struct program *),
		     struct policy_value *ret)
{
	str s;

	if (!t->program)
		return value_unknown(ret);
	s = text(programs(t), t->program);
	if (!s.n && t->program->partial)
		return value_unknown(ret);
	return value_string(ret, s);
}

static bool get_exeline(const struct event_target *t, struct policy_value *ret)
{
	struct scratch_text out = scratch_text(t->world->scratch);

	if (!t->program || t->program->partial)
		return value_unknown(ret);
	scratch_add(&out, program_exe(programs(t), t->program));
	if (t->program->arg_count)
		scratch_byte(&out, ' ');
	scratch_add(&out, program_args(programs(t), t->program));
	return value_string(ret, scratch_str(&out));
}

static bool all_of_environment(const struct event_target *t, str env, struct policy_value *ret)
{
	struct scratch_text out = scratch_text(t->world->scratch);

	if (str_ends(env, S("\0")))
		env.n--;
	scratch_add(&out, env);
	scratch_replace(&out, '\0', ' ');
	return value_string(ret, scratch_str(&out));
}

static str value_of(str variable, size_t name_n)
{
	str value = str_skip(variable, name_n + 1);

	return str_cut(&value, '\0');
}

static bool get_environment(const struct event_target *t, const struct policy_ref *ref,
			    struct policy_value *ret)
{
	str env;

	if (!t->program || t->program->partial)
		return value_unknown(ret);
	env = program_env(programs(t), t->program);
	/* No process has none at all: it was not asked for when this one began. */
	if (!env.n)
		return value_unknown(ret);
	if (!ref->key.n)
		return all_of_environment(t, env, ret);
	for (; env.n; env = str_skip(env, str_find(env, '\0') + 1))
		if (env.n > ref->key.n && env.p[ref->key.n] == '=' && str_starts(env, ref->key))
			return value_string(ret, value_of(env, ref->key.n));
	return t->program->truncated ? value_unknown(ret) : value_absent(ret);
}

static bool get_since(const struct event_target *t, int64_t began, struct policy_value *ret)
{
	int64_t now = (int64_t)t->event->time_ns;

	return began ? value_int(ret, MAX(now - began, (int64_t)0)) : value_unknown(ret);
}

/* Falco has no value when the file changed after the process began. */
static bool get_change_to_start(const struct event_target *t, struct policy_value *ret)
{
	int64_t began = process_began(t, t->event->task), changed;

	if (!t->program || !t->program->exe_ctime_ns || !began)
		return value_unknown(ret);
	changed = (int64_t)t->program->exe_ctime_ns;
	return changed <= began ? value_int(ret, began - changed) : value_absent(ret);
}

/* Engines say when a container had started, which is after its first process has begun to run; 0: not known. */
static int64_t container_began(const struct event_target *t)
{
	const struct process *first = process_tree_living(t->world->tree, t->container->init_pid);

	return first && first->first ? process_began(t, first->key)
				     : (int64_t)t->container->started_ns;
}

static bool get_container_start_to_change(const struct event_target *t, struct policy_value *ret)
{
	int64_t started, changed;

	if (!t->container || !t->program || !t->program->exe_ctime_ns)
		return value_unknown(ret);
	if (container_is_host(t->container))
		return value_absent(ret);
	started = container_began(t);
	changed = (int64_t)t->program->exe_ctime_ns;
	if (!started)
		return value_unknown(ret);
	return changed >= started ? value_int(ret, changed - started) : value_absent(ret);
}

static bool get_container_entry(const struct event_target *t, struct policy_value *ret)
{
	bool entry;

	if (probe_is_entry(t->world->tree, t->process, t->container, &entry) != POLICY_KNOWN)
		return value_unknown(ret);
	return value_bool(ret, entry);
}

static bool get_probe(const struct event_target *t, enum probe which, struct policy_value *ret)
{
	bool is;

	if (probe_is(t->world->tree, t->process, t->container, which, &is) != POLICY_KNOWN)
		return value_unknown(ret);
	return value_bool(ret, is);
}

/* Whoever changes his user changes his powers, and nobody tells of either unless rules ask for those calls. */
static bool changed_user(const struct event_target *t, const struct process *p)
{
	return t->event->tid && t->event->user != p->user;
}

static bool get_caps(const struct event_target *t, const struct process *p, uint64_t caps,
		     struct policy_value *ret)
{
	struct scratch_text out = scratch_text(t->world->scratch);

	if (changed_user(t, p))
		return value_unknown(ret);
	flag_names_add(FLAG_SET_CAPABILITY, caps, ' ', &out);
	return value_string(ret, scratch_str(&out));
}

/* Kept: whoever told it may tell another in its place. Where there is none, rules look for Falco's "<NA>". */
static bool get_account(const struct event_target *t, enum account_part part, uint32_t number,
			struct policy_value *ret)
{
	struct scratch_text out;
	str found;

	switch (event_target_account(t, part, number, &found)) {
	case POLICY_UNKNOWN:
		return value_unknown(ret);
	case POLICY_ABSENT:
		return value_string(ret, S("<NA>"));
	default:
		out = scratch_text(t->world->scratch);
		scratch_add(&out, found);
		return value_string(ret, scratch_str(&out));
	}
}

static bool get_stdio(const struct process *p, unsigned int i, struct policy_value *ret)
{
	if (!p->stdio.kind[i])
		return value_unknown(ret);
	if (p->stdio.kind[i] == STDIO_CLOSED)
		return value_absent(ret);
	return value_string_opt(ret, fd_fields_type((enum event_fd_kind)p->stdio.kind[i]));
}

/* What has no name (an unbound socket) has none; a file's that is missing was not kept. */
static bool get_stdio_name(const struct event_target *t, const struct process *p, unsigned int i,
			   struct policy_value *ret)
{
	uint16_t kind = p->stdio.kind[i];
	str name = stdio_name(&p->stdio, &programs(t)->text, i);

	if (name.n)
		return value_string(ret, name);
	return !kind || kind == EVENT_FD_FILE || kind == EVENT_FD_DIRECTORY ? value_unknown(ret)
									    : value_absent(ret);
}

/* Where it is now, where that was told; else where it was when it began what it runs. */
static bool get_cwd(const struct event_target *t, struct policy_value *ret)
{
	const struct event *v = t->event;
	struct scratch_text out;

	if (!v->cwd.n)
		return v->marks & EVENT_IO_URING ? value_unknown(ret)
						 : get_text(t, program_cwd, ret);
	out = scratch_text(t->world->scratch);
	scratch_add(&out, v->cwd);
	if (v->cwd.p[v->cwd.n - 1] != '/')
		scratch_byte(&out, '/');
	return value_string(ret, scratch_str(&out));
}

/* Fields that need the process's record. */
static bool get_of_process(const struct event_target *t, const struct process *p, uint16_t field,
			   struct policy_value *ret)
{
	switch (field) {
	case FIELD_PROC_VPID:
		return value_int(ret, p->vpid);
	case FIELD_PROC_PVPID:
		return value_int(ret, p->vppid);
	case FIELD_PROC_SID:
		return value_int(ret, p->sid);
	case FIELD_PROC_PGID:
		return value_int(ret, p->pgid);
	case FIELD_PROC_VPGID:
		return value_int(ret, p->vpgid);
	case FIELD_PROC_VSID:
		return value_int(ret, p->vsid);
	case FIELD_PROC_IS_SID_LEADER:
		return value_bool(ret, p->sid == p->key.pid);
	case FIELD_PROC_IS_PGID_LEADER:
		return value_bool(ret, p->pgid == p->key.pid);
	case FIELD_PROC_IS_VPGID_LEADER:
		return value_bool(ret, p->vpgid == p->vpid);
	case FIELD_PROC_IS_VSID_LEADER:
		return value_bool(ret, p->vsid == p->vpid);
	case FIELD_PROC_TTY:
		return value_uint(ret, p->tty);
	case FIELD_PROC_NCHILDS:
		return value_uint(ret, p->children);
	case FIELD_PROC_STDIN_TYPE:
		return get_stdio(p, 0, ret);
	case FIELD_PROC_STDOUT_TYPE:
		return get_stdio(p, 1, ret);
	case FIELD_PROC_STDERR_TYPE:
		return get_stdio(p, 2, ret);
	case FIELD_PROC_STDIN_NAME:
		return get_stdio_name(t, p, 0, ret);
	case FIELD_PROC_STDOUT_NAME:
		return get_stdio_name(t, p, 1, ret);
	case FIELD_PROC_STDERR_NAME:
		return get_stdio_name(t, p, 2, ret);
	case FIELD_THREAD_CAP_EFFECTIVE:
		return get_caps(t, p, p->caps.effective, ret);
	case FIELD_THREAD_CAP_PERMITTED:
		return get_caps(t, p, p->caps.permitted, ret);
	case FIELD_THREAD_CAP_INHERITABLE:
		return get_caps(t, p, p->caps.inheritable, ret);
	case FIELD_USER_RUID:
		return changed_user(t, p) ? value_unknown(ret) : value_uint(ret, p->real_user);
	case FIELD_USER_LOGINUID:
		return value_int(ret, process_login(p));
	case FIELD_USER_LOGINNAME:
		return p->login_user == UINT32_MAX
			       ? value_string(ret, S("<NA>"))
			       : get_account(t, ACCOUNT_NAME, p->login_user, ret);
	default:
		return false;
	}
}

static bool get_hash(const struct event_target *t, const struct program *g, enum digest_kind k,
		     struct policy_value *ret)
{
	char hex[2 * DIGEST_MAX_BYTES + 1];
	struct scratch_text out;
	const uint8_t *sum;

	if (!t->world->hashes || !hashes_get(t->world->hashes, g, k, &sum))
		return value_unknown(ret);
	hex_render(sum, digest_bytes(k), hex);
	out = scratch_text(t->world->scratch);
	scratch_add(&out, str_from(hex));
	return value_string(ret, scratch_str(&out));
}

/* Whether the program began with @p flag; only an exec that was seen tells. */
static bool value_of_exec(const struct program *g, enum event_exe_flag flag,
			  struct policy_value *ret)
{
	return g->exe_flags & (EVENT_EXE_SCRIPT | EVENT_EXE_SCRIPT_SEEN)
		       ? value_bool(ret, g->exe_flags & flag)
		       : value_unknown(ret);
}

/* Fields that need what it runs. */
static bool get_of_program(const struct event_target *t, const struct program *g, uint16_t field,
			   struct policy_value *ret)
{
	switch (field) {
	case FIELD_PROC_NARGS:
	case FIELD_PROC_CMDNARGS:
		return value_uint(ret, g->arg_count);
	case FIELD_PROC_CMDLENARGS:
		return value_uint(ret, program_args(programs(t), g).n);
	case FIELD_PROC_IS_EXE_WRITABLE:
		return value_bool(ret, g->exe_flags & EVENT_EXE_WRITABLE);
	case FIELD_PROC_IS_EXE_UPPER_LAYER:
		return value_bool(ret, g->exe_flags & EVENT_EXE_UPPER);
	case FIELD_PROC_IS_EXE_LOWER_LAYER:
		return value_bool(ret, g->exe_flags & EVENT_EXE_LOWER);
	case FIELD_PROC_IS_SCRIPT:
		return value_of_exec(g, EVENT_EXE_SCRIPT, ret);
	case FIELD_PROC_IS_STDIN_NETWORK:
		return value_of_exec(g, EVENT_EXE_INPUT_NETWORK, ret);
	case FIELD_PROC_IS_STDIN_UPPER_LAYER:
		return value_of_exec(g, EVENT_EXE_INPUT_UPPER, ret);
	case FIELD_PROC_IS_SCRIPT_UPPER_LAYER:
		return g->exe_flags & EVENT_EXE_SCRIPT_SEEN
			       ? value_bool(ret, g->exe_flags & EVENT_EXE_SCRIPT_UPPER)
			       : value_unknown(ret);
	case FIELD_PROC_IS_EXE_FROM_MEMFD:
		return value_bool(ret, g->exe_flags & EVENT_EXE_MEMFD);
	case FIELD_PROC_IS_EXE_DELETED:
		return value_bool(ret, g->exe_flags & EVENT_EXE_DELETED);
	case FIELD_PROC_IS_SETUID:
		return value_bool(ret, g->exe_flags & (EVENT_EXE_SETUID | EVENT_EXE_SETGID));
	case FIELD_PROC_EXE_INO:
		return g->exe_inode ? value_uint(ret, g->exe_inode) : value_absent(ret);
	case FIELD_PROC_EXE_INO_CTIME:
		return g->exe_ctime_ns ? value_int(ret, (int64_t)g->exe_ctime_ns)
				       : value_absent(ret);
	case FIELD_PROC_MD5:
		return get_hash(t, g, DIGEST_MD5, ret);
	case FIELD_PROC_SHA1:
		return get_hash(t, g, DIGEST_SHA1, ret);
	case FIELD_PROC_SHA256:
		return get_hash(t, g, DIGEST_SHA256, ret);
	case FIELD_PROC_SHA512:
		return get_hash(t, g, DIGEST_SHA512, ret);
	case FIELD_PROC_EXE_INO_MTIME:
		return g->exe_mtime_ns ? value_int(ret, (int64_t)g->exe_mtime_ns)
				       : value_absent(ret);
	default:
		return false;
	}
}

static bool get_of_event(const struct event_target *t, uint16_t field, struct policy_value *ret)
{
	const struct event *v = t->event;

	switch (field) {
	case FIELD_PROC_PID:
		return value_int(ret, v->task.pid);
	case FIELD_PROC_DURATION:
		return get_since(t, process_began(t, v->task), ret);
	case FIELD_PROC_PID_TS:
		return v->task.start_ns ? value_int(ret, process_began(t, v->task))
					: value_unknown(ret);
	case FIELD_THREAD_TID:
		return value_int(ret, v->tid ? v->tid : v->task.pid);
	case FIELD_PROC_NTHREADS:
		return v->threads ? value_uint(ret, v->threads) : value_unknown(ret);
	case FIELD_THREAD_ISMAIN:
		return value_bool(ret, !v->tid || v->tid == v->task.pid);
	case FIELD_THREAD_CGROUPS:
		return t->container ? value_string_opt(ret, t->container->cgroup_path)
				    : value_unknown(ret);
	case FIELD_USER_UID:
		return value_uint(ret, v->user);
	case FIELD_USER_NAME:
		return get_account(t, ACCOUNT_NAME, v->user, ret);
	case FIELD_GROUP_GID:
		return value_uint(ret, v->group);
	case FIELD_GROUP_NAME:
		return get_account(t, ACCOUNT_GROUP_NAME, v->group, ret);
	case FIELD_USER_HOMEDIR:
		return get_account(t, ACCOUNT_HOME, v->user, ret);
	case FIELD_USER_SHELL:
		return get_account(t, ACCOUNT_SHELL, v->user, ret);
	default:
		return false;
	}
}

bool process_fields_get(const struct event_target *t, const struct policy_ref *ref,
			struct policy_value *ret)
{
	switch (ref->field) {
	case FIELD_PROC_NAME:
		return get_text(t, program_comm, ret);
	case FIELD_PROC_EXE:
		return get_text(t, program_exe, ret);
	case FIELD_PROC_EXEPATH:
		return get_text(t, program_path, ret);
	case FIELD_PROC_CMDLINE:
		return get_text(t, program_cmdline, ret);
	case FIELD_PROC_ARGS:
		return get_text(t, program_args, ret);
	case FIELD_PROC_CWD:
		return get_cwd(t, ret);
	case FIELD_PROC_EXELINE:
		return get_exeline(t, ret);
	case FIELD_PROC_ENV:
		return get_environment(t, ref, ret);
	case FIELD_PROC_EXE_INO_CTIME_DURATION_PROC_START:
		return get_change_to_start(t, ret);
	case FIELD_PROC_EXE_INO_CTIME_DURATION_PIDNS_START:
		return get_container_start_to_change(t, ret);
	case FIELD_PROC_IS_CONTAINER_ENTRY:
		return get_container_entry(t, ret);
	case FIELD_PROC_IS_CONTAINER_HEALTHCHECK:
		return get_probe(t, PROBE_HEALTHCHECK, ret);
	case FIELD_PROC_IS_CONTAINER_LIVENESS_PROBE:
		return get_probe(t, PROBE_LIVENESS, ret);
	case FIELD_PROC_IS_CONTAINER_READINESS_PROBE:
		return get_probe(t, PROBE_READINESS, ret);
	default:
		break;
	}
	if (get_of_event(t, ref->field, ret) || lineage_fields_get(t, ref, ret))
		return true;
	/* A record without a number of its own namespace was made of a fork that said no more than who forked. */
	if (t->process && t->process->vpid && get_of_process(t, t->process, ref->field, ret))
		return true;
	if (t->program && !t->program->partial && get_of_program(t, t->program, ref->field, ret))
		return true;
	return ref->field >= FIELD_PROC_PID && ref->field <= FIELD_GROUP_NAME ? value_unknown(ret)
									      : false;
}

/* Each of these fields reads nothing else; a process without a number of its own has none of them known. */
bool process_fields_entry_origin(const struct event_target *t, struct policy_origin *ret)
{
	const struct process *p = t->process;
	bool entry = false;
	enum policy_state known;

	if (!p)
		return false;
	known = probe_is_entry(t->world->tree, p, t->container, &entry);
	ret->number = (uint64_t)p->tty << 32 | (uint64_t)(p->vpgid == p->vpid) << 4 |
		      (uint64_t)(p->vpid == 1) << 3 | (uint64_t)(p->vpid != 0) << 2 |
		      (uint64_t)entry << 1 | (known == POLICY_KNOWN);
	return true;
}

bool process_fields_origin(const struct event_target *t, struct policy_origin *ret)
{
	ret->number = t->program ? program_alike(t->program) : 0;
	return t->program;
}
