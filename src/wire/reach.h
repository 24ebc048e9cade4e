/** @file
 * Which addresses may be connected to when users, not the operator of this host, choose them: whoever may set up a webhook
 * must not reach this host's own services or the metadata service of a cloud through it (server-side request forgery).
 *
 * Judged is the address connected to, not the name: a name that changes its mind does not help. Refused unless a network that
 * holds it is allowed: loopback, unspecified, link-local (169.254.0.0/16, with the metadata services of most clouds, and
 * fe80::/10), other clouds' metadata addresses, multicast, broadcast, and IPv4 written as IPv6 (mapped, 6to4, NAT64, all
 * judged by the IPv4 address). Private networks are where receivers are: they are not refused.
 */
#ifndef SKEP_WIRE_REACH_H
#define SKEP_WIRE_REACH_H

#include "base/err.h"
#include "base/str.h"

struct sockaddr;

#define REACH_NETWORKS_MAX 64

struct reach_network {
	uint8_t bytes[16]; /**< IPv4 mapped into IPv6 */
	unsigned int bits; /**< of the 128 */
};

struct reach {
	struct reach_network allowed[REACH_NETWORKS_MAX];
	size_t count;
};

/** Allows "ADDRESS" or "ADDRESS/BITS", IPv4 or IPv6. @return 0, -EINVAL, -E2BIG */
MUST_CHECK int reach_allow(struct reach *r, str network, struct err *e);
/** @param r NULL: everything is allowed. Other families than IPv4 and IPv6 are refused. */
bool reach_allows(const struct reach *r, const struct sockaddr *a);

#endif
