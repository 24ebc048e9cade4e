// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Processes and control groups: exec, fork, exit, cgroup made and removed, to the ring of state. And the task iterator
 * that tells what runs already.
 */
#include "kern/describe.bpf.h"
#include "kern/name.bpf.h"
#include "kern/task.bpf.h"

/* Of no use here: the agent's notes for its successor. At 0 its build, at 1 + row the link's id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} links SEC(".maps");

#define NR_EXECVE 59
#define NR_EXECVEAT 322
#define NR_CLONE 56
#define NR_FORK 57
#define NR_VFORK 58
#define NR_CLONE3 435

/* Records with long arguments are built in the ring itself: a scratch slot for each processor would cost too much. */
#define BIG_HEAD (EMIT_FIXED_MAX + 2 * RECORD_PATH_MAX)
#define BIG_BYTES (BIG_HEAD + RECORD_ARGS_MAX + RECORD_ENV_MAX + RECORD_PATH_MAX + 8)
#define SMALL_ARGS (2 * RECORD_PATH_MAX)

static __always_inline __u32 user_bytes(struct emit *w, __u64 from, __u64 to, __u32 most)
{
	__u64 n = to - from;
	__u32 at = w->s->at;

	if (to <= from || !from)
		return 0;
	if (n > most) {
		n = most;
		emit_record(w)->marks |= EVENT_TRUNCATED;
	}
	if (n > SMALL_ARGS || at > sizeof(w->s->record) - SMALL_ARGS)
		return 0;
	if (bpf_probe_read_user(w->s->record + at, n, (void *)from)) {
		emit_record(w)->marks |= EVENT_TRUNCATED;
		cgroup_lost(emit_record(w)->cgroup_id, CONTROL_LOST_READ);
		return 0;
	}
	w->s->at = at + n;
	return n;
}

/* The head and the exec part of @p t with exe path; args, env and cwd are still to come. */
static __always_inline struct record_exec *exec_begin(struct emit *w, const struct control *c,
						      struct task_struct *t, enum event_type type,
						      const char *filename)
{
	struct record_exec *x = emit_part(w, 0);
	struct file *exe;

	emit_head(w, c, t, type, RECORD_EXEC);
	task_facts(x, t);
	if (filename)
		emit_record(w)->span[RECORD_RAW] = emit_kernel_string(w, filename);
	exe = t->mm ? t->mm->exe_file : 0;
	if (exe) {
		task_exe_facts(x, t->cred, exe);
		x->span[RECORD_EXE] = emit_path(w, t->fs, kernel_address(exe->f_path.mnt),
						kernel_address(exe->f_path.dentry));
	}
	return x;
}

static __always_inline void emit_cwd(struct emit *w, struct record_exec *x, struct task_struct *t)
{
	struct fs_struct *fs = t->fs;

	if (fs)
		x->span[RECORD_CWD] = emit_path(w, fs, kernel_address(fs->pwd.mnt),
						kernel_address(fs->pwd.dentry));
}

/* Sends a record whose args or env are longer than scratch holds. What it takes too much of the ring is soon given back. */
static __always_inline bool send_big(struct emit *w, struct record_exec *x, struct task_struct *t,
				     __u32 args, __u32 env)
{
	__u32 head = w->s->at, cwd, n;
	__u8 *big = bpf_ringbuf_reserve(&state_ring, BIG_BYTES, 0);

	if (!big)
		return false;
	if (args > RECORD_ARGS_MAX || env > RECORD_ENV_MAX || head > BIG_HEAD)
		goto out;
	if (bpf_probe_read_user(big + head, args, (void *)t->mm->arg_start))
		args = 0;
	if (env && bpf_probe_read_user(big + head + args, env, (void *)t->mm->env_start))
		env = 0;
	x->span[RECORD_EXEC_ARGS] = args;
	x->span[RECORD_ENV] = env;
	emit_cwd(w, x, t);
	cwd = w->s->at - head;
	if (cwd > RECORD_PATH_MAX || head > BIG_HEAD)
		goto out;
	bpf_probe_read_kernel(big + head + args + env, cwd, w->s->record + head);
	n = (head + args + env + cwd + 7) & ~7u;
	emit_record(w)->bytes = n;
	bpf_probe_read_kernel(big, head, w->s->record);
	bpf_ringbuf_submit(big, wake_flags());
	return true;
out:
	bpf_ringbuf_discard(big, BPF_RB_NO_WAKEUP);
	return false;
}

/* What has been let go of in an exec; among more the script is not looked for. */
#define WORKS_MAX 32

/* Of what may be no file at all. */
static __always_inline bool was_opened_to_run(struct file *file)
{
	struct inode *i = BPF_CORE_READ(file, f_inode);

	return i && BPF_CORE_READ(file, f_path.dentry, d_inode) == i &&
	       BPF_CORE_READ(file, f_flags) & FMODE_EXEC;
}

