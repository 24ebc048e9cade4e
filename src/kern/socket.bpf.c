// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Sockets by system call. Both ends are the kernel's own where it has them; what only the program gave (the far end of
 * a connection that failed, or of a datagram) is marked as racy.
 */
#include "kern/describe.bpf.h"
#include "kern/judge.bpf.h"

#define TEXT_MAX 256 /* of bytes received */

struct begun {
	struct record_head *h;
	struct record_args *a;
	struct record_fd *f;
	struct sock *sk;
};

/* Head, argument and descriptor part for the socket @p fd. @return false: not to be told */
static __always_inline bool begin(struct call *k, struct emit *w, struct begun *b, int fd)
{
	struct file *file = fd >= 0 ? call_file(k, fd) : 0;

	b->sk = file_sock(file);
	if (!emit_begin(w))
		return false;
	b->h = call_head(k, w, RECORD_ARGS | RECORD_FD);
	b->a = emit_part(w, 0);
	b->f = emit_part(w, RECORD_ARGS);
	b->f->number = fd;
	if (b->sk) {
		describe_inode(b->f, file);
		describe_sock(b->f, b->sk);
	}
	return true;
}

static __always_inline __u32 family_fact(const struct record_fd *f)
{
	if (f->kind == '4')
		return f->local[0] == 127 && f->remote[0] == 127 ? FILTER_LOOPBACK : FILTER_IPV4;
	return f->kind == '6' ? FILTER_IPV6 : f->kind == 'u' ? FILTER_UNIX : FILTER_ANY_FACT;
}

/*
 * Whether a rule may want what the call does to the socket @p fd, by what the kernel has at hand and before anything is
 * written; true where that does not tell.
 */
static __noinline bool is_of_interest(struct call *k, int fd)
{
	struct sock *sk = known_sock(fd >= 0 ? call_file(k, fd) : 0);
	struct sockaddr_any given = { 0 };
	__u32 fact = FILTER_IPV4, far;
	__u64 ports = ~0ull;
	bool datagram;
	__u16 remote;

	if (!sk)
		return true;
	switch (sk->__sk_common.skc_family) {
	case AF_UNIX:
		fact = FILTER_UNIX;
		break;
	case AF_INET:
		if (k->ret < 0 && k->ret != -EINPROGRESS)
			break; /* the far end is what the program gave */
		remote = bpf_ntohs(sk->__sk_common.skc_dport);
		far = sk->__sk_common.skc_daddr;
		datagram = sk->sk_protocol == IPPROTO_UDP;
		if (remote && datagram && k->type == EVENT_SENDMSG)
			return true; /* its address is in memory */
		/* A datagram's is read again for the record, as describe_given() says. */
		if ((!remote || datagram) && k->type == EVENT_SENDTO && k->arg[4] &&
		    k->arg[5] >= 8) {
			bpf_probe_read_user(&given, 8, (void *)k->arg[4]);
			if (given.family != AF_INET)
				return true;
			remote = bpf_ntohs(given.port);
			far = given.ip4;
		}
		if (remote)
			ports = filter_ports(k->c, sk->__sk_common.skc_num, remote);
		if ((far & 0xff) == 127 && (sk->__sk_common.skc_rcv_saddr & 0xff) == 127)
			fact = FILTER_LOOPBACK;
		break;
	default:
		return true; /* IPv6 may be IPv4 in its clothes */
	}
	return judge_call(k, fact, ports);
}

/* Sends the record if a rule may want it. */
static __always_inline void finish(const struct call *k, struct emit *w, const struct begun *b)
{
	bool internet = b->f->kind == '4' || b->f->kind == '6';
	__u64 ports = internet ? filter_ports(k->c, b->f->local_port, b->f->remote_port) : ~0ull;

	if (judge_call(k, family_fact(b->f), ports))
		emit_send_bulk(w, k->c);
	else
		emit_drop(w);
}

