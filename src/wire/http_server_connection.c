#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "codec/forwarded.h"
#include "wire/http_server_priv.h"

enum {
	READ_BYTES = 16384,
	/* Slower peers run into their deadline. */
	BYTES_A_MS = 8,
	/* Requests of one connection before the others have their turn. */
	REQUESTS_A_TURN = 16,
	LINGER_MS = 2000,
	STREAM_DROPPED_BYTES = 65536,
};

static void unlink_connection(struct connection *c)
{
	struct http_server *s = c->s;

	if (c->prev)
		c->prev->next = c->next;
	else
		s->connections = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->figures.connections--;
}

void connection_kill(struct connection *c)
{
	struct http_server *s = c->s;
	struct http_server_exchange *x = TAKE(&c->x);
	enum connection_state was = c->state;

	if (was == CONNECTION_DEAD)
		return;
	unlink_connection(c);
	connection_let_go_peer(c);
	tls_free(TAKE(&c->tls));
	close(c->fd);
	c->state = CONNECTION_DEAD;
	c->deadline_ms = 0;
	if (!c->is_again) {
		c->again = s->dead;
		s->dead = c;
	}
	connection_account(c);
	if (!x)
		return;
	x->c = NULL;
	/* Whoever was asked answers still, into the void. */
	if (was == CONNECTION_ASKED)
		return;
	if (was == CONNECTION_STREAM) {
		s->figures.streams--;
		if (x->on_gone)
			x->on_gone(x->ctx);
	}
	exchange_free(x);
}

bool connection_account(struct connection *c)
{
	struct http_server *s = c->s;
	size_t holds = c->state == CONNECTION_DEAD ? 0 : c->in.cap + c->out.cap;

	s->figures.held_bytes += holds - c->held;
	c->held = holds;
	return s->figures.held_bytes <= s->o.max_held_bytes;
}

static void set_deadline(struct connection *c, uint64_t deadline_ms)
{
	c->deadline_ms = deadline_ms;
	if (deadline_ms && deadline_ms < c->s->sweep_ms)
		c->s->sweep_ms = deadline_ms;
}

void connection_set_state(struct connection *c, enum connection_state state, uint64_t deadline_ms)
{
	c->state = state;
	c->since_ms = c->s->now_ms;
	c->moved = 0;
	set_deadline(c, deadline_ms);
}

void connection_moved(struct connection *c, size_t n)
{
	uint64_t before = c->moved / BYTES_A_MS;

	c->moved += n;
	if (c->deadline_ms && c->state != CONNECTION_HEAD)
		c->deadline_ms += c->moved / BYTES_A_MS - before;
}

static void serve_again(struct connection *c)
{
	if (c->is_again)
		return;
	c->is_again = true;
	c->again = c->s->again;
	c->s->again = c;
}

/** Reads up to @p whole bytes, and none of what follows. @return 1: they are there, 0: not yet, -1: they never will be */
static int read_up_to(struct connection *c, size_t whole)
{
	char *room = buf_reserve(&c->in, whole);
	ssize_t n = room ? recv(c->fd, room, whole - c->in.n, 0) : 0;

	c->wants |= EPOLLIN;
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return -1;
	c->in.n += (size_t)n;
	return c->in.n == whole;
}

/** @return as read_up_to() */
static int read_proxy_header(struct connection *c, struct proxy_header *h)
{
	int r = c->in.n < PROXY_HEADER_MIN_BYTES ? read_up_to(c, PROXY_HEADER_MIN_BYTES) : 1;

	if (r > 0 && proxy_header_parse(buf_str(&c->in), h, NULL) < 0)
		r = -1;
	if (r > 0 && !h->whole)
		r = read_up_to(c, h->bytes);
	if (r > 0 && !h->whole && proxy_header_parse(buf_str(&c->in), h, NULL) < 0)
		r = -1;
	return r;
}

/* A load balancer that looks whether we live speaks for nobody, and stays itself. */
static bool hear_proxy(struct connection *c)
{
	struct proxy_header h = { 0 };
	int r = read_proxy_header(c, &h);

	if (r > 0 && h.is_told) {
		memcpy(c->address, h.client, sizeof(c->address));
		r = connection_count_peer(c) ? 1 : -1;
	} else if (r < 0) {
		c->s->figures.malformed++;
	}
	if (r < 0)
		connection_kill(c);
	if (r <= 0)
		return false;
	buf_done(&c->in);
	connection_begin(c, c->deadline_ms);
	return true;
}

