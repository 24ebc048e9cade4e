#include "policy/ip_set.h"

#include <arpa/inet.h>

struct ip_net {
	struct policy_ip ip; /* its host bits are zero */
	uint8_t bits;
};

struct ip_set {
	struct ip_net *nets; /* by family, bits, address */
	size_t count;
};

static size_t ip_bytes(const struct policy_ip *ip)
{
	return ip->family == 4 ? 4 : 16;
}

bool policy_ip_eq(const struct policy_ip *a, const struct policy_ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, ip_bytes(a)) == 0;
}

int ip_parse(str text, struct policy_ip *ret, struct err *e)
{
	struct policy_ip ip = { 0 };
	char copy[INET6_ADDRSTRLEN];

	if (text.n && text.n < sizeof(copy)) {
		memcpy(copy, text.p, text.n);
		copy[text.n] = 0;
		if (inet_pton(AF_INET, copy, ip.bytes) == 1)
			ip.family = 4;
		else if (inet_pton(AF_INET6, copy, ip.bytes) == 1)
			ip.family = 6;
	}
	if (!ip.family)
		return err_set(e, EBADMSG, "'%.*s' is no address", STR_ARG(text));
	*ret = ip;
	return 0;
}

static void mask(struct policy_ip *ip, unsigned int bits)
{
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int keep = bits > i * 8 ? MIN(bits - i * 8, 8u) : 0;

		ip->bytes[i] &= (uint8_t)(0xff00u >> keep);
	}
}

static int parse_net(str text, struct ip_net *ret, struct err *e)
{
	size_t slash = str_find(text, '/');
	struct ip_net n = { 0 };
	uint32_t bits;
	int r = ip_parse(str_take(text, slash), &n.ip, e);

	if (r < 0)
		return err_set(e, EBADMSG, "'%.*s' is no address and no network", STR_ARG(text));
	bits = (uint32_t)ip_bytes(&n.ip) * 8;
	if (slash < text.n) {
		uint32_t most = bits;

		if (str_u32(str_skip(text, slash + 1), &bits) < 0 || bits > most)
			return err_set(e, EBADMSG, "'%.*s' is no network: 0 to %u bits",
				       STR_ARG(text), most);
	}
	n.bits = (uint8_t)bits;
	mask(&n.ip, bits);
	*ret = n;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct ip_net *x = a, *y = b;

	if (x->ip.family != y->ip.family)
		return x->ip.family - y->ip.family;
	if (x->bits != y->bits)
		return x->bits - y->bits;
	return memcmp(x->ip.bytes, y->ip.bytes, sizeof(x->ip.bytes));
}

int ip_set_new(const str *texts, size_t count, struct arena *a, struct ip_set **ret,
	       size_t *ret_bad, struct err *e)
{
	struct ip_set *s = ARENA_NEW(a, struct ip_set);

	if (s)
		s->nets = ARENA_ARRAY(a, count, struct ip_net);
	if (!s || !s->nets)
		return err_set(e, ENOBUFS, "addresses: memory budget spent");
	for (size_t i = 0; i < count; i++) {
		int r = parse_net(texts[i], &s->nets[i], e);

		if (r < 0) {
			if (ret_bad)
				*ret_bad = i;
			return r;
		}
	}
	s->count = count;
	qsort(s->nets, count, sizeof(*s->nets), compare);
	*ret = s;
	return 0;
}

bool ip_set_has(const struct ip_set *s, const struct policy_ip *ip)
{
	for (size_t lo = 0; lo < s->count;) {
		struct ip_net key = { *ip, s->nets[lo].bits };
		size_t end = lo + 1;

		while (end < s->count && s->nets[end].bits == key.bits &&
		       s->nets[end].ip.family == s->nets[lo].ip.family)
			end++;
		mask(&key.ip, key.bits);
		if (s->nets[lo].ip.family == ip->family &&
		    bsearch(&key, s->nets + lo, end - lo, sizeof(key), compare))
			return true;
		lo = end;
	}
	return false;
}
