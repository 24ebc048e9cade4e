#include "wire/http_server.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "wire/http_server_priv.h"

enum {
	HELD_DEFAULT_BYTES = 64 << 20,
	HEAD_DEFAULT_S = 10,
	CONNECTIONS_DEFAULT = 64,
	ACCEPTS_A_TURN = 64,
	EVENTS_A_TURN = 256,
	BACKLOG = 1024,
	/* Where nothing is idle, whoever said nothing for so long makes room. */
	NEW_MS = 1000,
	PAUSE_MS = 200,
};

static int split_address(const char *address, char *host, size_t room, const char **ret_port,
			 struct err *e)
{
	const char *colon = strrchr(address, ':');
	size_t n = colon ? (size_t)(colon - address) : 0;
	bool bracketed = n >= 2 && address[0] == '[' && address[n - 1] == ']';
	uint32_t port;

	if (bracketed)
		address++, n -= 2;
	if (!colon || n >= room || (!bracketed && memchr(address, ':', n)) ||
	    str_u32(str_from(colon + 1), &port) < 0 || port > 65535)
		return err_set(e, EINVAL, "'%s' is no ADDRESS:PORT", address);
	memcpy(host, n ? address : "::", n ? n : 3);
	if (n)
		host[n] = '\0';
	*ret_port = colon + 1;
	return 0;
}

static int bind_to(const struct addrinfo *a, const char *address, struct err *e)
{
	int on = 1, off = 0, r,
	    fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(e, errno, "cannot listen at '%s'", address);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	r = err_sys(e, errno, "cannot listen at '%s'", address);
	close(fd);
	return r;
}

static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };

static int find_address(const char *address, const char **ret_port, struct addrinfo **ret,
			struct err *e)
{
	char host[64];
	int r = split_address(address, host, sizeof(host), ret_port, e);

	if (r == 0 && getaddrinfo(host, *ret_port, &hints, ret) != 0)
		r = err_set(e, EINVAL, "'%s' is no ADDRESS:PORT", address);
	return r;
}

int http_server_check_address(const char *address, struct err *e)
{
	struct addrinfo *found = NULL;
	const char *port;
	int r = find_address(address, &port, &found, e);

	if (found)
		freeaddrinfo(found);
	return r;
}

static int listen_at(const char *address, struct err *e)
{
	struct addrinfo *found = NULL;
	const char *port;
	int r = find_address(address, &port, &found, e);

	if (r < 0)
		return r;
	r = bind_to(found, address, e);
	/* Kernels without IPv6 have all of IPv4 still. */
	if (r == -EAFNOSUPPORT && address[0] == ':') {
		freeaddrinfo(found);
		if (getaddrinfo("0.0.0.0", port, &hints, &found) != 0)
			return r;
		r = bind_to(found, address, e);
	}
	freeaddrinfo(found);
	return r;
}

static unsigned int port_of(int fd)
{
	struct sockaddr_in6 a = { 0 };
	socklen_t n = sizeof(a);

	/* Both families have the port at the same place. */
	return getsockname(fd, (struct sockaddr *)&a, &n) == 0 ? ntohs(a.sin6_port) : 0;
}

static bool watch(struct http_server *s, int fd, void *what)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = what };

	return fd >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) == 0;
}

static void set_defaults(struct http_server_options *o)
{
	if (!o->max_held_bytes)
		o->max_held_bytes = HELD_DEFAULT_BYTES;
	if (!o->head_s)
		o->head_s = HEAD_DEFAULT_S;
	if (!o->max_connections)
		o->max_connections = CONNECTIONS_DEFAULT;
}

int http_server_new(const struct http_server_options *o, struct http_server **ret, struct err *e)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, ENOMEM, "no memory for an HTTP server");
	s->o = *o;
	s->o.address = NULL;
	set_defaults(&s->o);
	s->posted_end = &s->posted;
	s->sweep_ms = UINT64_MAX;
	s->date_s = -1;
	pthread_mutex_init(&s->lock, NULL);
	s->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->listener = listen_at(o->address, e);
	if (s->listener < 0 || !watch(s, s->listener, &s->listener) ||
	    !watch(s, s->wake, &s->wake)) {
		int r = s->listener < 0 ? s->listener
					: err_set(e, ENOMEM, "no memory for an HTTP server");

		http_server_free(s);
		return r;
	}
	s->port = port_of(s->listener);
	*ret = s;
	return 0;
}

static void run_posted(struct http_server *s)
{
	struct posted *p;

	pthread_mutex_lock(&s->lock);
	p = s->posted;
	s->posted = NULL;
	s->posted_end = &s->posted;
	pthread_mutex_unlock(&s->lock);
	while (p) {
		struct posted *next = p->next;

		p->fn(p->arg);
		free(p);
		p = next;
	}
}