/** A peer that speaks HTTP where TLS is spoken is told so, instead of an alert its user never sees. */
static bool speaks_plain(struct connection *c)
{
	char first;

	return recv(c->fd, &first, 1, MSG_PEEK) == 1 && first >= 'A' && first <= 'Z';
}

static bool shake_hands(struct connection *c)
{
	int r;

	if (c->moved == 0 && speaks_plain(c)) {
		tls_free(TAKE(&c->tls));
		c->is_plain = c->is_last = true;
		connection_set_state(c, CONNECTION_HEAD, c->deadline_ms);
		return true;
	}
	r = tls_handshake(c->tls, NULL);
	if (r == -EAGAIN) {
		c->moved++;
		c->wants |= tls_events(c->tls) & POLLOUT ? EPOLLOUT : EPOLLIN;
		return false;
	}
	if (r < 0) {
		c->s->figures.handshakes_failed++;
		connection_kill(c);
		return false;
	}
	tls_server_client(c->tls, &c->client);
	if (c->client.subject[0]) {
		connection_let_go_peer(c);
		c->is_excess = false;
	}
	connection_set_state(c, CONNECTION_HEAD, c->deadline_ms);
	return true;
}

/** Reads once. @return what came; 0: nothing now, or c->eof, or dead */
static size_t read_some(struct connection *c)
{
	char *room = c->eof ? NULL : buf_reserve(&c->in, READ_BYTES);
	ssize_t n;

	if (c->eof)
		return 0;
	if (!room || !connection_account(c)) {
		connection_kill(c);
		return 0;
	}
	if (c->tls)
		n = tls_read(c->tls, room, READ_BYTES, NULL);
	else
		n = recv(c->fd, room, READ_BYTES, 0);
	if (n == -EAGAIN || (n == -1 && !c->tls && errno == EAGAIN)) {
		c->wants |= c->tls && tls_events(c->tls) & POLLOUT ? EPOLLOUT : EPOLLIN;
		if (!c->in.n)
			buf_done(&c->in); /* who says nothing holds nothing */
		connection_account(c);
		return 0;
	}
	if (n < 0) {
		connection_kill(c);
		return 0;
	}
	c->eof = n == 0;
	c->in.n += (size_t)n;
	c->s->figures.received_bytes += (size_t)n;
	connection_moved(c, (size_t)n);
	return (size_t)n;
}

static void consume(struct connection *c, size_t n)
{
	c->in.n -= n;
	c->scanned = 0;
	if (c->in.n)
		memmove(c->in.p, c->in.p + n, c->in.n);
	else
		buf_done(&c->in);
	connection_account(c);
}

static int head_status(int r)
{
	switch (r) {
	case -E2BIG:
		return 431;
	case -EPROTONOSUPPORT:
		return 505;
	case -ENOSYS:
		return 501;
	default:
		return 400;
	}
}

static void send_elsewhere(struct connection *c, const struct http_head *h)
{
	str host = http_head_field(h, "host");
	OWNED_BUF to = BUF_INIT;
	bool ok = host.n > 0;

	for (size_t i = 0; ok && i < host.n; i++)
		ok = host.p[i] > 32 && host.p[i] < 127 && !strchr("/\\?#@<>\"'", host.p[i]);
	buf_printf(&to, "HTTP/1.1 %s\r\n", ok ? "308 Permanent Redirect" : "400 Bad Request");
	if (ok)
		buf_printf(&to, "Location: https://%.*s%.*s%s%.*s\r\n", STR_ARG(host),
			   STR_ARG(h->path), h->query.n ? "?" : "", STR_ARG(h->query));
	buf_printf(&to, "Content-Length: 0\r\nConnection: close\r\n\r\n");
	buf_add(&c->out, buf_str(&to));
	connection_set_state(c, CONNECTION_FLUSH, c->s->now_ms + LINGER_MS);
}

static struct http_server_exchange *new_exchange(struct connection *c, size_t head_bytes)
{
	struct http_server_exchange *x = calloc(1, sizeof(*x));

	if (x)
		x->head = malloc(head_bytes);
	if (!x || !x->head) {
		free(x);
		return NULL;
	}
	memcpy(x->head, c->in.p, head_bytes);
	x->s = c->s;
	x->c = c;
	x->body.max = c->s->o.max_body_bytes ? c->s->o.max_body_bytes : 1;
	x->held = sizeof(*x) + head_bytes;
	c->s->figures.held_bytes += x->held;
	return x;
}

