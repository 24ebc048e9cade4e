/** @file
 * What a descriptor leads to: fills the descriptor part of a record.
 */
#ifndef SKEP_KERN_DESCRIBE_BPF_H
#define SKEP_KERN_DESCRIBE_BPF_H

#include "kern/call.bpf.h"

/* Those of model/event.h. */
enum { EVENT_FILE_SEEN = 1, EVENT_FILE_UPPER = 2, EVENT_FILE_LOWER = 4, EVENT_FILE_CREATED = 8 };

static __always_inline __u16 kind_of_mode(__u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 'u';
	default:
		return 'f';
	}
}

static __always_inline void describe_inode_of(struct record_fd *f, struct inode *i,
					      struct super_block *sb)
{
	f->kind = kind_of_mode(READ(inode, i, i_mode));
	f->inode = READ(inode, i, i_ino);
	f->device = READ(super_block, sb, s_dev);
}

static __always_inline void describe_inode(struct record_fd *f, struct file *file)
{
	struct inode *i = READ_WORD(file, file, f_inode);

	describe_inode_of(f, i, READ_WORD(inode, i, i_sb));
}

/* As EVENT_EXE_UPPER and EVENT_EXE_LOWER, too. */
static __always_inline __u32 overlay_flag(struct inode *i, unsigned long magic)
{
	void *upper = 0;

	if (magic != OVERLAYFS_SUPER_MAGIC)
		return 0;
	/* struct ovl_inode belongs to a module whose BTF may not be there; the upper dentry follows its inode always. */
	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)i + bpf_core_type_size(struct inode));
	return upper ? EVENT_FILE_UPPER : EVENT_FILE_LOWER;
}

static __always_inline bool is_in_upper_layer(struct file *file)
{
	struct inode *i = READ_WORD(file, file, f_inode);
	struct super_block *sb = READ_WORD(inode, i, i_sb);

	return overlay_flag(i, READ(super_block, sb, s_magic)) == EVENT_FILE_UPPER;
}

static __always_inline void describe_opened(struct record_fd *f, struct file *file)
{
	struct inode *i = READ_WORD(file, file, f_inode);
	struct super_block *sb = READ_WORD(inode, i, i_sb);

	describe_inode_of(f, i, sb);
	f->file_flags = EVENT_FILE_SEEN | overlay_flag(i, READ(super_block, sb, s_magic));
	if (READ(file, file, f_mode) & FMODE_CREATED)
		f->file_flags |= EVENT_FILE_CREATED;
}

static __always_inline bool is_mapped(const __u8 *ip)
{
	const __u32 *w = (const void *)ip;

	return !w[0] && !w[1] && w[2] == bpf_htonl(0xffff);
}

/* IPv4 in IPv6's clothes is told as IPv4. */
static __always_inline void unmap(__u8 *ip)
{
	__builtin_memcpy(ip, ip + 12, 4);
	__builtin_memset(ip + 4, 0, 12);
}

static __always_inline void settle_kind(struct record_fd *f)
{
	if (f->domain == AF_INET)
		f->kind = '4';
	if (f->domain != AF_INET6)
		return;
	f->kind = '6';
	if (!is_mapped(f->remote) && !is_mapped(f->local))
		return;
	f->kind = '4';
	unmap(f->local); /* unbound is all zeros in both */
	unmap(f->remote);
}

