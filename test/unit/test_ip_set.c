#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "policy/ip_set.h"

enum { NETS = 12, ROUNDS = 300, ADDRESSES = 200 };

static struct policy_ip random_ip(void)
{
	/* Few different bytes, so that networks hold addresses and lie in one another. */
	static const uint8_t bytes[] = { 0, 10, 127, 128, 192, 255 };
	struct policy_ip ip = { .family = random() % 2 ? 4 : 6 };

	for (int i = 0; i < (ip.family == 4 ? 4 : 16); i++)
		ip.bytes[i] = bytes[(size_t)random() % ARRAY_LEN(bytes)];
	return ip;
}

static str as_text(struct arena *a, const struct policy_ip *ip, unsigned int bits)
{
	const uint8_t *b = ip->bytes;

	if (ip->family == 4)
		return arena_printf(a, "%u.%u.%u.%u/%u", b[0], b[1], b[2], b[3], bits);
	return arena_printf(
		a, "%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x/%u",
		b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		b[13], b[14], b[15], bits);
}

static bool bit_of(const struct policy_ip *ip, unsigned int i)
{
	return ip->bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool is_in(const struct policy_ip *net, unsigned int bits, const struct policy_ip *ip)
{
	for (unsigned int i = 0; i < bits && net->family == ip->family; i++)
		if (bit_of(net, i) != bit_of(ip, i))
			return false;
	return net->family == ip->family;
}

/* A set has what one of its networks has, bit by bit. */
static void random_networks(void **state)
{
	size_t found = 0;

	(void)state;
	srandom(11);
	for (int round = 0; round < ROUNDS; round++) {
		struct policy_ip nets[NETS];
		unsigned int bits[NETS];
		str texts[NETS];
		struct ip_set *s;
		struct arena a;

		arena_init(&a, 0);
		for (size_t i = 0; i < NETS; i++) {
			unsigned int most = (nets[i] = random_ip()).family == 4 ? 32 : 128;

			bits[i] = 4 + (unsigned int)random() % (most - 3);
			if (random() % 50 == 0)
				bits[i] = 0;
			texts[i] = as_text(&a, &nets[i], bits[i]);
		}
		assert_int_equal(ip_set_new(texts, NETS, &a, &s, NULL, NULL), 0);
		for (int n = 0; n < ADDRESSES; n++) {
			struct policy_ip ip = n < NETS ? nets[n] : random_ip();
			bool want = false;

			for (size_t i = 0; i < NETS; i++)
				want |= is_in(&nets[i], bits[i], &ip);
			assert_int_equal(ip_set_has(s, &ip), want);
			found += want;
		}
		arena_done(&a);
	}
	assert_in_range(found, ROUNDS * NETS, ROUNDS * ADDRESSES / 2);
}

/* As the C library writes them. */
static void texts(void **state)
{
	char got[POLICY_IP_BYTES], want[INET6_ADDRSTRLEN];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct policy_ip ip = random_ip();

		for (int k = 0; i % 2 && k < 16; k++)
			ip.bytes[k] = (uint8_t)random();
		assert_non_null(inet_ntop(ip.family == 4 ? AF_INET : AF_INET6, ip.bytes, want,
					  sizeof(want)));
		assert_true(str_is(policy_ip_text(&ip, got), want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_networks),
					    cmocka_unit_test(texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