static void take_head(struct connection *c, size_t n)
{
	struct http_server *s = c->s;
	struct http_head h;
	struct err e = { 0 };
	int r = http_head_parse((str){ c->in.p, n }, &h, &e);

	if (r < 0) {
		s->figures.malformed++;
		connection_refuse(c, head_status(r), e.text);
		return;
	}
	if (c->is_plain) {
		send_elsewhere(c, &h);
		return;
	}
	if (c->is_excess) {
		connection_refuse(c, 429, "too many connections from this address");
		return;
	}
	if (h.body_bytes > s->o.max_body_bytes || (h.is_chunked && !s->o.max_body_bytes)) {
		connection_refuse(c, 413, "the request's body is too large");
		return;
	}
	c->x = new_exchange(c, n);
	if (!c->x || s->figures.held_bytes > s->o.max_held_bytes) {
		connection_refuse(c, 503, "too much is asked at once; try again later");
		return;
	}
	/* Once more, from bytes that stay; it cannot fail then. */
	r = http_head_parse((str){ c->x->head, n }, &c->x->q.head, NULL);
	assert(r == 0);
	consume(c, n);
	memset(&c->chunks, 0, sizeof(c->chunks));
	if (!h.keep_alive || !s->o.idle_s || s->draining)
		c->is_last = true;
	if (h.expects_continue && (h.body_bytes || h.is_chunked) && !c->in.n)
		buf_add(&c->out, S("HTTP/1.1 100 Continue\r\n\r\n"));
	connection_set_state(c, CONNECTION_BODY, s->now_ms + (uint64_t)s->o.head_s * 1000);
}

static void ask(struct connection *c)
{
	struct http_server_exchange *x = c->x;
	struct http_server_request *q = &x->q;
	uint8_t address[NETWORK_ADDRESS_BYTES];

	memcpy(address, c->address, sizeof(address));
	if (c->is_proxied)
		proxies_find_client(c->s->o.proxies, &q->head, address);
	network_show(address, q->peer);
	q->is_proxied = c->is_proxied;
	q->body = buf_str(&x->body);
	q->is_tls = c->tls != NULL;
	q->client = c->client;
	connection_set_state(c, CONNECTION_ASKED, 0);
	c->is_served = true;
	c->s->figures.requests++;
	c->s->o.on_request(c->s->o.ctx, x);
}

static bool add_body(struct connection *c, str data)
{
	buf_add(&c->x->body, data);
	if (buf_error(&c->x->body))
		connection_refuse(c, 413, "the request's body is too large");
	else if (!exchange_account(c->x))
		connection_refuse(c, 503, "too much is asked at once; try again later");
	else
		return true;
	return false;
}

/** Takes what has come of the body. @return whether more is needed */
static bool take_body(struct connection *c)
{
	str in = buf_str(&c->in), data;
	struct err e = { 0 };

	if (!c->x->q.head.is_chunked) {
		uint64_t left = c->x->q.head.body_bytes - c->x->body.n;

		data = str_take(in, MIN(in.n, left));
		if (!add_body(c, data))
			return false;
		consume(c, data.n);
		if (data.n == left)
			ask(c);
		return data.n < left;
	}
	while (in.n && c->chunks.at != HTTP_CHUNK_END) {
		if (http_chunks_next(&c->chunks, &in, &data, &e) < 0) {
			c->s->figures.malformed++;
			connection_refuse(c, 400, e.text);
			return false;
		}
		if (!add_body(c, data))
			return false;
	}
	consume(c, c->in.n - in.n);
	if (c->chunks.at == HTTP_CHUNK_END)
		ask(c);
	return c->chunks.at != HTTP_CHUNK_END;
}

/** Looks for a request in what has come. @return whether more is needed */
static bool take_request(struct connection *c)
{
	str in = buf_str(&c->in);
	size_t from = c->scanned > 3 ? c->scanned - 3 : 0, n;

	if (c->state == CONNECTION_BODY)
		return take_body(c);
	/* Empty lines before a request are passed over (RFC 9112 section 2.2). */
	while (str_starts(in, S("\r\n"))) {
		consume(c, 2);
		in = buf_str(&c->in);
		from = 0;
	}
	n = http_head_length(str_skip(in, from));
	if (n && from + n <= HTTP_SERVER_HEAD_BYTES) {
		take_head(c, from + n);
		return false;
	}
	c->scanned = in.n;
	if (in.n < HTTP_SERVER_HEAD_BYTES)
		return true;
	c->s->figures.malformed++;
	connection_refuse(c, 431, "the request's head is too large");
	return false;
}