struct work_walk {
	struct callback_head *work;
	struct file *script;
};

static long work_step(__u32 i, void *ctx)
{
	struct work_walk *w = ctx;
	struct callback_head *work = w->work;
	struct file *file = (void *)work - bpf_core_field_offset(struct file, f_llist);

	if (!work)
		return 1;
	if (was_opened_to_run(file))
		w->script = file;
	w->work = BPF_CORE_READ(work, next);
	return 0;
}

/*
 * Of the caller, whose exec has just handed a script to its interpreter: what the script's file is. The kernel has let go of that
 * file by now, but closes it on the way back to the program only: till then it hangs among the task's works. It was the first to
 * be let go of, so it is the last of its kind there; what the old program leaves behind comes before it.
 *
 * Not static, so that the verifier looks at it once.
 *
 * @return EVENT_EXE_SCRIPT_*; 0: not found
 */
__noinline __attribute__((unused)) __u32 exec_script(void)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct work_walk w = { BPF_CORE_READ(t, task_works), 0 };
	struct file *script;
	struct inode *i;

	bpf_loop(WORKS_MAX, work_step, &w, 0);
	script = w.script;
	if (w.work || !script)
		return 0;
	i = BPF_CORE_READ(script, f_inode);
	if (overlay_flag(i, BPF_CORE_READ(i, i_sb, s_magic)) == EVENT_FILE_UPPER)
		return EVENT_EXE_SCRIPT_SEEN | EVENT_EXE_SCRIPT_UPPER;
	return EVENT_EXE_SCRIPT_SEEN;
}

/*
 * Of the caller, whose program begins: what that will read. Not static, so that the verifier looks at it once.
 *
 * @return EVENT_EXE_INPUT_*; 0: anything else
 */
__noinline __attribute__((unused)) __u32 exec_input(void)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct record_fd f = { 0 };
	struct file *file = 0;
	struct inode *i;
	struct sock *sk;

	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(t, files, fdt, fd));
	i = file ? BPF_CORE_READ(file, f_inode) : 0;
	if (!i)
		return 0;
	/* One without a name is how shells hold a here-document. */
	if ((BPF_CORE_READ(i, i_mode) & S_IFMT) == S_IFREG && BPF_CORE_READ(i, i_nlink) &&
	    overlay_flag(i, BPF_CORE_READ(i, i_sb, s_magic)) == EVENT_FILE_UPPER)
		return EVENT_EXE_INPUT_UPPER;
	sk = file_sock(file);
	if (!sk)
		return 0;
	describe_sock(&f, sk);
	/* A socket that listens, which has no far end, is what FastCGI's programs are given. One that the far end has shut is still read. */
	return f.kind == 'o' && f.remote_port ? EVENT_EXE_INPUT_NETWORK : 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *t, int old_pid, struct linux_binprm *bprm)
{
	const struct control *c = control_get();
	struct record_exec *x;
	struct pt_regs *regs;
	__u64 args, env = 0;
	struct emit w;

	if ((__u32)t->tgid == c->self_pid || !emit_begin(&w))
		return 0;
	regs = (void *)bpf_task_pt_regs(t);
	t = task_plain(t);
	x = exec_begin(&w, c, t,
		       bprm->fdpath || regs->orig_ax == NR_EXECVEAT ? EVENT_EXECVEAT : EVENT_EXECVE,
		       bprm->filename);
	x->exe_flags |= bprm->interp == bprm->filename ? EVENT_EXE_SCRIPT_SEEN
						       : EVENT_EXE_SCRIPT | exec_script();
	x->exe_flags |= exec_input();
	args = t->mm->arg_end - t->mm->arg_start;
	if (c->env)
		env = t->mm->env_end - t->mm->env_start;
	if (args <= SMALL_ARGS && env <= SMALL_ARGS) {
		x->span[RECORD_EXEC_ARGS] =
			user_bytes(&w, t->mm->arg_start, t->mm->arg_end, SMALL_ARGS);
		if (c->env)
			x->span[RECORD_ENV] =
				user_bytes(&w, t->mm->env_start, t->mm->env_end, SMALL_ARGS);
		emit_cwd(&w, x, t);
		emit_send_state(&w, c);
		return 0;
	}
	emit_wanted(&w, c);
	if (args > RECORD_ARGS_MAX) {
		args = RECORD_ARGS_MAX;
		emit_record(&w)->marks |= EVENT_TRUNCATED;
	}
	if (env > RECORD_ENV_MAX) {
		env = RECORD_ENV_MAX;
		emit_record(&w)->marks |= EVENT_TRUNCATED;
	}
	if (!send_big(&w, x, t, args, env))
		cgroup_lost(emit_record(&w)->cgroup_id, CONTROL_LOST_STATE);
	emit_drop(&w);
	return 0;
}

