/** @file
 * Proxies and load balancers in front of a server: which are believed, and how they tell for whom they speak.
 *
 * A server believes one way alone. Another header, which a client may write and a proxy pass on, says nothing; nor does
 * any header of who is not trusted.
 */
#ifndef SKEP_WIRE_PROXIES_H
#define SKEP_WIRE_PROXIES_H

#include "codec/http_head.h"
#include "wire/network.h"

enum proxies_tell {
	PROXIES_TELL_X_FORWARDED_FOR,
	PROXIES_TELL_FORWARDED, /**< RFC 7239 */
	PROXIES_TELL_PROTOCOL, /**< the PROXY protocol, version 2, at the beginning of each connection */
};

struct proxies {
	struct networks trusted;
	enum proxies_tell tell;
};

/** The way called "x-forwarded-for", "forwarded" or "proxy-protocol". @return 0, -EINVAL */
MUST_CHECK int proxies_tell_find(str name, enum proxies_tell *ret, struct err *e);

/**
 * Who asked, by what the proxies between wrote into a request: the last address of the list that is not a trusted proxy's own.
 *
 * @param address who is connected; whom the request is from is put there, which is the same where nothing is believed
 */
void proxies_find_client(const struct proxies *p, const struct http_head *h,
			 uint8_t address[NETWORK_ADDRESS_BYTES]);

#endif
