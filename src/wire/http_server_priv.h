/** @file
 * What the files of the HTTP server share: http_server.c (listening, the loop), http_server_connection.c (from bytes to requests)
 * and http_server_answer.c (from answers to bytes).
 */
#ifndef SKEP_WIRE_HTTP_SERVER_PRIV_H
#define SKEP_WIRE_HTTP_SERVER_PRIV_H

#include <netinet/in.h>
#include <pthread.h>

#include "wire/http_server.h"

enum connection_state {
	CONNECTION_PROXY, /* a load balancer says for whom it speaks */
	CONNECTION_HANDSHAKE,
	CONNECTION_HEAD,
	CONNECTION_BODY,
	CONNECTION_ASKED,  /* somebody works on the answer */
	CONNECTION_FLUSH,  /* the answer is being written */
	CONNECTION_STREAM, /* it goes on until somebody ends it */
	CONNECTION_LINGER, /* all is said; the peer reads it while we drop what it still sends */
	CONNECTION_DEAD,
};

/* An address, or the part of an IPv6 address that one customer has. */
struct peer {
	struct peer *next;
	uint8_t key[16];
	uint32_t count;
};

struct connection {
	struct http_server *s;
	struct connection *prev, *next; /* all of them, the newest first */
	struct connection *again;       /* next of those to be served once more, or of the dead */
	bool is_again, pumping, eof;
	enum connection_state state;
	int fd;
	struct tls *tls;
	uint32_t interest; /* what epoll was told */
	uint32_t wants;    /* what the last -EAGAIN waits for */
	bool is_served;    /* it had a request before */
	bool is_plain;     /* no TLS where TLS is spoken: told to come again */
	bool is_last;      /* no request is taken after this one */
	bool is_proxied;   /* who is connected is a trusted proxy */
	bool is_excess;    /* one more than its address may have */
	struct peer *peer; /* NULL: not counted */
	struct tls_client client;
	uint8_t address[NETWORK_ADDRESS_BYTES];

	struct buf in;
	size_t scanned; /* of `in`, without the end of a head */
	size_t dropped; /* while an endless answer goes out */
	size_t held;    /* what was accounted for */
	struct http_chunks chunks;
	struct http_server_exchange *x;

	struct buf out;
	size_t out_at;
	str stays; /* behind `out` */

	uint64_t deadline_ms; /* 0: none */
	uint64_t since_ms;    /* when this state began */
	uint64_t moved;       /* bytes since then */
};

struct http_server_exchange {
	struct http_server *s;
	struct connection *c; /* NULL: the peer is gone */
	struct http_server_request q;
	char *head; /* q.head's bytes */
	struct buf body;
	size_t held;
	bool is_chunked; /* the endless answer is */
	void (*on_gone)(void *ctx);
	void *ctx;
};

struct posted {
	struct posted *next;
	void (*fn)(void *arg);
	void *arg;
};

enum { PEER_BUCKETS = 1024 };

struct http_server {
	struct http_server_options o;
	int epoll, listener, wake;
	bool paused, draining;
	unsigned int port;
	struct connection *connections, *again, *dead;
	struct peer *peers[PEER_BUCKETS];
	uint64_t sweep_ms; /* the next time a deadline may be over */
	uint64_t now_ms;
	struct http_server_figures figures;
	pthread_mutex_t lock;
	struct posted *posted, **posted_end;
	int64_t date_s;
	char date[32];
};

/** Does for a connection what can be done now; it may be dead afterwards, and is freed at the end of the turn. */
void connection_pump(struct connection *c);
void connection_kill(struct connection *c);
void connection_set_state(struct connection *c, enum connection_state state, uint64_t deadline_ms);
/** Moves the deadline as bytes move: whoever is slower than that runs into it. */
void connection_moved(struct connection *c, size_t n);
/** Answers what is no request, or one too many, and closes. */
void connection_refuse(struct connection *c, int status, const char *detail);
/** Writes what can be. @return whether anything was */
bool connection_flush(struct connection *c);
/** Accounts for what it holds now. @return whether all together hold no more than they may */
bool connection_account(struct connection *c);
void connection_let_go_peer(struct connection *c);
/** Counts it for its address. @return whether it may stay */
bool connection_count_peer(struct connection *c);
/** Begins with what comes first on it: a handshake, or a head. */
void connection_begin(struct connection *c, uint64_t deadline_ms);

void exchange_free(struct http_server_exchange *x);
/** Accounts for what @p x holds now. @return whether all together hold no more than they may */
bool exchange_account(struct http_server_exchange *x);

#endif
