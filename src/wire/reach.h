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

#include "wire/network.h"

/** @param allowed NULL: everything is. Other families than IPv4 and IPv6 are refused. */
bool reach_allows(const struct networks *allowed, const struct sockaddr *a);

#endif
