// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Files by system call: opens, and the calls that name one or two paths.
 *
 * A successful open's path is the opened file's own. Other calls have only what the program gave: it is put below the
 * folder it is relative to and marked as racy; links in it are not followed.
 */
#include "kern/call.bpf.h"
#include "kern/describe.bpf.h"
#include "kern/judge.bpf.h"

#define CREATES (O_CREAT | 020000000) /* or O_TMPFILE: the mode counts */

struct open_args {
	int dirfd;
	const void *path;
	__u64 flags;
	__u32 mode;
};

static __always_inline void open_arguments(const struct call *k, struct open_args *o)
{
	__u64 how[2] = { 0, 0 };

	o->dirfd = AT_FDCWD;
	switch (k->type) {
	case EVENT_OPEN:
		o->path = (void *)k->arg[0];
		o->flags = (__u32)k->arg[1];
		o->mode = k->arg[2];
		break;
	case EVENT_CREAT:
		o->path = (void *)k->arg[0];
		o->flags = O_CREAT | O_WRONLY | O_TRUNC;
		o->mode = k->arg[1];
		break;
	case EVENT_OPENAT2:
		bpf_probe_read_user(how, sizeof(how), (void *)k->arg[2]);
		o->dirfd = k->arg[0];
		o->path = (void *)k->arg[1];
		o->flags = how[0];
		o->mode = how[1];
		break;
	case EVENT_OPEN_BY_HANDLE_AT:
		o->path = 0;
		o->flags = (__u32)k->arg[2];
		o->mode = 0;
		break;
	default:
		o->dirfd = k->arg[0];
		o->path = (void *)k->arg[1];
		o->flags = (__u32)k->arg[2];
		o->mode = k->arg[3];
	}
	if (!(o->flags & CREATES))
		o->mode = 0;
}

/* @param judged  the filter has seen the file already */
static __noinline int tell_open(const struct call *k, struct file *file, bool judged)
{
	struct record_head *h;
	struct open_args o;
	struct record_fd *f;
	struct emit w;
	__u32 raw = 0, fact;

	open_arguments(k, &o);
	if (!emit_begin(&w))
		return 0;
	h = call_blank(k, &w, RECORD_FD);
	f = emit_part(&w, 0);
	h->flags = o.flags;
	h->mode = o.mode;
	f->number = k->ret < 0 ? -1 : k->ret;
	f->kind = 'f';
	if (file)
		h->span[RECORD_PATH] = emit_file_path(k, &w, file);
	else if (o.path)
		h->span[RECORD_PATH] = emit_path_at(k, &w, o.dirfd, o.path, &raw);
	if (!judged) {
		fact = filter_open_fact(o.flags, o.mode);
		if (file && !is_in_upper_layer(file))
			fact |= JUDGE_LOWER;
		if (file && !judge_climbs((__u64)o.path))
			fact |= JUDGE_STRAIGHT;
		if (!judge_emit(&w, fact))
			return 0;
	}
	if (file) {
		describe_opened(f, file);
		if (o.path)
			emit_user_string(&w, RECORD_RAW, o.path);
		h->marks &= ~EVENT_RACY; /* raw is said to be what the program gave */
	} else if (o.path) {
		emit_raw_again(&w, RECORD_RAW, w.s->at, raw);
	}
	return judge_send(k, &w);
}

/* What the filter asks of an open: most need no more of its arguments. */
struct open_question {
	__u32 fact;
	__u64 given; /* where the program has the path; 0: there is none */
};

static __always_inline void open_ask(struct open_question *q, __u32 type)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs((void *)bpf_get_current_task_btf());
	__u64 how[2] = { 0, 0 };
	__u32 flags, mode = 0;

	q->given = regs->si;
	switch (type) {
	case EVENT_OPEN:
		q->given = regs->di;
		flags = regs->si;
		if (flags & CREATES)
			mode = regs->dx;
		break;
	case EVENT_CREAT:
		q->given = regs->di;
		flags = O_CREAT | O_WRONLY | O_TRUNC;
		mode = regs->si;
		break;
	case EVENT_OPENAT2:
		bpf_probe_read_user(how, sizeof(how), (void *)regs->dx);
		flags = how[0];
		if (flags & CREATES)
			mode = how[1];
		break;
	case EVENT_OPEN_BY_HANDLE_AT:
		q->given = 0;
		flags = regs->dx;
		break;
	default:
		flags = regs->dx;
		if (flags & CREATES)
			mode = regs->r10;
	}
	q->fact = filter_open_fact(flags, mode);
}

