// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What io_uring does: no system call names it, so it is told where every way of doing it is checked. Results are not
 * known there: they are told as 0, and what the file system refuses afterwards is told as well. Opens are in file.bpf.c.
 */
#include "kern/describe.bpf.h"
#include "kern/judge.bpf.h"

#define AT_REMOVEDIR 0x200

static __always_inline bool uring_object_begin(struct call *k, __u32 type)
{
	return call_is_io_uring() && call_begin(k, call_registers(), 0, type);
}

static __always_inline struct record_head *uring_head(struct call *k, struct emit *w, __u32 parts)
{
	struct record_head *h = call_blank(k, w, parts);

	h->marks |= EVENT_IO_URING;
	return h;
}

/* The hook's own pointers are known to the verifier; paths are built from numbers. */
static __always_inline __u32 emit_entry(struct call *k, struct emit *w, const struct path *dir,
					struct dentry *d)
{
	return emit_path(w, k->t->fs, (__u64)BPF_CORE_READ(dir, mnt), call_address(k, d));
}

static __noinline int tell_entry(struct call *k, const struct path *dir, struct dentry *d,
				 __u32 mode, __u32 flags)
{
	struct record_head *h;
	struct emit w;

	if (!emit_begin(&w))
		return 0;
	h = uring_head(k, &w, 0);
	h->mode = mode;
	h->flags = flags;
	h->span[RECORD_PATH] = emit_entry(k, &w, dir, d);
	return judge_emit(&w, FILTER_ANY_FACT) ? judge_send(k, &w) : 0;
}

SEC("fentry/security_path_unlink")
int BPF_PROG(uring_unlink, const struct path *dir, struct dentry *d)
{
	struct call k;

	return uring_object_begin(&k, EVENT_UNLINKAT) ? tell_entry(&k, dir, d, 0, 0) : 0;
}

SEC("fentry/security_path_rmdir")
int BPF_PROG(uring_rmdir, const struct path *dir, struct dentry *d)
{
	struct call k;

	return uring_object_begin(&k, EVENT_UNLINKAT) ? tell_entry(&k, dir, d, 0, AT_REMOVEDIR) : 0;
}

SEC("fentry/security_path_mkdir")
int BPF_PROG(uring_mkdir, const struct path *dir, struct dentry *d, unsigned short mode)
{
	struct call k;

	return uring_object_begin(&k, EVENT_MKDIRAT) ? tell_entry(&k, dir, d, mode & 07777, 0) : 0;
}

static __noinline int tell_entries(struct call *k, const struct path *dir, struct dentry *d,
				   const struct path *dir2, struct dentry *d2)
{
	struct record_head *h;
	struct emit w;

	if (!emit_begin(&w))
		return 0;
	h = uring_head(k, &w, 0);
	h->span[RECORD_PATH] = emit_entry(k, &w, dir, d);
	h->span[RECORD_PATH2] = emit_entry(k, &w, dir2, d2);
	return judge_emit(&w, FILTER_ANY_FACT) ? judge_send(k, &w) : 0;
}

SEC("fentry/security_path_rename")
int BPF_PROG(uring_rename, const struct path *dir, struct dentry *d, const struct path *dir2,
	     struct dentry *d2, unsigned int flags)
{
	struct call k;

	return uring_object_begin(&k, EVENT_RENAMEAT2) ? tell_entries(&k, dir, d, dir2, d2) : 0;
}

/* A hard link stays on its mount. */
SEC("fentry/security_path_link")
int BPF_PROG(uring_link, struct dentry *old, const struct path *dir, struct dentry *d)
{
	struct call k;

	return uring_object_begin(&k, EVENT_LINKAT) ? tell_entries(&k, dir, old, dir, d) : 0;
}

SEC("fentry/security_path_symlink")
int BPF_PROG(uring_symlink, const struct path *dir, struct dentry *d, const char *target)
{
	struct record_head *h;
	struct call k;
	struct emit w;

	if (!uring_object_begin(&k, EVENT_SYMLINKAT) || !emit_begin(&w))
		return 0;
	h = uring_head(&k, &w, 0);
	h->span[RECORD_PATH] = emit_kernel_string(&w, target);
	h->span[RECORD_PATH2] = emit_entry(&k, &w, dir, d);
	return judge_emit(&w, FILTER_ANY_FACT) ? judge_send(&k, &w) : 0;
}

/* The address is the kernel's copy. */
SEC("fentry/security_socket_connect")
int BPF_PROG(uring_connect, struct socket *sock, void *address, int bytes)
{
	struct sockaddr_any a = { 0 };
	struct record_fd *f;
	struct call k;
	struct emit w;
	struct sock *sk;

	if (!uring_object_begin(&k, EVENT_CONNECT) || !emit_begin(&w))
		return 0;
	uring_head(&k, &w, RECORD_ARGS | RECORD_FD);
	f = emit_part(&w, RECORD_ARGS);
	f->number = -1;
	sk = BPF_CORE_READ(sock, sk);
	describe_sock(f, sk);
	f->role = 'c';
	bpf_probe_read_kernel(&a, bytes < (int)sizeof(a) ? 8 : sizeof(a), address);
	f->remote_port = bpf_ntohs(a.port);
	if (a.family == AF_INET)
		__builtin_memcpy(f->remote, &a.ip4, 4);
	else if (a.family == AF_INET6)
		__builtin_memcpy(f->remote, a.ip6, 16);
	settle_kind(f);
	if (judge_call(&k, FILTER_ANY_FACT, filter_ports(k.c, f->local_port, f->remote_port))) {
		emit_who(&w, k.c, k.t);
		emit_send_bulk(&w, k.c);
	} else {
		emit_drop(&w);
	}
	return 0;
}
