/** @file
 * HTTP client. The only module that knows libcurl.
 *
 * The peer is not trusted: header and body sizes are bounded, a transfer without progress ends after a time-out,
 * redirects are followed only to http(s) and lose credentials when they leave the host.
 */
#ifndef SKEP_WIRE_HTTP_H
#define SKEP_WIRE_HTTP_H

#include "base/buf.h"
#include "base/err.h"

struct http_client;

struct http_options {
	const char *ca_file; /**< additional certificate authority, PEM; NULL: the system's only */
	bool insecure;       /**< do not verify the peer's certificate */
	const char *unix_socket;    /**< speak over this socket instead of TCP; NULL: TCP */
	unsigned int stall_s;       /**< give up after so many seconds without a byte; 0: 30 */
	unsigned int max_redirects; /**< 0: none */
	const char *user_agent;
};

MUST_CHECK int http_client_new(const struct http_options *o, struct http_client **ret,
			       struct err *e);
void http_client_free(struct http_client *c);

struct http_request {
	const char *method; /**< NULL: GET */
	const char *url;
	const char *const *headers; /**< "Name: value", NULL-terminated; may be NULL */
	str body;
	uint64_t max_body; /**< bytes; over it the transfer ends with -E2BIG */
	uint64_t offset;   /**< > 0: ask for the rest from here (Range) */
	/** Receives the body of a 2xx answer as it comes; NULL: it is collected in response.body. Non-zero ends it. */
	int (*on_body)(void *ctx, str bytes, struct err *e);
	void *ctx;
};

struct http_response {
	int status;
	struct buf
		body; /**< the body, or the first 64 KiB of an error's; free with http_response_done() */
	struct buf headers;      /**< "name: value\n" lines, names lower case */
	uint64_t content_length; /**< UINT64_MAX when the peer did not say */
	bool is_partial;         /**< the peer honoured the Range (206) */
};

/**
 * One exchange. Any status is a success of this function.
 *
 * @return 0, -EHOSTUNREACH (name or connection), -ETIMEDOUT, -EPROTO (broken answer, truncated body), -EACCES (TLS
 *         verification), -E2BIG, or what on_body returned
 */
MUST_CHECK int http_exchange(struct http_client *c, const struct http_request *q,
			     struct http_response *ret, struct err *e);
void http_response_done(struct http_response *r);
/** The value of header @p name (lower case), or the empty span. */
str http_header(const struct http_response *r, const char *name);

#endif