/* Whom a unix socket is connected to by the name that one was bound to: a link or a mount gives it any other. */
static __always_inline void tell_unix_end(const struct call *k, struct emit *w,
					  const struct begun *b)
{
	emit_unix_given(w, RECORD_RAW, (void *)k->arg[1], k->arg[2]);
	if (k->ret == 0 && b->sk)
		emit_unix(w, b->sk, true);
	if (b->h->span[RECORD_FD_PATH]) {
		b->h->marks &= ~EVENT_RACY; /* raw is said to be what the program gave */
		return;
	}
	b->h->span[RECORD_FD_PATH] = b->h->span[RECORD_RAW];
	b->h->span[RECORD_RAW] = 0;
}

static __noinline int tell_connect(struct call *k)
{
	struct begun b;
	struct emit w;

	if (!is_of_interest(k, k->arg[0]) || !begin(k, &w, &b, k->arg[0]))
		return 0;
	b.f->role = 'c';
	/* After a failure the kernel has forgotten the far end. */
	if (b.f->domain == AF_UNIX)
		tell_unix_end(k, &w, &b);
	else if ((k->ret < 0 && k->ret != -EINPROGRESS) || !b.f->remote_port)
		describe_given(&w, b.f->remote, &b.f->remote_port, b.f->domain, (void *)k->arg[1],
			       k->arg[2]);
	settle_kind(b.f);
	finish(k, &w, &b);
	return 0;
}
CALL_RETURNS(on_connect, tell_connect)

static __noinline int tell_accept(struct call *k)
{
	int fd = k->ret < 0 ? (int)k->arg[0] : (int)k->ret;
	struct begun b;
	struct emit w;

	if (k->ret == -EAGAIN || !is_of_interest(k, fd) || !begin(k, &w, &b, fd))
		return 0;
	b.f->role = 's';
	if (k->ret < 0)
		b.f->number = -1;
	settle_kind(b.f);
	if (b.sk && b.f->kind == 'u')
		emit_unix(&w, b.sk, false);
	finish(k, &w, &b);
	return 0;
}
CALL_RETURNS(on_accept, tell_accept)

/* bind and listen */
static __noinline int tell_local(struct call *k)
{
	struct begun b;
	struct emit w;

	if (!begin(k, &w, &b, k->arg[0]))
		return 0;
	if (k->type == EVENT_LISTEN) {
		b.f->role = 's';
		b.a->arg[0] = (int)k->arg[1];
	} else if (k->ret < 0) {
		describe_given(&w, b.f->local, &b.f->local_port, b.f->domain, (void *)k->arg[1],
			       k->arg[2]);
	}
	settle_kind(b.f);
	if (b.sk && b.f->kind == 'u') {
		if (k->ret < 0)
			emit_unix_given(&w, RECORD_FD_PATH, (void *)k->arg[1], k->arg[2]);
		else
			emit_unix(&w, b.sk, false);
	}
	finish(k, &w, &b);
	return 0;
}
CALL_RETURNS(on_local, tell_local)

static __noinline int tell_socket(struct call *k)
{
	bool internet = k->arg[0] == AF_INET || k->arg[0] == AF_INET6;
	struct begun b;
	struct emit w;

	if (internet && !judge_call(k, k->arg[0] == AF_INET ? FILTER_IPV4 : FILTER_IPV6,
				    filter_ports(k->c, 0, 0)))
		return 0;
	if (!begin(k, &w, &b, k->ret < 0 ? -1 : (int)k->ret))
		return 0;
	b.a->arg[0] = (int)k->arg[0];
	b.a->arg[1] = (int)k->arg[1];
	b.a->arg[2] = (int)k->arg[2];
	b.f->domain = k->arg[0];
	settle_kind(b.f);
	finish(k, &w, &b);
	return 0;
}
CALL_RETURNS(on_socket, tell_socket)

struct user_msghdr {
	__u64 name;
	__u32 name_bytes, zero;
	__u64 vectors, vector_count;
};

struct user_vector {
	__u64 base, bytes;
};

