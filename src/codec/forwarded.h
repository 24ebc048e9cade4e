/** @file
 * For whom a proxy or load balancer speaks: X-Forwarded-For, Forwarded (RFC 7239), and the binary header of the PROXY protocol,
 * version 2 (haproxy.org, proxy-protocol.txt section 2.2).
 *
 * What is read here is worth no more than whoever sent it: who may be believed is the caller's business. Each proxy adds
 * itself at a list's end, so lists are taken from their end; what stands before may have been written by anybody.
 *
 * An address is 16 bytes: IPv6, or IPv4 mapped into it (RFC 4291 section 2.5.5.2).
 */
#ifndef SKEP_CODEC_FORWARDED_H
#define SKEP_CODEC_FORWARDED_H

#include "base/err.h"
#include "base/str.h"

#define FORWARDED_ADDRESS_BYTES 16
/** What tells that a connection begins with a header of version 2, and how long it is. */
#define PROXY_HEADER_MIN_BYTES 16
#define PROXY_HEADER_MAX_BYTES 4096

/**
 * Cuts the last element off a list.
 *
 * @param list the value of an X-Forwarded-For, or with @p is_rfc7239 of a Forwarded; what is left of it is put there
 * @return 0, -ENOENT (the list is empty), -EBADMSG (the element names no address: "unknown", "_hidden", anything else)
 */
MUST_CHECK int forwarded_cut_last(str *list, bool is_rfc7239, uint8_t ret[FORWARDED_ADDRESS_BYTES]);

struct proxy_header {
	size_t bytes; /**< how long the header is, once PROXY_HEADER_MIN_BYTES of it are there */
	bool whole;   /**< all of it is there */
	bool is_told; /**< it names a client; else the proxy speaks for itself (LOCAL), or of something without an address */
	uint8_t client[FORWARDED_ADDRESS_BYTES];
};

/**
 * Reads the header a connection begins with.
 *
 * @param in what has come, PROXY_HEADER_MIN_BYTES at least
 * @return 0, -EBADMSG (no such header, or a malformed one), -E2BIG (over PROXY_HEADER_MAX_BYTES)
 */
MUST_CHECK int proxy_header_parse(str in, struct proxy_header *ret, struct err *e);

#endif