/* Both ends as the kernel has them; a unix socket's path follows as text, see emit_unix(). */
static __always_inline void describe_sock(struct record_fd *f, struct sock *sk)
{
	__u16 family = READ(sock, sk, __sk_common.skc_family);

	f->domain = family;
	f->protocol = READ(sock, sk, sk_protocol);
	if (family == AF_UNIX) {
		f->kind = 'u';
		f->protocol = 0;
		f->connected = BPF_CORE_READ((struct unix_sock *)sk, peer) != 0;
		return;
	}
	f->kind = 'o';
	if (family != AF_INET && family != AF_INET6)
		return;
	f->local_port = READ(sock, sk, __sk_common.skc_num);
	f->remote_port = bpf_ntohs(READ(sock, sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		bpf_core_read(f->local, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_core_read(f->remote, 4, &sk->__sk_common.skc_daddr);
	} else {
		bpf_core_read(f->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(f->remote, 16, &sk->__sk_common.skc_v6_daddr);
	}
	f->connected = f->protocol == IPPROTO_TCP
			       ? READ(sock, sk, __sk_common.skc_state) == TCP_ESTABLISHED
			       : f->remote_port != 0;
}

/* The socket behind a file; 0 when it is none. */
static __always_inline struct sock *file_sock(struct file *file)
{
	struct inode *i = file ? BPF_CORE_READ(file, f_inode) : 0;
	struct socket *s;

	if (!i || (BPF_CORE_READ(i, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	s = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(s, sk);
}

/* As file_sock(), by pointers the verifier knows; 0 as well before 6.3. */
static __always_inline struct sock *known_sock(struct file *file)
{
	struct file *f = call_known_file(file);
	struct socket *s;

	if (!f || (f->f_inode->i_mode & S_IFMT) != S_IFSOCK)
		return 0;
	s = bpf_rdonly_cast(f->private_data, bpf_core_type_id_kernel(struct socket));
	return s->sk;
}

static __always_inline struct unix_address *unix_name(struct sock *sk)
{
	return sk ? BPF_CORE_READ((struct unix_sock *)sk, addr) : 0;
}

/*
 * The bound name of a unix socket, or where it has none that of its other end, as the descriptor's path; an abstract one begins with
 * '@'. A call, as scratch_append() is, for the same reason.
 *
 * @param far  the other end's goes first: one who connects may have a name of its own choice
 */
static __noinline __attribute__((unused)) void emit_unix(struct emit *w, struct sock *sk, bool far)
{
	struct unix_address *own = unix_name(sk);
	struct unix_address *other = unix_name(BPF_CORE_READ((struct unix_sock *)sk, peer));
	struct unix_address *a = other && (far || !own) ? other : own;
	__u32 at = w->s->at;
	__u32 n, last;

	if (!a || at > EMIT_FIXED_MAX + 4 * RECORD_PATH_MAX)
		return;
	n = BPF_CORE_READ(a, len) - 2;
	if (n < 1 || n > 108)
		return;
	/* Straight into the record: an array here would be the largest thing on the stack of all who call this. */
	if (bpf_probe_read_kernel(w->s->record + at, n,
				  (void *)a + bpf_core_field_offset(struct unix_address, name) +
					  bpf_core_field_offset(struct sockaddr_un, sun_path)))
		return;
	last = n - 1;
	barrier_var(last); /* or the compiler leaves out the mask that verifiers before 6.5 need */
	last &= 127;
	if (!w->s->record[at])
		w->s->record[at] = '@';
	else if (!(w->s->record + at)[last])
		n--; /* the terminator counts as part of a name in the file system */
	emit_record(w)->span[RECORD_FD_PATH] = n;
	w->s->at = at + n;
}

struct sockaddr_any {
	__u16 family;
	__be16 port;
	__be32 ip4; /* IPv6: flow */
	__u8 ip6[16];
};

/* The far end as the program gave it: for what failed, and for datagrams. */
static __always_inline void describe_given(struct emit *w, __u8 *ip, __u16 *port, __u16 domain,
					   const void *user, __u32 bytes)
{
	struct sockaddr_any a = { 0 };

	if (!user || bytes < 2)
		return;
	bpf_probe_read_user(&a, bytes < sizeof(a) ? 8 : sizeof(a), user);
	if (a.family == AF_INET) {
		__builtin_memset(ip, 0, 16);
		__builtin_memcpy(ip, &a.ip4, 4);
		if (domain == AF_INET6) { /* its other end is in IPv6 still */
			__builtin_memcpy(ip + 12, &a.ip4, 4);
			__builtin_memset(ip, 0, 10);
			ip[10] = ip[11] = 0xff;
		}
	} else if (a.family == AF_INET6) {
		__builtin_memcpy(ip, a.ip6, 16);
	} else {
		return;
	}
	*port = bpf_ntohs(a.port);
	emit_record(w)->marks |= EVENT_RACY;
}

/* A unix socket's name as the program gave it, as the text @p span. */
static __always_inline void emit_unix_given(struct emit *w, enum record_span span, const void *user,
					    __u32 bytes)
{
	__u32 at = w->s->at, n = bytes - 2;
	__u16 family = 0;

	if (!user || bytes < 3 || at > EMIT_FIXED_MAX + 4 * RECORD_PATH_MAX)
		return;
	bpf_probe_read_user(&family, sizeof(family), user);
	if (family != AF_UNIX)
		return;
	if (n > 108)
		n = 108;
	if (bpf_probe_read_user(w->s->record + at, n, user + 2))
		return;
	if (!w->s->record[at]) {
		w->s->record[at] = '@';
	} else {
		/* a name in the file system ends at its NUL */
		long r = bpf_probe_read_user_str(w->s->record + at, 109, user + 2);

		n = r > 0 ? (r - 1) & 127 : 0;
	}
	emit_record(w)->marks |= EVENT_RACY;
	emit_record(w)->span[span] = n;
	w->s->at = at + n;
}

/* What a file is: kind, inode, and of sockets both ends. @return whether it has a path, not told yet */
static __always_inline bool describe_file(struct emit *w, struct record_fd *f, struct file *file)
{
	__u8 *name = w->s->walk; /* free until a path is built; the stack is short */
	struct sock *sk;
	struct dentry *d;

	describe_inode(f, file);
	if (f->kind == 'u') {
		sk = file_sock(file);
		if (sk) {
			describe_sock(f, sk);
			settle_kind(f);
			if (f->kind == 'u')
				emit_unix(w, sk, false);
		}
		return false;
	}
	if (f->kind == 'p')
		return false;
	d = BPF_CORE_READ(file, f_path.dentry);
	if (BPF_CORE_READ(d, d_parent) == d) { /* in no tree: memfds and the anonymous inodes */
		name[0] = name[1] = name[3] = name[5] = name[6] = 0;
		bpf_probe_read_kernel_str(name, 16, BPF_CORE_READ(d, d_name.name));
		if (name[0] == 'm' && name[1] == 'e' && name[5] == ':')
			f->kind = 'm';
		else if (name[0] == '[' && name[1] == 'e' && name[6] == 'f')
			f->kind = 'e'; /* [eventfd] */
		else if (name[0] == '[' && name[1] == 'e')
			f->kind = 'l'; /* [eventpoll] */
		else if (name[0] == '[' && name[1] == 't')
			f->kind = 't'; /* [timerfd] */
		else if (name[0] == '[' && name[1] == 's')
			f->kind = 's'; /* [signalfd] */
		else if (name[0] == '[' && name[1] == 'i' && name[3] == '_')
			f->kind = 'r'; /* [io_uring] */
		else if (name[0] == 'i' && name[1] == 'n')
			f->kind = 'i'; /* inotify */
		else if (name[0] == 'b' && name[1] == 'p')
			f->kind = 'b';
		else if (name[0] == '[' && name[1] == 'u')
			f->kind = 'u' + 128; /* [userfaultfd] */
		else
			f->kind = 'o';
	}
	return true;
}

/* Any descriptor: what it is, and for files and sockets their path and ends. The path goes to the descriptor's. */
static __always_inline void describe_fd(const struct call *k, struct emit *w, struct record_fd *f,
					int fd)
{
	struct file *file = call_file(k, fd);

	f->number = fd;
	if (file && describe_file(w, f, file))
		emit_record(w)->span[RECORD_FD_PATH] = emit_file_path(k, w, file);
}

/*
 * A record of what a descriptor of the caller leads to, in three calls: in one the stack would not be deep enough for path_build()
 * below. None is static, as path_build() is not.
 */
#define DESCRIPTOR_BEGUN 4

/* Without its path. @return the slot it is in, DESCRIPTOR_BEGUN, and DESCRIPTOR_PATH when it has one; 0: nothing to send */
__noinline __attribute__((unused)) __u64 descriptor_begin(__u32 fd)
{
	struct file *file;
	struct record_fd *f;
	struct call k;
	struct emit w;
	__u64 path = 0;

	if (!call_begin(&k, call_registers(), 0, EVENT_STDIO) || !emit_begin(&w))
		return 0;
	call_head(&k, &w, RECORD_FD);
	f = emit_part(&w, 0);
	f->number = fd & 3;
	file = call_file(&k, fd & 3);
	if (file && describe_file(&w, f, file))
		path = DESCRIPTOR_PATH;
	return (w.bit >> 1) | DESCRIPTOR_BEGUN | path;
}

/* Adds the path to what stands in a slot; by itself, for the stack it needs. */
__noinline __attribute__((unused)) __u64 descriptor_path(__u32 slot)
{
	struct task_struct *t = task_plain((void *)bpf_get_current_task_btf());
	struct emit w = { .bit = slot_bit(slot) };
	struct file *file = 0;

	w.s = bpf_map_lookup_elem(&scratch, &slot);
	if (!w.s)
		return 0;
	bpf_probe_read_kernel(
		&file, sizeof(file),
		&t->files->fdt->fd[((struct record_fd *)emit_part(&w, 0))->number & 3]);
	if (file)
		emit_record(&w)->span[RECORD_FD_PATH] =
			emit_path(&w, t->fs, (__u64)BPF_CORE_READ(file, f_path.mnt),
				  (__u64)BPF_CORE_READ(file, f_path.dentry));
	return 0;
}

/* Sends it to the ring of an event of @p type, which follows it. */
__noinline __attribute__((unused)) __u64 descriptor_end(__u32 begun, __u32 type)
{
	__u32 slot = begun & 3, zero = 0;
	struct emit w = { .bit = 1ull << slot };

	w.busy = bpf_map_lookup_elem(&scratch_busy, &zero);
	w.s = bpf_map_lookup_elem(&scratch, &slot);
	if (!w.busy || !w.s)
		return 0;
	if (type <= EVENT_PROCEXIT)
		emit_send(&w, &state_ring, CONTROL_LOST_STATE);
	else
		emit_send(&w, &bulk_ring, CONTROL_LOST_BULK);
	return 0;
}

#endif
