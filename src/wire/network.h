/** @file
 * Addresses as bytes, and networks of them: "192.0.2.1", "10.0.0.0/8", "fe80::/10". An address is 16 bytes, IPv4 mapped into IPv6
 * (RFC 4291 section 2.5.5.2), so that one comparison serves both.
 */
#ifndef SKEP_WIRE_NETWORK_H
#define SKEP_WIRE_NETWORK_H

#include "base/err.h"
#include "base/str.h"

struct sockaddr;

#define NETWORK_ADDRESS_BYTES 16
/** "255.255.255.255" or an IPv6 address, with a NUL. */
#define NETWORK_TEXT_BYTES 48
#define NETWORKS_MAX 64

struct network {
	uint8_t bytes[NETWORK_ADDRESS_BYTES];
	unsigned int bits; /**< of the 128 */
};

struct networks {
	struct network list[NETWORKS_MAX];
	size_t count;
};

/** Adds "ADDRESS" or "ADDRESS/BITS". @return 0, -EINVAL, -E2BIG */
MUST_CHECK int networks_add(struct networks *n, str network, struct err *e);
bool network_has(const struct network *n, const uint8_t address[NETWORK_ADDRESS_BYTES]);
bool networks_have(const struct networks *n, const uint8_t address[NETWORK_ADDRESS_BYTES]);

/** @return whether it is an address of IPv4 or IPv6 */
MUST_CHECK bool network_address(const struct sockaddr *a, uint8_t ret[NETWORK_ADDRESS_BYTES]);
void network_show(const uint8_t address[NETWORK_ADDRESS_BYTES], char ret[NETWORK_TEXT_BYTES]);

#endif