/* @param k  without arguments */
static __always_inline int judge_open(struct call *k)
{
	struct open_question q;
	struct file *file;
	bool known;

	if (k->ret < 0 && !k->c->failed_opens)
		return 0;
	file = k->ret < 0 ? 0 : call_file(k, k->ret);
	known = CAN_FOLLOW && file;
	if (known) {
		open_ask(&q, k->type);
		if (!judge_file(k, (void *)bpf_get_current_task_btf(), q.fact, file, (__u64)file,
				q.given))
			return 0;
	}
	call_arguments(k, call_registers());
	return tell_open(k, file, known);
}

SEC("tracepoint")
int on_open(struct syscall_exit *ctx)
{
	struct call k;

	return call_begin_bare(&k, ctx->ret, bpf_get_attach_cookie(ctx)) ? judge_open(&k) : 0;
}

/* Which call opens; EVENT_TYPE_COUNT: none that is told, as when the kernel opens something for itself. */
static __always_inline __u32 opening_call(struct task_struct *t)
{
	__u64 number = call_number(t);

	if (number == CALL_IO_URING || t->thread_info.status & TS_COMPAT)
		return EVENT_OPENAT;
	switch (number) {
	case 2:
		return EVENT_OPEN;
	case 85:
		return EVENT_CREAT;
	case 257:
		return EVENT_OPENAT;
	case 437:
		return EVENT_OPENAT2;
	default:
		return EVENT_TYPE_COUNT;
	}
}

/* Nothing here is the program's to change: the file is the one opened, name and flags are the kernel's own copies. */
static __noinline int tell_opened(struct call *k, struct file *file, struct filename *name,
				  const struct open_flags *op)
{
	bool io_uring = call_is_io_uring();
	struct record_head *h;
	struct record_fd *f;
	struct open_args o;
	struct emit w;

	if (!emit_begin(&w))
		return 0;
	h = call_head(k, &w, RECORD_FD);
	f = emit_part(&w, 0);
	if (io_uring)
		h->marks |= EVENT_IO_URING;
	h->flags = op->open_flag & ~O_LARGEFILE;
	if (!io_uring) { /* what concerns the descriptor alone has been taken out */
		call_arguments(k, call_registers());
		open_arguments(k, &o);
		h->flags |= o.flags & O_CLOEXEC;
	}
	h->mode = op->mode & 07777;
	f->number = k->ret;
	f->kind = 'f';
	describe_opened(f, file);
	h->span[RECORD_PATH] = emit_file_path(k, &w, file);
	h->span[RECORD_RAW] = emit_kernel_string(&w, name->name);
	emit_send_bulk(&w, k->c);
	return 0;
}

/*
 * Every open of a name, by system call or io_uring. The descriptor is reserved by now and used right after: it is the
 * last one that was given out.
 */
SEC("fexit/do_filp_open")
int BPF_PROG(on_filp_open, int dirfd, struct filename *name, const struct open_flags *op,
	     struct file *file)
{
	struct task_struct *t = (void *)bpf_get_current_task_btf();
	__u32 flags = op->open_flag;
	struct call k;
	__s64 ret;

	if (flags & FMODE_EXEC || !call_begin_by(&k, t, 0, opening_call(t)) ||
	    k.type == EVENT_TYPE_COUNT)
		return 0;
	ret = call_address(&k, file);
	if (ret < 0 && ret >= ERRNO_LEAST) {
		k.ret = ret;
		if (!k.c->failed_opens || call_is_io_uring() || t->thread_info.status & TS_COMPAT)
			return 0;
		k.t = task_plain(t);
		call_arguments(&k, call_registers());
		return tell_open(&k, 0, false);
	}
	if (!judge_file(&k, t, filter_open_fact(flags, flags & CREATES ? op->mode : 0), file, ret,
			kernel_address_by(name, file, ret)))
		return 0;
	k.t = task_plain(t);
	k.ret = k.t->files->next_fd - 1;
	return tell_opened(&k, file, name, op);
}

struct path_args {
	int dirfd, fd; /* fd: -1: none, the path is given by name */
	const void *path, *text;
	__u64 flags;
	__u32 mode;
	__s64 arg[2];
};

static __always_inline void by_name(struct path_args *p, int dirfd, __u64 path)
{
	p->dirfd = dirfd;
	p->path = (void *)path;
}

static __always_inline void owner(struct path_args *p, const __u64 *arg)
{
	p->arg[0] = (int)arg[0];
	p->arg[1] = (int)arg[1];
}

