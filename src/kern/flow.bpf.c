// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Who talks to whom: one step of a counter for each TCP connection that is established, at each end of it.
 *
 * A connection is established by whatever the processor does when its packet arrives. Who it belongs to is noted before, when
 * a process connects or listens, beside the socket; what a listener gives birth to inherits the note.
 */
#include "kern/emit.bpf.h"
#include "kern/flow.h"

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct flow_owner);
} flow_owners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLOW_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct flow_key);
	__type(value, struct flow_count);
} flows SEC(".maps");

static __always_inline void note_owner(void *sk, struct task_struct *t)
{
	const struct control *c = control_get();
	struct flow_owner *o;

	o = bpf_sk_storage_get(&flow_owners, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!o)
		return;
	o->cgroup_id = task_cgroup_id(c, t);
	/* Of the process, not of one of its threads. */
	bpf_probe_read_kernel(o->comm, sizeof(o->comm), t->group_leader->comm);
}

static __always_inline void map_address(__u8 *to, __be32 from)
{
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, &from, sizeof(from));
}

static __always_inline void count_flow(struct flow_key *k)
{
	struct flow_count fresh = { 0 }, *n = bpf_map_lookup_elem(&flows, k);
	__u64 now = bpf_ktime_get_boot_ns();

	if (!n) {
		fresh.first_ns = now;
		bpf_map_update_elem(&flows, k, &fresh, BPF_NOEXIST);
		n = bpf_map_lookup_elem(&flows, k);
	}
	if (!n) {
		__sync_fetch_and_add(&control.flows_lost, 1);
		return;
	}
	if (!n->connections)
		n->first_ns = now;
	n->last_ns = now;
	__sync_fetch_and_add(&n->connections, 1);
}

static __always_inline void on_established(void *trusted, const struct sock *sk, bool server)
{
	struct flow_owner *o = bpf_sk_storage_get(&flow_owners, trusted, 0, 0);
	struct flow_key k = { 0 };

	if (o) {
		k.cgroup_id = o->cgroup_id;
		__builtin_memcpy(k.comm, o->comm, sizeof(k.comm));
	}
	if (sk->__sk_common.skc_family == AF_INET6) {
		BPF_CORE_READ_INTO(&k.local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&k.remote, sk, __sk_common.skc_v6_daddr);
	} else {
		map_address(k.local, sk->__sk_common.skc_rcv_saddr);
		map_address(k.remote, sk->__sk_common.skc_daddr);
	}
	k.role = server ? FLOW_SERVER : FLOW_CLIENT;
	k.port = server ? sk->__sk_common.skc_num : bpf_ntohs(sk->__sk_common.skc_dport);
	count_flow(&k);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tcp_state, struct sock *sk, int from, int to)
{
	/* Processes connect and listen themselves; the rest happens to whom it may. */
	if (to == TCP_SYN_SENT || to == TCP_LISTEN) {
		if (sk->sk_protocol == IPPROTO_TCP)
			note_owner(sk, task_plain(bpf_get_current_task_btf()));
	} else if (to == TCP_ESTABLISHED && (from == TCP_SYN_SENT || from == TCP_SYN_RECV)) {
		if (sk->sk_protocol == IPPROTO_TCP)
			on_established(sk, sk, from == TCP_SYN_RECV);
	}
	return 0;
}

/* Notes who listened before there was a sensor. */
SEC("iter/task_file")
int on_sockets(struct bpf_iter__task_file *ctx)
{
	struct task_struct *t = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct sock *sk;

	if (!t || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk || sk->sk_protocol != IPPROTO_TCP || sk->__sk_common.skc_state != TCP_LISTEN)
		return 0;
	if (!bpf_sk_storage_get(&flow_owners, sk, 0, 0))
		note_owner(sk, task_plain(t));
	return 0;
}

/* Writes each count that is not nothing to whoever reads the iterator, and takes away from it what was written. */
SEC("iter/bpf_map_elem")
int on_flows(struct bpf_iter__bpf_map_elem *ctx)
{
	struct flow_count *n = ctx->value;
	struct flow_key *k = ctx->key;
	struct flow_record r;

	if (!k || !n)
		return 0;
	__builtin_memcpy(&r.key, k, sizeof(r.key));
	r.count.connections = n->connections;
	r.count.first_ns = n->first_ns;
	r.count.last_ns = n->last_ns;
	if (bpf_seq_write(ctx->meta->seq, &r, sizeof(r)))
		return 0; /* no room: it comes again */
	if (r.count.connections)
		__sync_fetch_and_add(&n->connections, -r.count.connections);
	return 0;
}
