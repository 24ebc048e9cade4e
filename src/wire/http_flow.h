/** @file
 * HTTP exchanges that never block: any number of them on one thread, driven by one descriptor. For peers that talk when
 * they like (an engine's events) and peers that may hang.
 *
 * The peer is not trusted, as in wire/http.h: bodies are bounded, exchanges have an end unless they are meant to last.
 * Redirects are followed as often as the options say, from https to https only; credentials do not leave the host. Mail goes the same way (SMTP, RFC 5321). The second of the two modules that know libcurl.
 */
#ifndef SKEP_WIRE_HTTP_FLOW_H
#define SKEP_WIRE_HTTP_FLOW_H

#include "wire/http.h"
#include "wire/reach.h"

struct http_flows;
struct http_flow;

MUST_CHECK int http_flows_new(struct http_flows **ret, struct err *e);
/** Ends all that still run, without telling. */
void http_flows_free(struct http_flows *s);

/** Readable when http_flows_work() has something to do. */
int http_flows_fd(const struct http_flows *s);
/** Moves what can be moved now and calls back. Flows may be started and stopped in on_end only. */
void http_flows_work(struct http_flows *s);

/** A mail's envelope (RFC 5321). Copied. */
struct http_mail {
	const char *from;            /**< an address without brackets */
	const char *const *to;       /**< NULL-terminated */
	const char *user, *password; /**< NULL: no authentication */
	bool start_tls; /**< with smtp://: speak TLS before anything that matters, or not at all */
};

struct http_flow_request {
	const char *url;
	const char *const *headers; /**< "Name: value", NULL-terminated, copied; may be NULL */
	str body; /**< sent by POST when it is not empty; must live until the end */
	const struct http_mail
		*mail; /**< the body is a mail, the URL smtp:// or smtps://; NULL: no mail */
	const struct networks *reach; /**< addresses that may be connected to; NULL: all */
	/** bytes of the whole answer; 0: no bound (on_body must have its own) */
	uint64_t max_body;
	unsigned int total_s;   /**< give up after so long; 0: it may last */
	unsigned int connect_s; /**< give up when the peer does not accept so long; 0: 5 */
	/** A header of the answer, and of those that lead elsewhere; NULL: they are passed over. */
	void (*on_header)(void *ctx, str name, str value);
	/** Bytes of a 2xx answer. Non-zero ends the flow with that result. NULL: they are passed over. */
	int (*on_body)(void *ctx, str bytes);
	/** The same of an answer of 400 and above: what it says of why. */
	int (*on_refusal)(void *ctx, str bytes);
	/**
	 * The flow is over and freed after this.
	 * @param result 0 (whatever the status is; of a mail the last reply's, 250 when it was taken), -EHOSTUNREACH,
	 *        -ENOENT or -EACCES (the Unix socket), -EPERM (every address of the name is out of reach), -ETIMEDOUT,
	 *        -EKEYREJECTED (the certificate), -EPROTO, -E2BIG, or what on_body returned
	 */
	void (*on_end)(void *ctx, int result, int status);
	void *ctx;
	/** set before on_end: how long the peer asks to be left alone (Retry-After), 0: it does not; may be NULL */
	unsigned int *ret_retry_after_s;
};

/** Starts a GET or a POST. @return 0, -ENOMEM, -EINVAL (the URL) */
MUST_CHECK int http_flow_start(struct http_flows *s, const struct http_options *o,
			       const struct http_flow_request *q, struct http_flow **ret,
			       struct err *e);
/** What a negative result of on_end means, for people: "it cannot be reached". */
const char *http_flow_failure(int result);
/** Ends it without telling; NULL is fine. */
void http_flow_stop(struct http_flow *f);

#endif