static __always_inline void path_arguments(const struct call *k, struct path_args *p)
{
	const __u64 *a = k->arg;

	p->fd = -1;
	switch (k->type) {
	case EVENT_UNLINKAT:
		by_name(p, a[0], a[1]);
		p->flags = (__u32)a[2];
		break;
	case EVENT_MKDIR:
	case EVENT_CHMOD:
		by_name(p, AT_FDCWD, a[0]);
		p->mode = a[1];
		break;
	case EVENT_MKDIRAT:
	case EVENT_FCHMODAT:
	case EVENT_FCHMODAT2:
		by_name(p, a[0], a[1]);
		p->mode = a[2];
		p->flags = k->type == EVENT_FCHMODAT2 ? (__u32)a[3] : 0;
		break;
	case EVENT_MKNOD:
		by_name(p, AT_FDCWD, a[0]);
		p->mode = a[1];
		p->arg[0] = a[2];
		break;
	case EVENT_MKNODAT:
		by_name(p, a[0], a[1]);
		p->mode = a[2];
		p->arg[0] = a[3];
		break;
	case EVENT_FCHMOD:
		p->fd = a[0];
		p->mode = a[1];
		break;
	case EVENT_CHOWN:
	case EVENT_LCHOWN:
		by_name(p, AT_FDCWD, a[0]);
		owner(p, a + 1);
		break;
	case EVENT_FCHOWN:
		p->fd = a[0];
		owner(p, a + 1);
		break;
	case EVENT_FCHOWNAT:
		by_name(p, a[0], a[1]);
		owner(p, a + 2);
		p->flags = (__u32)a[4];
		break;
	case EVENT_TRUNCATE:
		by_name(p, AT_FDCWD, a[0]);
		p->arg[0] = a[1];
		break;
	case EVENT_FTRUNCATE:
		p->fd = a[0];
		p->arg[0] = a[1];
		break;
	case EVENT_SETXATTR:
	case EVENT_LSETXATTR:
		by_name(p, AT_FDCWD, a[0]);
		p->text = (void *)a[1];
		break;
	case EVENT_FSETXATTR:
		p->fd = a[0];
		p->text = (void *)a[1];
		break;
	default: /* unlink, rmdir, chroot */
		by_name(p, AT_FDCWD, a[0]);
	}
}

/* Calls about one path. */
static __noinline int tell_path(struct call *k)
{
	struct path_args p = { 0 };
	struct record_args *a;
	struct record_head *h;
	struct file *file = 0;
	struct emit w;
	__u32 raw = 0;

	path_arguments(k, &p);
	if ((p.path && !judge_call_paths(k, p.path, 0)) || !emit_begin(&w))
		return 0;
	h = call_blank(k, &w, RECORD_ARGS | RECORD_FD);
	a = emit_part(&w, 0);
	((struct record_fd *)emit_part(&w, RECORD_ARGS))->number = p.fd;
	h->flags = p.flags;
	h->mode = p.mode;
	a->arg[0] = p.arg[0];
	a->arg[1] = p.arg[1];
	if (p.fd >= 0)
		file = call_file(k, p.fd);
	if (file)
		h->span[RECORD_PATH] = emit_file_path(k, &w, file);
	else if (p.path)
		h->span[RECORD_PATH] = emit_path_at(k, &w, p.dirfd, p.path, &raw);
	if (!judge_emit(&w, FILTER_ANY_FACT))
		return 0;
	if (file)
		describe_inode(emit_part(&w, RECORD_ARGS), file);
	else if (p.path)
		emit_raw_again(&w, RECORD_RAW, w.s->at, raw);
	if (p.text)
		emit_user_string(&w, RECORD_TEXT, p.text);
	return judge_send(k, &w);
}
CALL_RETURNS(on_path, tell_path)

struct pair_args {
	int dirfd[2];
	const void *path[2];
	__u64 flags;
};

