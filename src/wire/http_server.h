/** @file
 * HTTP/1.1 server (RFC 9110, 9112), over TLS or plain: whole requests in, answers and endless answers out.
 *
 * One thread owns a server and everything made of it; http_server_post() alone may be called from others. It never blocks:
 * its descriptor is readable when there is something to do. Peers are not trusted: heads, bodies, connections (in all and by
 * address) and the time for each step are bounded, as is what all requests together may take; a malformed request is answered
 * 4xx and the connection closed.
 */
#ifndef SKEP_WIRE_HTTP_SERVER_H
#define SKEP_WIRE_HTTP_SERVER_H

#include "base/buf.h"
#include "codec/http_head.h"
#include "wire/proxies.h"
#include "wire/tls_server.h"

#define HTTP_SERVER_HEAD_BYTES 32768
#define HTTP_SERVER_MAX_FIELDS 16

struct http_server;
/** One request on its way to an answer. */
struct http_server_exchange;

struct http_server_options {
	const char *
		address; /**< "127.0.0.1:9765", "[::1]:9765", ":9765" for all; port 0: the kernel chooses */
	struct tls_server *tls; /**< borrowed; NULL: plain */
	/** The whole request is there; answer it now or later. */
	void (*on_request)(void *ctx, struct http_server_exchange *x);
	void *ctx;
	uint64_t max_body_bytes; /**< of one request; over it 413; 0: no bodies */
	uint64_t
		max_held_bytes; /**< of all requests being read or answered; over it 503; 0: 64 MiB */
	uint32_t head_s;        /**< for the TLS handshake and a head; 0: 10 */
	uint32_t
		idle_s; /**< a connection without a request is kept so long; 0: one request a connection */
	uint32_t
		max_connections; /**< who comes then takes the place of the one idle for longest, or waits; 0: 64 */
	/**
	 * From one address, those with a verified certificate and those of proxies not counted; 0: no bound. An eighth more, and
	 * eight, are taken to be answered 429 and closed, or to show a certificate after all; others are closed at once.
	 */
	uint32_t max_per_peer;
	const struct proxies *proxies; /**< in front of it, believed; borrowed; NULL: none */
};

/** What was asked. Constant, and may be read by any thread, until the answer is given. */
struct http_server_request {
	struct http_head head; /**< method, path, query, fields */
	str body;              /**< as sent; its Content-Encoding is the handler's business */
	char peer
		[NETWORK_TEXT_BYTES]; /**< the address of who asks: who is connected, or for whom a trusted proxy speaks */
	bool is_proxied; /**< a trusted proxy is connected */
	bool is_tls;
	struct tls_client
		client; /**< who the peer is by its verified certificate; empty subject: it showed none */
};

struct http_server_field {
	const char *name;
	const char
		*value; /**< of latin text without line ends: our mistake otherwise, and asserts */
};

struct http_server_reply {
	int status;
	const char *type; /**< media type; NULL: none */
	struct http_server_field fields[HTTP_SERVER_MAX_FIELDS];
	size_t field_count;
	str body;
	bool body_stays; /**< it outlives the server and is not copied */
	bool last;       /**< the connection is closed behind it */
};

/** Whether http_server_options.address can be one; not whether it can be had. @return 0, -EINVAL */
MUST_CHECK int http_server_check_address(const char *address, struct err *e);
/** @return 0, -EINVAL (the address), -errno of bind(2), -ENOMEM */
MUST_CHECK int http_server_new(const struct http_server_options *o, struct http_server **ret,
			       struct err *e);
/** Ends every connection at once; what was posted is called first. Every exchange must have been answered. */
void http_server_free(struct http_server *s);

/** Readable when http_server_work() has something to do. */
int http_server_fd(const struct http_server *s);
/** The port it listens at. */
unsigned int http_server_port(const struct http_server *s);
/** Does what can be done now. @return milliseconds after which to call again at the latest; -1: only when readable */
int http_server_work(struct http_server *s);
/** From any thread: has @p fn called with @p arg on the owner's. @return 0, -ENOMEM */
MUST_CHECK int http_server_post(struct http_server *s, void (*fn)(void *arg), void *arg);

/**
 * Takes no more connections and requests; those whose answer is still due get it, with "Connection: close"; endless answers
 * are ended.
 */
void http_server_drain(struct http_server *s);
/** Whether every connection is gone. */
bool http_server_is_idle(const struct http_server *s);

struct http_server_figures {
	uint64_t accepted, refused, requests, malformed, timed_out, handshakes_failed;
	uint64_t sent_bytes, received_bytes;
	size_t connections, streams, held_bytes;
};
void http_server_read(const struct http_server *s, struct http_server_figures *ret);

const struct http_server_request *http_server_request(const struct http_server_exchange *x);
/** Answers, and forgets the exchange: also when the peer is gone, which is no error. HEAD gets no body by itself. */
void http_server_answer(struct http_server_exchange *x, const struct http_server_reply *r);

/**
 * Begins an answer that goes on: r->body is its first piece.
 * @param on_gone called once, when the peer hung up, read too slowly, or the server drains: not after http_server_end(). The
 *        exchange is gone then.
 */
void http_server_stream(struct http_server_exchange *x, const struct http_server_reply *r,
			void (*on_gone)(void *ctx), void *ctx);
/** Adds a piece. A peer that leaves more than 1 MiB unread is hung up on: on_gone may be called from here. */
void http_server_send(struct http_server_exchange *x, str bytes);
void http_server_end(struct http_server_exchange *x);

#endif
