/** @file
 * HTTP client. The only module that knows libcurl.
 *
 * The peer is not trusted: header and body sizes are bounded, a transfer that stalls ends after a time-out,
 * redirects are followed only to http(s), never from https to http, and lose credentials when they leave the host.
 * Proxies are taken from the environment (http_proxy, https_proxy, no_proxy). Messages name a URL without its user
 * information and query, because both carry secrets. One client serves one thread.
 */
#ifndef SKEP_WIRE_HTTP_H
#define SKEP_WIRE_HTTP_H

#include "base/buf.h"
#include "base/err.h"

struct networks; /* wire/network.h */
struct http_client;
struct http_response;

struct http_options {
	const char *ca_file; /**< additional certificate authority, PEM; NULL: the system's only */
	/** authorities trusted instead of the system's, PEM; not with ca_file; NULL: the system's */
	const char *only_ca_file;
	bool insecure; /**< do not verify the peer's certificate; allow https to lead to http */
	const char *client_cert; /**< PEM, shown to the peer; NULL: none */
	const char *client_key;
	const char *unix_socket; /**< speak over this socket instead of TCP; NULL: TCP */
	unsigned int stall_s;    /**< give up when so many seconds bring less than 1 KiB; 0: 30 */
	unsigned int max_redirects; /**< 0: none */
	/** which addresses may be connected to, also where redirects lead (wire/reach.h); outlives the client; NULL: all */
	const struct networks *reach;
	const char *user_agent;
};

MUST_CHECK int http_client_new(const struct http_options *o, struct http_client **ret,
			       struct err *e);
void http_client_free(struct http_client *c);

/** The bound of a collected body when the request names none; a streamed one has none then. */
#define HTTP_MAX_BODY (8u << 20)

struct http_request {
	const char *method; /**< NULL: GET */
	const char *url;
	const char *const *headers; /**< "Name: value", NULL-terminated; may be NULL */
	str body;
	uint64_t max_body; /**< bytes; over it the transfer ends with -E2BIG; 0: HTTP_MAX_BODY */
	/** > 0: ask for the rest from here (Range); is_partial tells whether it was granted */
	uint64_t offset;
	/** Called once, when the headers of a 2xx answer are complete, before the body; NULL: not. Non-zero ends it. */
	int (*on_start)(void *ctx, const struct http_response *r, struct err *e);
	/** Receives the body of a 2xx answer as it comes; NULL: it is collected in response.body. Non-zero ends it. */
	int (*on_body)(void *ctx, str bytes, struct err *e);
	void *ctx;
};

struct http_response {
	int status;
	/** the body, or the first 64 KiB of an error's; free with http_response_done() */
	struct buf body;
	struct buf headers;      /**< "name: value\n" lines, names lower case */
	uint64_t content_length; /**< of this answer; UINT64_MAX when the peer did not say */
	bool is_partial;         /**< the peer honoured the Range (206) */
};

/**
 * One exchange, redirects followed. Any status is a success of this function.
 *
 * @return 0, -EHOSTUNREACH (name or connection), -ENOENT or -EACCES (the Unix socket), -ETIMEDOUT, -EPROTO (broken
 *         answer, truncated body, no TLS at the other end), -EACCES (TLS verification; a
 *         redirect to plain http or to another scheme), -EPERM (every address of the name is out of reach), -E2BIG, -EINVAL (the URL), or what a callback returned
 */
MUST_CHECK int http_exchange(struct http_client *c, const struct http_request *q,
			     struct http_response *ret, struct err *e);
void http_response_done(struct http_response *r);
/** The value of header @p name (lower case), or the empty span. */
str http_header(const struct http_response *r, const char *name);

#endif
