/** @file
 * Addresses and networks: "10.1.2.3", "10.0.0.0/8", "fe80::/10". A look-up costs one search for each prefix length in use.
 */
#ifndef SKEP_POLICY_IP_SET_H
#define SKEP_POLICY_IP_SET_H

#include "base/arena.h"
#include "policy/field.h"

struct ip_set;

/** An address. @return 0 or -EBADMSG */
MUST_CHECK int ip_parse(str text, struct policy_ip *ret, struct err *e);

#define POLICY_IP_BYTES sizeof("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

/** As inet_ntop(3) writes it. @return the text, in @p to */
str policy_ip_text(const struct policy_ip *ip, char to[POLICY_IP_BYTES]);

/**
 * @param texts addresses, or networks as address/bits
 * @param ret_bad which one is malformed, set only on -EBADMSG; may be NULL
 * @return 0, -EBADMSG, -ENOBUFS
 */
MUST_CHECK int ip_set_new(const str *texts, size_t count, struct arena *a, struct ip_set **ret,
			  size_t *ret_bad, struct err *e);
bool ip_set_has(const struct ip_set *s, const struct policy_ip *ip);

bool policy_ip_eq(const struct policy_ip *a, const struct policy_ip *b);

#endif