/*
 * Most rules on transfers leave out sockets that are connected, and a send that gives no address and succeeds is of such a one: most
 * sends are, and need not be looked at.
 */
static __always_inline bool may_be_unconnected(const struct pt_regs *regs, long ret, __u32 type)
{
	__u64 name;

	if (ret < 0 || control_get()->connected_sends)
		return true;
	if (type == EVENT_SENDTO)
		return regs->r8;
	return type != EVENT_SENDMSG || bpf_probe_read_user(&name, 8, (void *)regs->si) || name;
}

/* sendto, sendmsg, recvfrom, recvmsg: the ends of this call, and on request the first bytes received. */
static __noinline int tell_transfer(struct call *k)
{
	bool message, receives, unread = false;
	struct user_msghdr m = { 0 };
	struct user_vector v = { 0 };
	struct begun b;
	struct emit w;
	__u64 n, data, name, bytes = 0;
	__u32 at;

	if (k->ret == -EAGAIN || !is_of_interest(k, k->arg[0]) || !begin(k, &w, &b, k->arg[0]))
		return 0;
	message = k->type == EVENT_SENDMSG || k->type == EVENT_RECVMSG;
	receives = k->type == EVENT_RECVFROM || k->type == EVENT_RECVMSG;
	data = k->arg[1];
	name = k->arg[4];
	bytes = k->arg[5];
	if (receives && !message && k->arg[5])
		bpf_probe_read_user(&bytes, 4, (void *)k->arg[5]);
	if (message) {
		unread = bpf_probe_read_user(&m, sizeof(m), (void *)k->arg[1]);
		bpf_probe_read_user(&v, sizeof(v), (void *)m.vectors);
		data = v.base;
		name = m.name;
		bytes = m.name_bytes;
	}
	/* A datagram goes where its address says, wherever its socket is connected to. */
	if (!b.f->remote_port || (name && !receives && b.f->protocol == IPPROTO_UDP))
		describe_given(&w, b.f->remote, &b.f->remote_port, b.f->domain, (void *)name,
			       bytes);
	/* To the end that is told, when the call began: TCP fast open connects, and the far end may have hung up since. See
	 * may_be_unconnected(), too. */
	if (!receives && k->ret >= 0 && !unread)
		b.f->connected = !name || (b.f->connected && b.f->protocol == IPPROTO_TCP &&
					   !(k->arg[message ? 2 : 3] & MSG_FASTOPEN));
	settle_kind(b.f);
	at = w.s->at;
	if (receives && k->c->received && k->ret > 0 && at <= EMIT_FIXED_MAX) {
		n = k->ret;
		if (message && n > v.bytes)
			n = v.bytes;
		if (n > TEXT_MAX)
			n = TEXT_MAX;
		if (n && bpf_probe_read_user(w.s->record + at, n, (void *)data) == 0) {
			b.h->span[RECORD_TEXT] = n;
			w.s->at = at + n;
		}
	}
	if (b.sk && b.f->kind == 'u')
		emit_unix(&w, b.sk, false);
	finish(k, &w, &b);
	return 0;
}
CALL_RETURNS_IF(on_transfer, may_be_unconnected, tell_transfer)

/* clang-format off */
CALL_FEXIT(socket, SOCKET, tell_socket)
CALL_FEXIT(connect, CONNECT, tell_connect)
CALL_FEXIT(accept, ACCEPT, tell_accept)
CALL_FEXIT(accept4, ACCEPT4, tell_accept)
CALL_FEXIT(bind, BIND, tell_local)
CALL_FEXIT(listen, LISTEN, tell_local)
CALL_FEXIT_IF(sendto, SENDTO, may_be_unconnected, tell_transfer)
CALL_FEXIT_IF(sendmsg, SENDMSG, may_be_unconnected, tell_transfer)
CALL_FEXIT(recvfrom, RECVFROM, tell_transfer)
CALL_FEXIT(recvmsg, RECVMSG, tell_transfer)
/* clang-format on */
