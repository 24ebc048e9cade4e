#include "policy/ip_set.h"

#include <arpa/inet.h>
#include <endian.h>

/* An address as two words in the order of their bits, the first ones highest; IPv4 in the upper half of the first. */
struct ip_words {
	uint64_t word[2];
};

struct ip_net {
	struct ip_words ip; /* its host bits are zero */
	uint8_t family, bits;
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
	/* Lengths that are known when compiling: one comparison each, no call. */
	return a->family == b->family && (a->family == 4 ? memcmp(a->bytes, b->bytes, 4) == 0
							 : memcmp(a->bytes, b->bytes, 16) == 0);
}

/* inet_ntop() goes by sprintf(): a third of what judging a connection took. */
static size_t put_byte(char *to, uint8_t n)
{
	size_t digits = n >= 100 ? 3 : n >= 10 ? 2 : 1;

	for (size_t i = digits; i--; n /= 10)
		to[i] = (char)('0' + n % 10);
	return digits;
}

str policy_ip_text(const struct policy_ip *ip, char to[POLICY_IP_BYTES])
{
	size_t n = 0;

	if (ip->family != 4)
		return inet_ntop(AF_INET6, ip->bytes, to, POLICY_IP_BYTES) ? str_from(to)
									   : (str){ 0 };
	for (size_t i = 0; i < 4; i++) {
		if (i)
			to[n++] = '.';
		n += put_byte(to + n, ip->bytes[i]);
	}
	return (str){ to, n };
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

static struct ip_words words_of(const struct policy_ip *ip)
{
	struct ip_words w = { 0 };

	memcpy(w.word, ip->bytes, ip_bytes(ip));
	for (int i = 0; i < 2; i++)
		w.word[i] = be64toh(w.word[i]);
	return w;
}

/* Leaves the first @p bits of a word. */
static uint64_t first_bits(uint64_t word, unsigned int bits)
{
	return bits ? word & ~0ull << (64 - MIN(bits, 64u)) : 0;
}

static struct ip_words mask(struct ip_words w, unsigned int bits)
{
	w.word[0] = first_bits(w.word[0], bits);
	w.word[1] = first_bits(w.word[1], bits > 64 ? bits - 64 : 0);
	return w;
}

static int order(const struct ip_words *a, const struct ip_words *b)
{
	for (int i = 0; i < 2; i++)
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i] ? -1 : 1;
	return 0;
}

static int parse_net(str text, struct ip_net *ret, struct err *e)
{
	size_t slash = str_find(text, '/');
	struct policy_ip ip;
	uint32_t bits;
	int r = ip_parse(str_take(text, slash), &ip, e);

	if (r < 0)
		return err_set(e, EBADMSG, "'%.*s' is no address and no network", STR_ARG(text));
	bits = (uint32_t)ip_bytes(&ip) * 8;
	if (slash < text.n) {
		uint32_t most = bits;

		if (str_u32(str_skip(text, slash + 1), &bits) < 0 || bits > most)
			return err_set(e, EBADMSG, "'%.*s' is no network: 0 to %u bits",
				       STR_ARG(text), most);
	}
	*ret = (struct ip_net){ mask(words_of(&ip), bits), ip.family, (uint8_t)bits };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct ip_net *x = a, *y = b;

	if (x->family != y->family)
		return x->family - y->family;
	if (x->bits != y->bits)
		return x->bits - y->bits;
	return order(&x->ip, &y->ip);
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

/* The first net of a later family or prefix length than the one at @p at. */
static size_t next_group(const struct ip_set *s, size_t at)
{
	size_t end = at + 1;

	while (end < s->count && s->nets[end].bits == s->nets[at].bits &&
	       s->nets[end].family == s->nets[at].family)
		end++;
	return end;
}

bool ip_set_has(const struct ip_set *s, const struct policy_ip *ip)
{
	struct ip_words whole = words_of(ip);

	for (size_t lo = 0, end; lo < s->count; lo = end) {
		struct ip_words key = mask(whole, s->nets[lo].bits);
		size_t high;

		end = high = next_group(s, lo);
		if (s->nets[lo].family != ip->family)
			continue;
		while (lo < high) {
			size_t middle = lo + (high - lo) / 2;
			int o = order(&key, &s->nets[middle].ip);

			if (o == 0)
				return true;
			if (o < 0)
				high = middle;
			else
				lo = middle + 1;
		}
	}
	return false;
}