static void free_connection(struct connection *c)
{
	buf_done(&c->in);
	buf_done(&c->out);
	free(c);
}

static void bury(struct http_server *s)
{
	while (s->dead) {
		struct connection *c = s->dead;

		s->dead = c->again;
		free_connection(c);
	}
}

static void serve_again(struct http_server *s)
{
	struct connection *c = TAKE(&s->again);

	while (c) {
		struct connection *next = c->again;

		c->is_again = false;
		if (c->state != CONNECTION_DEAD)
			connection_pump(c);
		else
			c->again = s->dead, s->dead = c;
		c = next;
	}
}

static void stop_listening(struct http_server *s)
{
	fd_close(&s->listener);
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	run_posted(s);
	stop_listening(s);
	while (s->connections)
		connection_kill(s->connections);
	serve_again(s);
	bury(s);
	fd_close(&s->epoll);
	fd_close(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int http_server_fd(const struct http_server *s)
{
	return s->epoll;
}

unsigned int http_server_port(const struct http_server *s)
{
	return s->port;
}

int http_server_post(struct http_server *s, void (*fn)(void *arg), void *arg)
{
	struct posted *p = malloc(sizeof(*p));
	uint64_t one = 1;

	if (!p)
		return -ENOMEM;
	*p = (struct posted){ .fn = fn, .arg = arg };
	pthread_mutex_lock(&s->lock);
	*s->posted_end = p;
	s->posted_end = &p->next;
	pthread_mutex_unlock(&s->lock);
	/* A full counter means that it is awake already. */
	(void)!write(s->wake, &one, sizeof(one));
	return 0;
}

static void pause_listening(struct http_server *s, bool pause)
{
	struct epoll_event ev = { .events = pause ? 0 : EPOLLIN, .data.ptr = &s->listener };

	if (s->listener < 0 || s->paused == pause)
		return;
	s->paused = epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->listener, &ev) == 0 ? pause : s->paused;
	if (pause)
		s->sweep_ms = MIN(s->sweep_ms, s->now_ms + PAUSE_MS);
}

static struct peer *find_peer(struct http_server *s, const uint8_t key[16])
{
	struct peer **at = &s->peers[str_hash((str){ (const char *)key, 16 }) % PEER_BUCKETS], *p;

	for (p = *at; p; p = p->next)
		if (memcmp(p->key, key, 16) == 0)
			return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	memcpy(p->key, key, 16);
	p->next = *at;
	*at = p;
	return p;
}

void connection_let_go_peer(struct connection *c)
{
	struct peer *p = TAKE(&c->peer), **at;

	if (!p || --p->count)
		return;
	at = &c->s->peers[str_hash((str){ (const char *)p->key, 16 }) % PEER_BUCKETS];
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p);
}

/* Those of one IPv6 customer, a /64, are one. */
static void key_of(const uint8_t address[NETWORK_ADDRESS_BYTES], uint8_t key[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(key, 0, 16);
	memcpy(key, address, memcmp(address, mapped, sizeof(mapped)) == 0 ? 16 : 8);
}

bool connection_count_peer(struct connection *c)
{
	struct http_server *s = c->s;
	uint32_t most = s->o.max_per_peer;
	uint8_t key[16];

	key_of(c->address, key);
	c->peer = most ? find_peer(s, key) : NULL;
	if (!c->peer)
		return true;
	c->is_excess = ++c->peer->count > most;
	if (c->is_excess)
		s->figures.refused++;
	return c->peer->count <= most + most / 8 + 8;
}

void connection_begin(struct connection *c, uint64_t deadline_ms)
{
	connection_set_state(c, c->tls ? CONNECTION_HANDSHAKE : CONNECTION_HEAD, deadline_ms);
}

/** The connection whose end harms least; NULL: all are in use. */
static struct connection *find_victim(struct http_server *s)
{
	struct connection *idle = NULL, *mute = NULL;

	for (struct connection *c = s->connections; c; c = c->next) {
		if (c->state > CONNECTION_HEAD)
			continue;
		if (c->is_served && !c->in.n && (!idle || c->since_ms <= idle->since_ms))
			idle = c;
		if (!c->is_served && (!mute || c->since_ms <= mute->since_ms))
			mute = c;
	}
	if (idle)
		return idle;
	return mute && s->now_ms - mute->since_ms > NEW_MS ? mute : NULL;
}

/* Who speaks for others is not counted; a load balancer's connection is counted when it has told for whom it is. */
static bool know_peer(struct connection *c, const struct sockaddr_storage *a)
{
	const struct proxies *p = c->s->o.proxies;

	if (!network_address((const struct sockaddr *)a, c->address))
		return false;
	c->is_proxied = p && networks_have(&p->trusted, c->address);
	return c->is_proxied || connection_count_peer(c);
}

static struct connection *admit(struct http_server *s, int fd, const struct sockaddr_storage *a)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = (struct connection){ .s = s, .fd = fd };
	if (!know_peer(c, a) || (s->o.tls && tls_server_accept(s->o.tls, fd, &c->tls, NULL) < 0) ||
	    !watch(s, fd, c)) {
		tls_free(c->tls);
		connection_let_go_peer(c);
		free(c);
		return NULL;
	}
	c->interest = EPOLLIN;
	c->next = s->connections;
	if (c->next)
		c->next->prev = c;
	s->connections = c;
	s->figures.connections++;
	return c;
}

