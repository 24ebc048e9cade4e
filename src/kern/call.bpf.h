/** @file
 * A system call that is about to return: who made it, with what arguments, how it ends; and what its descriptors lead to.
 *
 * Arguments are read from the registers the call was made with, which are still there; so one tracepoint a call is
 * enough. 32-bit calls have other numbers and are not seen (the kernel keeps tracepoints from them).
 */
#ifndef SKEP_KERN_CALL_BPF_H
#define SKEP_KERN_CALL_BPF_H

#include "kern/path.bpf.h"

struct syscall_exit { /* the tracepoint's record */
	__u64 common;
	long nr;
	long ret;
};

struct call {
	const struct control *c;
	struct task_struct *t;
	__u64 arg[6];
	long ret;
	__u32 zero;
	/* Of small fields on the stack that do not begin a word the verifier forgets the value, and does not follow each. */
	__u32 type; /* enum event_type */
};

/* Those the call was made with. */
static __always_inline struct pt_regs *call_registers(void)
{
	return (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
}

static __always_inline bool call_any(const struct pt_regs *regs, long ret, __u32 type)
{
	return true;
}

static __always_inline void call_arguments(struct call *k, const struct pt_regs *regs)
{
	k->arg[0] = regs->di;
	k->arg[1] = regs->si;
	k->arg[2] = regs->dx;
	k->arg[3] = regs->r10;
	k->arg[4] = regs->r8;
	k->arg[5] = regs->r9;
}

/* call_begin_bare() by who has the current task already; k->t is still trusted, see task_plain(). */
static __always_inline bool call_begin_by(struct call *k, struct task_struct *t, long ret,
					  __u32 type)
{
	k->c = control_get();
	if ((__u32)t->tgid == k->c->self_pid)
		return false;
	k->t = t;
	k->ret = ret;
	k->type = type;
	return true;
}

/* All but the arguments. @return false: not to be told */
static __always_inline bool call_begin_bare(struct call *k, long ret, __u32 type)
{
	if (!call_begin_by(k, (void *)bpf_get_current_task_btf(), ret, type))
		return false;
	k->t = task_plain(k->t);
	return true;
}

/* @return false: not to be told */
static __always_inline bool call_begin(struct call *k, const struct pt_regs *regs, long ret,
				       __u32 type)
{
	if (!call_begin_bare(k, ret, type))
		return false;
	call_arguments(k, regs);
	return true;
}

/* kernel_address() without asking for the task once more. */
static __always_inline __u64 call_address(const struct call *k, const void *p)
{
	return kernel_address_by(p, k->t, bpf_get_current_task());
}

#define NR_IO_URING_ENTER 426
#define TS_COMPAT 2

#define CALL_IO_URING (~0ull)

/*
 * The number of the call a task is in; what io_uring does has none, in the call that hands it work
 * or in a thread of its own.
 */
static __always_inline __u64 call_number(struct task_struct *t)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs((void *)t);
	__u64 number = regs->orig_ax;

	return t->flags & PF_IO_WORKER || number == NR_IO_URING_ENTER ? CALL_IO_URING : number;
}

static __always_inline bool call_is_io_uring(void)
{
	/* Asked for anew: what lay on the stack meanwhile is not trusted by every verifier. */
	return call_number((void *)bpf_get_current_task_btf()) == CALL_IO_URING;
}

/* Two ways to learn that a call returns. The tracepoint serves many calls with one program, but while there is one every
 * call of every process takes the kernel's slow path; a trampoline on the call's own function costs the others nothing. */
#define CALL_RETURNS(program, tell) CALL_RETURNS_IF(program, call_any, tell)
/* The same where most calls can be told to be of no interest by registers and result, before anything else is looked at. */
#define CALL_RETURNS_IF(program, is_wanted, tell) \
	SEC("tracepoint") int program(struct syscall_exit *ctx) \
	{ \
		const struct pt_regs *regs = call_registers(); \
		__u32 type = bpf_get_attach_cookie(ctx); \
		struct call k; \
\
		if (!is_wanted(regs, ctx->ret, type) || !call_begin(&k, regs, ctx->ret, type)) \
			return 0; \
		return tell(&k); \
	}

