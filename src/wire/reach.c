#include "wire/reach.h"

#define V4(a, b, c, d) 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static const struct network refused[] = {
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

static bool is_refused(const uint8_t a[NETWORK_ADDRESS_BYTES])
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (network_has(&refused[i], a))
			return true;
	return false;
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

bool reach_allows(const struct networks *allowed, const struct sockaddr *a)
{
	uint8_t bytes[NETWORK_ADDRESS_BYTES];

	if (!allowed)
		return true;
	if (!network_address(a, bytes))
		return false;
	unwrap(bytes);
	return networks_have(allowed, bytes) || !is_refused(bytes);
}