static bool accept_one(struct http_server *s)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	uint64_t until_ms = s->now_ms + (uint64_t)s->o.head_s * 1000;
	struct connection *c;
	int on = 1, fd;

	if (s->figures.connections >= s->o.max_connections) {
		c = find_victim(s);
		if (!c) {
			pause_listening(s, true);
			return false;
		}
		connection_kill(c);
	}
	fd = accept4(s->listener, (struct sockaddr *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		/* Out of descriptors: wait until some are free again. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			pause_listening(s, true);
		return errno == ECONNABORTED || errno == EINTR;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c = admit(s, fd, &a);
	s->figures.accepted++;
	if (!c)
		close(fd);
	else if (c->is_proxied && s->o.proxies->tell == PROXIES_TELL_PROTOCOL)
		connection_set_state(c, CONNECTION_PROXY, until_ms);
	else
		connection_begin(c, until_ms);
	return true;
}

static void sweep(struct http_server *s)
{
	struct connection *c = s->connections;

	s->sweep_ms = UINT64_MAX;
	pause_listening(s, false);
	while (c) {
		struct connection *next = c->next;
		bool begun =
			(c->state == CONNECTION_HEAD && c->in.n) || c->state == CONNECTION_BODY;

		if (c->deadline_ms && c->deadline_ms <= s->now_ms) {
			s->figures.timed_out += c->state != CONNECTION_LINGER && !c->is_served;
			if (begun) {
				connection_refuse(c, 408, "the request took too long to come");
				connection_pump(c);
			} else {
				connection_kill(c);
			}
		} else if (c->deadline_ms) {
			s->sweep_ms = MIN(s->sweep_ms, c->deadline_ms);
		}
		c = next;
	}
}

static void take_event(struct http_server *s, const struct epoll_event *ev)
{
	struct connection *c = ev->data.ptr;
	uint64_t count;

	if (ev->data.ptr == &s->wake) {
		(void)!read(s->wake, &count, sizeof(count));
	} else if (ev->data.ptr == &s->listener) {
		for (int i = 0; i < ACCEPTS_A_TURN && s->listener >= 0 && accept_one(s); i++)
			;
	} else if (c->state != CONNECTION_DEAD) {
		if ((ev->events & (EPOLLERR | EPOLLHUP)) && !(ev->events & EPOLLIN))
			connection_kill(c);
		else
			connection_pump(c);
	}
}

int http_server_work(struct http_server *s)
{
	struct epoll_event events[EVENTS_A_TURN];
	int n = epoll_wait(s->epoll, events, EVENTS_A_TURN, 0);

	s->now_ms = clock_ms(CLOCK_MONOTONIC);
	for (int i = 0; i < n; i++)
		take_event(s, &events[i]);
	serve_again(s);
	run_posted(s);
	if (s->sweep_ms <= s->now_ms)
		sweep(s);
	bury(s);
	if (s->again || n == EVENTS_A_TURN)
		return 0;
	if (s->sweep_ms == UINT64_MAX)
		return -1;
	return (int)MIN(s->sweep_ms - MIN(s->sweep_ms, s->now_ms) + 1, (uint64_t)60000);
}

void http_server_drain(struct http_server *s)
{
	struct connection *c = s->connections;

	s->draining = true;
	s->now_ms = clock_ms(CLOCK_MONOTONIC);
	stop_listening(s);
	while (c) {
		struct connection *next = c->next;

		c->is_last = true;
		if (c->state == CONNECTION_STREAM) {
			void (*gone)(void *ctx) = c->x->on_gone;
			void *ctx = c->x->ctx;

			http_server_end(c->x);
			if (gone)
				gone(ctx);
		} else if (c->state <= CONNECTION_HEAD && !c->in.n) {
			connection_kill(c);
		}
		c = next;
	}
	bury(s);
}

bool http_server_is_idle(const struct http_server *s)
{
	return !s->connections;
}

void http_server_read(const struct http_server *s, struct http_server_figures *ret)
{
	*ret = s->figures;
}