#ifdef __TARGET_ARCH_arm64
#define CALL_FUNCTION "__arm64_sys_"
#else
#define CALL_FUNCTION "__x64_sys_"
#endif
#define CALL_FEXIT(name, id, tell) CALL_FEXIT_IF(name, id, call_any, tell)
#define CALL_FEXIT_IF(name, id, is_wanted, tell) \
	SEC("fexit/" CALL_FUNCTION #name) \
	int BPF_PROG(sys_##name, const struct pt_regs *regs, long ret) \
	{ \
		struct call k; \
\
		if (!is_wanted(regs, ret, EVENT_##id) || !call_begin(&k, regs, ret, EVENT_##id)) \
			return 0; \
		return tell(&k); \
	}

/* The file behind a descriptor of the current process; 0: none. */
static __always_inline struct file *call_file(const struct call *k, int fd)
{
	struct fdtable *table = k->t->files->fdt;
	struct file *f = 0;

	if (fd < 0 || (__u32)fd >= table->max_fds)
		return 0;
	if (CAN_FOLLOW)
		return *(struct file **)WORDS(pt_regs, (__u64)table->fd + 8 * (__u32)fd);
	bpf_probe_read_kernel(&f, sizeof(f), &table->fd[fd]);
	return f;
}

/* As call_file(), by a pointer the verifier knows, so that it is followed without helpers; 0 where that cannot be. */
static __always_inline struct file *call_known_file(struct file *f)
{
	return f && CAN_FOLLOW ? FOLLOW(file, f) : 0;
}

/* Without the caller, whom emit_who() adds. */
static __always_inline struct record_head *call_blank(const struct call *k, struct emit *w,
						      __u32 parts)
{
	struct record_head *h = emit_blank(w, k->type, parts);

	h->res = k->ret;
	return h;
}

static __always_inline struct record_head *call_head(const struct call *k, struct emit *w,
						     __u32 parts)
{
	struct record_head *h = emit_head(w, k->c, k->t, k->type, parts);

	h->res = k->ret;
	return h;
}

static __always_inline __u32 emit_file_path(const struct call *k, struct emit *w, struct file *f)
{
	return emit_path(w, k->t->fs, (__u64)READ_WORD(file, f, f_path.mnt),
			 (__u64)READ_WORD(file, f, f_path.dentry));
}

/*
 * Appends a path as the program gave it, below the folder it is relative to: dirfd's, or the working directory.
 *
 * @param ret_raw  how many bytes at the end are the program's own
 * @return all bytes
 */
static __always_inline __u32 emit_path_at(const struct call *k, struct emit *w, int dirfd,
					  const void *user, __u32 *ret_raw)
{
	struct fs_struct *fs = k->t->fs;
	__u32 begin = w->s->at, at;
	struct file *dir;
	char first = 0;
	long n;

	*ret_raw = 0;
	bpf_probe_read_user(&first, 1, user);
	if (first != '/') {
		if (dirfd == AT_FDCWD) {
			emit_path(w, fs, kernel_address(fs->pwd.mnt),
				  kernel_address(fs->pwd.dentry));
		} else {
			dir = call_file(k, dirfd);
			if (dir)
				emit_file_path(k, w, dir);
		}
		at = w->s->at;
		if (!first || at > EMIT_FIXED_MAX + 4 * RECORD_PATH_MAX)
			return at - begin;
		w->s->record[at] = '/';
		w->s->at = at + 1;
	}
	at = w->s->at;
	if (at > EMIT_FIXED_MAX + 4 * RECORD_PATH_MAX)
		return 0;
	n = bpf_probe_read_user_str(w->s->record + at, RECORD_PATH_MAX, user);
	if (n < 1) {
		emit_record(w)->marks |= EVENT_TRUNCATED;
		return w->s->at - begin;
	}
	n = (n - 1) & (RECORD_PATH_MAX - 1);
	w->s->at = at + n;
	*ret_raw = n;
	emit_record(w)->marks |= EVENT_RACY;
	return w->s->at - begin;
}

/* A path that an emit_path_at() before has put at the end of [.., end): its own part once more, as RAW. */
static __always_inline void emit_raw_again(struct emit *w, enum record_span span, __u32 end,
					   __u32 n)
{
	__u32 from = end - n;

	if (from > EMIT_FIXED_MAX + 4 * RECORD_PATH_MAX)
		return;
	emit_text(w, span, w->s->record + from, n);
}

#endif
