// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What io_uring does instead of system calls, where no hook on the objects themselves sees it: requests told when they
 * are done (open, connect, accept: the kernel's own file and socket) or when they are taken (names, as the kernel copied
 * them). Events have the names of the system calls and the mark EVENT_IO_URING.
 */
#include "kern/describe.bpf.h"
#include "kern/judge.bpf.h"

enum {
	OP_ACCEPT = 13,
	OP_CONNECT = 16,
	OP_OPENAT = 18,
	OP_OPENAT2 = 28,
	OP_RENAMEAT = 35,
	OP_UNLINKAT = 36,
	OP_MKDIRAT = 37,
	OP_SYMLINKAT = 38,
	OP_LINKAT = 39,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct io_cqe {
	int res;
};
struct io_kiocb {
	struct file *file;
	__u8 opcode;
	struct io_cqe cqe;
};
struct open_how {
	__u64 flags, mode;
};
struct io_open {
	struct open_how how;
};
struct io_unlink {
	int dfd, flags;
	struct filename *filename;
};
struct io_mkdir {
	int dfd;
	unsigned short mode;
	struct filename *filename;
};
struct io_rename {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};
struct io_link {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};
#pragma clang attribute pop

static __always_inline bool uring_begin(struct call *k)
{
	k->c = control_get();
	k->t = task_plain((void *)bpf_get_current_task_btf());
	return (__u32)k->t->tgid != k->c->self_pid;
}

/* Calls of their own: beside what judges, their frames have no room (the kernel allows 512 bytes for all at work). */
static __noinline int uring_tell_opened(struct call *k, struct file *file, __u64 flags, __u32 mode)
{
	struct record_head *h;
	struct record_fd *f;
	struct emit w;

	if (!emit_begin(&w))
		return 0;
	h = call_head(k, &w, RECORD_FD);
	h->marks = EVENT_IO_URING;
	h->flags = flags;
	h->mode = mode;
	f = emit_part(&w, 0);
	f->number = k->ret;
	describe_opened(f, file);
	h->span[RECORD_PATH] = emit_file_path(k, &w, file);
	emit_send_bulk(&w, k->c);
	return 0;
}

static __always_inline int uring_tell_open(struct call *k, void *cmd)
{
	struct io_open *o = cmd;
	__u64 flags = BPF_CORE_READ(o, how.flags);
	__u32 mode = BPF_CORE_READ(o, how.mode);
	struct file *file = call_file(k, k->ret);

	/* Without a name a failed open says nothing. */
	if (k->ret < 0 || !file ||
	    (CAN_FOLLOW && !judge_file(k, (void *)bpf_get_current_task_btf(),
				       filter_open_fact(flags, mode), file, (__u64)file, 0)))
		return 0;
	return uring_tell_opened(k, file, flags, mode);
}

static __noinline int uring_tell_socket(struct call *k, struct file *file, int number, __u8 role)
{
	struct sock *sk = file_sock(file);
	struct record_head *h;
	struct record_fd *f;
	struct emit w;
	__u32 fact;

	if (!sk || !emit_begin(&w))
		return 0;
	h = call_head(k, &w, RECORD_ARGS | RECORD_FD);
	h->marks = EVENT_IO_URING;
	f = emit_part(&w, RECORD_ARGS);
	describe_inode(f, file);
	describe_sock(f, sk);
	settle_kind(f);
	f->number = number;
	f->role = role;
	if (f->kind == 'u')
		emit_unix(&w, sk, role == 'c');
	fact = f->kind == '4' ? FILTER_IPV4 : f->kind == '6' ? FILTER_IPV6 : FILTER_ANY_FACT;
	if (judge_call(k, fact, filter_ports(k->c, f->local_port, f->remote_port)))
		emit_send_bulk(&w, k->c);
	else
		emit_drop(&w);
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(on_uring_done, void *ring, void *request)
{
	struct io_kiocb *req = request;
	struct call k = { 0 };
	__u8 op;

	if (!req || !uring_begin(&k))
		return 0;
	op = BPF_CORE_READ(req, opcode);
	k.ret = BPF_CORE_READ(req, cqe.res);
	switch (op) {
	case OP_OPENAT:
	case OP_OPENAT2:
		k.type = op == OP_OPENAT ? EVENT_OPENAT : EVENT_OPENAT2;
		return uring_tell_open(&k, req);
	case OP_CONNECT:
		k.type = EVENT_CONNECT;
		return uring_tell_socket(&k, BPF_CORE_READ(req, file), 0, 'c');
	case OP_ACCEPT:
		k.type = EVENT_ACCEPT4;
		return k.ret < 0 ? 0 : uring_tell_socket(&k, call_file(&k, k.ret), k.ret, 's');
	default:
		return 0;
	}
}

static __always_inline const char *filename_text(struct filename *f)
{
	return BPF_CORE_READ(f, name);
}

/* Appends a name the kernel holds, below the folder it is relative to. */
static __always_inline __u32 emit_name(const struct call *k, struct emit *w, int dirfd,
				       struct filename *name)
{
	const char *text = filename_text(name);
	struct fs_struct *fs = k->t->fs;
	__u32 before = w->s->at, at;
	struct file *dir;
	char first = 0;

	bpf_probe_read_kernel(&first, 1, text);
	if (first != '/') {
		dir = dirfd == AT_FDCWD ? 0 : call_file(k, dirfd);
		if (dir)
			emit_file_path(k, w, dir);
		else if (dirfd == AT_FDCWD)
			emit_path(w, fs, kernel_address(fs->pwd.mnt),
				  kernel_address(fs->pwd.dentry));
		at = w->s->at;
		if (at < EMIT_FIXED_MAX + 4 * RECORD_PATH_MAX) {
			w->s->record[at] = '/';
			w->s->at = at + 1;
		}
	}
	emit_kernel_string(w, text);
	return w->s->at - before;
}

struct names {
	int dirfd[2];
	struct filename *name[2];
	__u64 flags;
	__u32 mode;
};

static __always_inline bool read_names(struct call *k, struct io_kiocb *req, struct names *n)
{
	struct io_unlink *u = (void *)req;
	struct io_mkdir *m = (void *)req;
	struct io_rename *r = (void *)req;
	struct io_link *l = (void *)req;

	switch (BPF_CORE_READ(req, opcode)) {
	case OP_UNLINKAT:
		k->type = EVENT_UNLINKAT;
		n->dirfd[0] = BPF_CORE_READ(u, dfd);
		n->flags = BPF_CORE_READ(u, flags);
		n->name[0] = BPF_CORE_READ(u, filename);
		return true;
	case OP_MKDIRAT:
		k->type = EVENT_MKDIRAT;
		n->dirfd[0] = BPF_CORE_READ(m, dfd);
		n->mode = BPF_CORE_READ(m, mode);
		n->name[0] = BPF_CORE_READ(m, filename);
		return true;
	case OP_RENAMEAT:
		k->type = EVENT_RENAMEAT2;
		n->dirfd[0] = BPF_CORE_READ(r, old_dfd);
		n->dirfd[1] = BPF_CORE_READ(r, new_dfd);
		n->name[0] = BPF_CORE_READ(r, oldpath);
		n->name[1] = BPF_CORE_READ(r, newpath);
		n->flags = BPF_CORE_READ(r, flags);
		return true;
	case OP_SYMLINKAT:
	case OP_LINKAT:
		k->type = BPF_CORE_READ(req, opcode) == OP_LINKAT ? EVENT_LINKAT : EVENT_SYMLINKAT;
		n->dirfd[0] = BPF_CORE_READ(l, old_dfd);
		n->dirfd[1] = BPF_CORE_READ(l, new_dfd);
		n->name[0] = BPF_CORE_READ(l, oldpath);
		n->name[1] = BPF_CORE_READ(l, newpath);
		n->flags = BPF_CORE_READ(l, flags);
		return true;
	default:
		return false;
	}
}

/* Taken, not done: the result is not known, and 0. */
SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring_taken, struct io_kiocb *req)
{
	struct names n = { 0 };
	struct record_head *h;
	struct call k = { 0 };
	struct emit w;

	if (!uring_begin(&k) || !read_names(&k, req, &n) || !emit_begin(&w))
		return 0;
	h = call_blank(&k, &w, 0);
	h->marks = EVENT_IO_URING;
	h->flags = n.flags;
	h->mode = n.mode;
	if (k.type == EVENT_SYMLINKAT)
		h->span[RECORD_PATH] = emit_kernel_string(&w, filename_text(n.name[0]));
	else
		h->span[RECORD_PATH] = emit_name(&k, &w, n.dirfd[0], n.name[0]);
	if (n.name[1])
		h->span[RECORD_PATH2] = emit_name(&k, &w, n.dirfd[1], n.name[1]);
	return judge_emit(&w, FILTER_ANY_FACT) ? judge_send(&k, &w) : 0;
}