static __always_inline enum event_type fork_type(struct task_struct *t, struct record_head *h)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(t);

	if (t->flags & PF_KTHREAD)
		return EVENT_FORK;
	switch (regs->orig_ax) {
	case NR_CLONE:
		h->flags = regs->di;
		return EVENT_CLONE;
	case NR_CLONE3:
		bpf_probe_read_user(&h->flags, sizeof(h->flags), (void *)regs->di);
		return EVENT_CLONE3;
	case NR_VFORK:
		return EVENT_VFORK;
	default:
		return EVENT_FORK;
	}
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	const struct control *c = control_get();
	struct record_head *h;
	struct record_args *a;
	struct emit w;

	if (child->tgid != child->pid || !emit_begin(&w))
		return 0; /* a thread changes nothing that rules speak of */
	h = emit_head(&w, c, task_plain(child), EVENT_FORK, RECORD_ARGS | RECORD_EXEC);
	h->type = fork_type(parent, h);
	h->res = child->pid;
	a = emit_part(&w, 0);
	a->arg[0] = parent->tgid;
	a->arg[1] = parent->group_leader->start_boottime;
	task_facts(emit_part(&w, RECORD_ARGS), task_plain(child));
	emit_send_state(&w, c);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *t)
{
	const struct control *c = control_get();
	struct signal_struct *sig;
	struct record_head *h;
	struct emit w;

	t = task_plain(t);
	sig = t->signal;
	if (sig->live.counter || !emit_begin(&w))
		return 0;
	h = emit_head(&w, c, t, EVENT_PROCEXIT, 0);
	h->res = sig->flags & SIGNAL_GROUP_EXIT ? sig->group_exit_code : t->group_leader->exit_code;
	emit_send_state(&w, c);
	return 0;
}

/* Tells nothing. An exec gives a name, too, and tells of it; threads of the kernel make no calls. */
SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *t, const char *comm)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
	__u64 number = regs->orig_ax;

	if (t->pid != t->tgid || t->flags & PF_KTHREAD || number == NR_EXECVE ||
	    number == NR_EXECVEAT || name_keep(t))
		return 0;
	control.names = 0;
	return 0;
}

static __always_inline bool cgroup_followed(const struct control *c, struct cgroup *g)
{
	return g->root->hierarchy_id == c->hierarchy_id;
}

static __always_inline int on_cgroup(struct cgroup *g, const char *path, enum event_type type)
{
	const struct control *c = control_get();
	struct task_struct *t = task_plain((void *)bpf_get_current_task_btf());
	struct record_args *a;
	struct record_head *h;
	struct emit w;

	g = cgroup_plain(g);
	if (!cgroup_followed(c, g) || !emit_begin(&w))
		return 0;
	h = emit_head(&w, c, t, type, RECORD_ARGS);
	h->cgroup_id = g->kn->id;
	a = emit_part(&w, 0);
	a->arg[0] = g->root->hierarchy_id;
	h->span[RECORD_PATH] = emit_kernel_string(&w, path);
	emit_send_state(&w, c);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *g, const char *path)
{
	return on_cgroup(g, path, EVENT_CGROUP_MKDIR);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *g, const char *path)
{
	return on_cgroup(g, path, EVENT_CGROUP_RMDIR);
}

/* One record for each process, written to whoever reads the iterator. */
SEC("iter.s/task")
int on_snapshot(struct bpf_iter__task *ctx)
{
	const struct control *c = control_get();
	struct task_struct *trusted = ctx->task, *t;
	struct record_exec *x;
	struct emit w;
	__u64 args, comm[2];
	__u32 at;

	if (!trusted)
		return 0;
	t = task_plain(trusted);
	if (t->pid != t->tgid || t->flags & PF_KTHREAD || !emit_begin(&w))
		return 0;
	x = exec_begin(&w, c, t, EVENT_EXECVE, 0);
	emit_record(&w)->marks |= EVENT_REPLAYED;
	emit_record(&w)->time_ns = t->start_boottime;
	if (name_get(trusted, comm))
		__builtin_memcpy(x->comm, comm, sizeof(comm));
	at = w.s->at;
	args = t->mm ? t->mm->arg_end - t->mm->arg_start : 0;
	if (args > SMALL_ARGS) {
		args = SMALL_ARGS;
		emit_record(&w)->marks |= EVENT_TRUNCATED;
	}
	if (args && at <= sizeof(w.s->record) - SMALL_ARGS) {
		if (bpf_copy_from_user_task(w.s->record + at, args, (void *)t->mm->arg_start,
					    (void *)trusted, 0) == 0) {
			x->span[RECORD_EXEC_ARGS] = args;
			w.s->at = at + args;
		}
	}
	emit_cwd(&w, x, t);
	at = emit_close(&w);
	bpf_seq_write(ctx->meta->seq, w.s->record, at);
	emit_drop(&w);
	return 0;
}