/** Its first byte begins a request's time. */
static void begin_request(struct connection *c)
{
	if (c->state == CONNECTION_HEAD && c->is_served && c->in.n && !c->scanned)
		set_deadline(c, c->s->now_ms + (uint64_t)c->s->o.head_s * 1000);
}

static bool step_request(struct connection *c)
{
	/* Ours is the turn to speak: what came already may hold all that is needed. */
	if (c->in.n == 0 || take_request(c)) {
		if (c->state != CONNECTION_HEAD && c->state != CONNECTION_BODY)
			return true;
		if (c->state == CONNECTION_BODY && c->in.n == 0 && !c->x->q.head.is_chunked &&
		    c->x->body.n == c->x->q.head.body_bytes) {
			ask(c);
			return true;
		}
		if (read_some(c) == 0) {
			if (c->eof && c->state != CONNECTION_DEAD)
				connection_kill(c);
			return false;
		}
		begin_request(c);
	}
	return true;
}

/* Hints may be sent for hours: what the peer says meanwhile is dropped, and its end is heard. */
static bool step_stream(struct connection *c)
{
	size_t n = read_some(c);

	if (c->state == CONNECTION_DEAD)
		return false;
	c->dropped += n;
	if (c->eof || c->dropped > STREAM_DROPPED_BYTES) {
		connection_kill(c);
		return false;
	}
	consume(c, c->in.n);
	return n > 0;
}

static bool step_linger(struct connection *c)
{
	size_t n = read_some(c);

	if (c->state == CONNECTION_DEAD)
		return false;
	consume(c, c->in.n);
	if (c->eof)
		connection_kill(c);
	return n > 0;
}

static void finish_answer(struct connection *c)
{
	struct http_server *s = c->s;

	buf_done(&c->out);
	c->out_at = 0;
	c->stays = (str){ 0 };
	if (!c->is_last && !s->draining) {
		connection_set_state(c, CONNECTION_HEAD, s->now_ms + (uint64_t)s->o.idle_s * 1000);
		return;
	}
	/* Closing with bytes unread would reset the connection and take the answer from the peer. */
	tls_free(TAKE(&c->tls));
	(void)shutdown(c->fd, SHUT_WR);
	consume(c, c->in.n);
	connection_set_state(c, CONNECTION_LINGER, s->now_ms + LINGER_MS);
}

/** One step. @return whether another may follow */
static bool step(struct connection *c)
{
	switch (c->state) {
	case CONNECTION_PROXY:
		return hear_proxy(c);
	case CONNECTION_HANDSHAKE:
		return shake_hands(c);
	case CONNECTION_HEAD:
	case CONNECTION_BODY:
		return step_request(c);
	case CONNECTION_FLUSH:
		if (c->out_at < c->out.n || c->stays.n)
			return false;
		finish_answer(c);
		return true;
	case CONNECTION_STREAM:
		return step_stream(c);
	case CONNECTION_LINGER:
		return step_linger(c);
	default:
		return false;
	}
}

static void tell_epoll(struct connection *c)
{
	struct epoll_event ev = { .data.ptr = c };

	ev.events = c->state == CONNECTION_ASKED ? c->wants & EPOLLOUT : c->wants;
	if (ev.events == c->interest)
		return;
	if (epoll_ctl(c->s->epoll, EPOLL_CTL_MOD, c->fd, &ev) < 0)
		connection_kill(c);
	else
		c->interest = ev.events;
}

void connection_pump(struct connection *c)
{
	uint64_t asked = c->s->figures.requests;
	bool more = true;

	if (c->pumping)
		return;
	c->pumping = true;
	c->wants = 0;
	while (more && c->state != CONNECTION_DEAD) {
		more = connection_flush(c);
		if (c->state != CONNECTION_DEAD)
			more = step(c) || more;
		if (c->s->figures.requests - asked >= REQUESTS_A_TURN && more) {
			serve_again(c);
			break;
		}
	}
	c->pumping = false;
	if (c->state != CONNECTION_DEAD)
		tell_epoll(c);
}
