// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Questions to name servers, where packets leave: sees every way to send one (write, sendmmsg, io_uring), connected or
 * not, by UDP or TCP. The name is read in user space; here the message is copied as it is.
 *
 * Always lets the packet pass.
 */
#include "kern/describe.bpf.h"
#include "kern/judge.bpf.h"

#define DNS_PORT 53
#define MESSAGE_MAX 512
#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd

/* The kernel's user interface to a packet, to the last field used here. */
struct __sk_buff {
	__u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto;
	__u32 priority, ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end;
	__u32 napi_id, family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4];
	__u32 remote_port, local_port;
};

struct packet {
	struct record_fd fd;
	__u32 payload; /* where the message begins */
};

static __always_inline bool read_ip(struct __sk_buff *skb, struct packet *p)
{
	__u8 first = 0;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(skb, 0, &first, 1) ||
		    bpf_skb_load_bytes(skb, 9, &p->fd.protocol, 1) ||
		    bpf_skb_load_bytes(skb, 12, p->fd.local, 4) ||
		    bpf_skb_load_bytes(skb, 16, p->fd.remote, 4))
			return false;
		p->fd.domain = AF_INET;
		p->fd.kind = '4';
		p->payload = (first & 15) * 4;
		return true;
	}
	if (skb->protocol != bpf_htons(ETH_P_IPV6) ||
	    bpf_skb_load_bytes(skb, 6, &p->fd.protocol, 1) ||
	    bpf_skb_load_bytes(skb, 8, p->fd.local, 16) ||
	    bpf_skb_load_bytes(skb, 24, p->fd.remote, 16))
		return false;
	p->fd.domain = AF_INET6;
	p->fd.kind = '6';
	p->payload = 40;
	return true;
}

/* @return whether it carries a message to a name server, by its own port or by the one its socket is connected to: what
 * leaves may have been rewritten to another */
static __always_inline bool read_transport(struct __sk_buff *skb, struct packet *p)
{
	__be16 ports[2];
	__u8 offset = 0;

	if (bpf_skb_load_bytes(skb, p->payload, ports, sizeof(ports)))
		return false;
	p->fd.local_port = bpf_ntohs(ports[0]);
	if (ports[1] != bpf_htons(DNS_PORT) && skb->remote_port != bpf_htonl(DNS_PORT))
		return false;
	p->fd.remote_port = DNS_PORT;
	if (p->fd.protocol == IPPROTO_UDP) {
		p->payload += 8;
	} else {
		if (bpf_skb_load_bytes(skb, p->payload + 12, &offset, 1))
			return false;
		p->payload += (offset >> 4) * 4 + 2; /* by TCP a length comes first */
	}
	return skb->len > p->payload;
}

static __noinline void tell_packet(struct __sk_buff *skb)
{
	struct call k = { .type = EVENT_DNS };
	struct packet p = { 0 };
	struct record_head *h;
	struct record_fd *f;
	struct emit w;
	__u32 n, at;

	if (!read_ip(skb, &p) || (p.fd.protocol != IPPROTO_UDP && p.fd.protocol != IPPROTO_TCP) ||
	    !read_transport(skb, &p))
		return;
	k.c = control_get();
	k.t = task_plain((void *)bpf_get_current_task_btf());
	/* The idle task: TCP sends again what was lost, for nobody in particular. */
	if (!k.t->tgid || (__u32)k.t->tgid == k.c->self_pid ||
	    !judge_packet(
		    EVENT_DNS << JUDGE_TYPE_SHIFT | (p.fd.kind == '4' ? FILTER_IPV4 : FILTER_IPV6),
		    filter_ports(k.c, p.fd.local_port, p.fd.remote_port), judge_version(k.c)) ||
	    !emit_begin(&w))
		return;
	h = call_head(&k, &w, RECORD_ARGS | RECORD_FD);
	f = emit_part(&w, RECORD_ARGS);
	__builtin_memcpy(f, &p.fd, sizeof(*f));
	f->number = -1;
	f->role = 'c';
	n = skb->len - p.payload - 1;
	if (n > MESSAGE_MAX - 1)
		n = MESSAGE_MAX - 1;
	barrier_var(
		n); /* verifiers before 6.5 learn nothing from a comparison with zero: a sum tells them */
	n = (n & (MESSAGE_MAX - 1)) + 1;
	at = w.s->at;
	if (at <= EMIT_FIXED_MAX && skb->len > p.payload &&
	    bpf_skb_load_bytes(skb, p.payload, w.s->record + at, n) == 0) {
		h->span[RECORD_RAW] = n;
		w.s->at = at + n;
	}
	emit_send_bulk(&w, k.c);
}

/* A datagram to a name server: it goes where its address says, wherever its socket is connected to. */
static __always_inline bool is_datagram_to_server(struct __sk_buff *skb)
{
	const __u8 *ip = (const __u8 *)(long)skb->data, *end = (const __u8 *)(long)skb->data_end;
	const __u8 *udp;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (ip + 28 > end || ip[9] != IPPROTO_UDP)
			return false;
		udp = ip + (ip[0] & 15) * 4;
	} else {
		if (ip + 48 > end || ip[6] != IPPROTO_UDP)
			return false;
		udp = ip + 40;
	}
	return udp + 8 <= end && *(const __be16 *)(udp + 2) == bpf_htons(DNS_PORT);
}

SEC("cgroup_skb/egress")
int on_packet(struct __sk_buff *skb)
{
	/* Connected sockets that lead elsewhere are nearly all there is. */
	if (!skb->remote_port || skb->remote_port == bpf_htonl(DNS_PORT) ||
	    is_datagram_to_server(skb))
		tell_packet(skb);
	return 1;
}