static __always_inline void pair_arguments(const struct call *k, struct pair_args *p)
{
	const __u64 *a = k->arg;

	p->dirfd[0] = p->dirfd[1] = AT_FDCWD;
	switch (k->type) {
	case EVENT_RENAMEAT:
	case EVENT_RENAMEAT2:
	case EVENT_LINKAT:
		p->dirfd[0] = a[0];
		p->path[0] = (void *)a[1];
		p->dirfd[1] = a[2];
		p->path[1] = (void *)a[3];
		p->flags = k->type == EVENT_RENAMEAT ? 0 : (__u32)a[4];
		break;
	case EVENT_MOVE_MOUNT: /* the target is the path, the source the second */
		p->dirfd[0] = a[2];
		p->path[0] = (void *)a[3];
		p->dirfd[1] = a[0];
		p->path[1] = (void *)a[1];
		p->flags = (__u32)a[4];
		break;
	case EVENT_SYMLINKAT:
		p->path[0] = (void *)a[0];
		p->dirfd[1] = a[1];
		p->path[1] = (void *)a[2];
		break;
	default: /* rename, link, symlink, pivot_root */
		p->path[0] = (void *)a[0];
		p->path[1] = (void *)a[1];
	}
}

/* Calls about two paths. */
static __noinline int tell_paths(struct call *k)
{
	bool symlink = k->type == EVENT_SYMLINK || k->type == EVENT_SYMLINKAT;
	struct pair_args p = { 0 };
	__u32 raw[2] = { 0, 0 }, end[2], n;
	struct record_head *h;
	struct emit w;

	pair_arguments(k, &p);
	if ((!symlink && !judge_call_paths(k, p.path[0], p.path[1])) || !emit_begin(&w))
		return 0;
	h = call_blank(k, &w, 0);
	h->flags = p.flags;
	if (symlink) {
		emit_user_string(&w, RECORD_PATH, p.path[0]);
		raw[0] = h->span[RECORD_PATH] & (RECORD_PATH_MAX - 1);
	} else {
		h->span[RECORD_PATH] = emit_path_at(k, &w, p.dirfd[0], p.path[0], &raw[0]);
	}
	end[0] = w.s->at;
	h->span[RECORD_PATH2] = emit_path_at(k, &w, p.dirfd[1], p.path[1], &raw[1]);
	end[1] = w.s->at;
	if (!judge_emit(&w, FILTER_ANY_FACT))
		return 0;
	n = raw[0];
	emit_raw_again(&w, RECORD_RAW, end[0], n);
	n = raw[1];
	emit_raw_again(&w, RECORD_RAW2, end[1], n);
	return judge_send(k, &w);
}
CALL_RETURNS(on_paths, tell_paths)

/* clang-format off */
CALL_FEXIT(open_by_handle_at, OPEN_BY_HANDLE_AT, judge_open)
CALL_FEXIT(unlink, UNLINK, tell_path)
CALL_FEXIT(unlinkat, UNLINKAT, tell_path)
CALL_FEXIT(rmdir, RMDIR, tell_path)
CALL_FEXIT(mkdir, MKDIR, tell_path)
CALL_FEXIT(mkdirat, MKDIRAT, tell_path)
CALL_FEXIT(mknod, MKNOD, tell_path)
CALL_FEXIT(mknodat, MKNODAT, tell_path)
CALL_FEXIT(chmod, CHMOD, tell_path)
CALL_FEXIT(fchmod, FCHMOD, tell_path)
CALL_FEXIT(fchmodat, FCHMODAT, tell_path)
CALL_FEXIT(fchmodat2, FCHMODAT2, tell_path)
CALL_FEXIT(chown, CHOWN, tell_path)
CALL_FEXIT(fchown, FCHOWN, tell_path)
CALL_FEXIT(lchown, LCHOWN, tell_path)
CALL_FEXIT(fchownat, FCHOWNAT, tell_path)
CALL_FEXIT(truncate, TRUNCATE, tell_path)
CALL_FEXIT(ftruncate, FTRUNCATE, tell_path)
CALL_FEXIT(setxattr, SETXATTR, tell_path)
CALL_FEXIT(lsetxattr, LSETXATTR, tell_path)
CALL_FEXIT(fsetxattr, FSETXATTR, tell_path)
CALL_FEXIT(chroot, CHROOT, tell_path)
CALL_FEXIT(rename, RENAME, tell_paths)
CALL_FEXIT(renameat, RENAMEAT, tell_paths)
CALL_FEXIT(renameat2, RENAMEAT2, tell_paths)
CALL_FEXIT(link, LINK, tell_paths)
CALL_FEXIT(linkat, LINKAT, tell_paths)
CALL_FEXIT(symlink, SYMLINK, tell_paths)
CALL_FEXIT(symlinkat, SYMLINKAT, tell_paths)
CALL_FEXIT(move_mount, MOVE_MOUNT, tell_paths)
CALL_FEXIT(pivot_root, PIVOT_ROOT, tell_paths)
/* clang-format on */
