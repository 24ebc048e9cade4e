#include "wire/reach.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define V4(a, b, c, d) 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static const struct reach_network refused[] = {
	{ { V4(0, 0, 0, 0) }, 104 },         /* this network; 0.0.0.0 is loopback to Linux */
	{ { V4(127, 0, 0, 0) }, 104 },       /* loopback */
	{ { V4(169, 254, 0, 0) }, 112 },     /* link-local: AWS, Azure, Google, Oracle, OpenStack */
	{ { V4(100, 100, 100, 200) }, 128 }, /* Alibaba's metadata */
	{ { V4(192, 0, 0, 192) }, 128 },     /* Oracle's */
	{ { V4(168, 63, 129, 16) }, 128 },   /* Azure's wire server */
	{ { V4(224, 0, 0, 0) }, 99 },        /* multicast, and what is reserved up to broadcast */
	{ { 0 }, 127 },                      /* :: and ::1 */
	{ { 0xfe, 0x80 }, 10 },              /* link-local */
	{ { 0xff }, 8 },                     /* multicast */
	{ { 0xfd, 0, 0x0e, 0xc2, [15] = 0xfe },
	  112 }, /* AWS's metadata, resolver and time: fd00:ec2::/112 */
	{ { 0xfd, 0x20, 0, 0xce, [14] = 0x02, [15] = 0x54 },
	  128 }, /* Google's metadata: fd20:ce::254 */
};

static bool in(const struct reach_network *n, const uint8_t a[16])
{
	unsigned int whole = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->bytes, a, whole) != 0)
		return false;
	return !rest || ((n->bytes[whole] ^ a[whole]) >> (8 - rest)) == 0;
}

static bool in_any(const struct reach_network *list, size_t count, const uint8_t a[16])
{
	for (size_t i = 0; i < count; i++)
		if (in(&list[i], a))
			return true;
	return false;
}

int reach_allow(struct reach *r, str network, struct err *e)
{
	struct reach_network n = { .bits = 128 };
	str bits = network, address = str_cut(&bits, '/');
	bool v4 = str_find(address, ':') == address.n, has_bits = address.n < network.n;
	char text[INET6_ADDRSTRLEN] = { 0 };
	uint32_t written = 0;

	if (address.n < sizeof(text))
		memcpy(text, address.p, address.n);
	memcpy(n.bytes, mapped, v4 ? sizeof(mapped) : 0);
	if (inet_pton(v4 ? AF_INET : AF_INET6, text, n.bytes + (v4 ? 12 : 0)) != 1 ||
	    (has_bits && (str_u32(bits, &written) < 0 || written > (v4 ? 32 : 128))))
		return err_set(e, EINVAL, "'%.*s' is no address and no network",
			       STR_ARG(str_take(network, 64)));
	if (has_bits)
		n.bits = written + (v4 ? 96 : 0);
	if (r->count == REACH_NETWORKS_MAX)
		return err_set(e, E2BIG, "more than %d networks", REACH_NETWORKS_MAX);
	r->allowed[r->count++] = n;
	return 0;
}

/* An IPv4 address in an IPv6 one is judged as what it is. */
static void unwrap(uint8_t a[16])
{
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const uint8_t compatible[12] = { 0 };
	uint8_t v4[4];

	if (memcmp(a, nat64, 12) == 0 || (memcmp(a, compatible, 12) == 0 && (a[12] || a[13])))
		memcpy(v4, a + 12, 4);
	else if (a[0] == 0x20 && a[1] == 0x02)
		memcpy(v4, a + 2, 4);
	else
		return;
	memcpy(a, mapped, 12);
	memcpy(a + 12, v4, 4);
}

bool reach_allows(const struct reach *r, const struct sockaddr *a)
{
	uint8_t bytes[16];

	if (!r)
		return true;
	if (a->sa_family == AF_INET) {
		struct sockaddr_in in4;

		memcpy(&in4, a, sizeof(in4));
		memcpy(bytes, mapped, 12);
		memcpy(bytes + 12, &in4.sin_addr, 4);
	} else if (a->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, a, sizeof(in6));
		memcpy(bytes, &in6.sin6_addr, 16);
		unwrap(bytes);
	} else {
		return false;
	}
	return in_any(r->allowed, r->count, bytes) || !in_any(refused, ARRAY_LEN(refused), bytes);
}
