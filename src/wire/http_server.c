#include "wire/http_server.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

enum {
	HEADERS_MAX_BYTES = 16384,
	BODY_MAX_BYTES = 1,
	TIMEOUT_S = 5,
	EVENTS_MAX = 96,
	BUSY_MS = 1000
};

struct http_server {
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener; /* of http */
	int fd;
	bool full; /* who connects now must wait */
	http_server_handler handler;
	void *ctx;
	uint64_t busy_until_ms;
};

/** libevent hands on whatever stands between two blanks. */
static bool is_path(str path)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] <= 32 || path.p[i] >= 127)
			return false;
	return true;
}

static void on_request(struct evhttp_request *q, void *ctx)
{
	struct http_server *s = ctx;
	const char *uri = evhttp_request_get_uri(q), *type = "text/plain; charset=utf-8";
	struct evkeyvalq *headers = evhttp_request_get_output_headers(q);
	struct evbuffer *out = evbuffer_new();
	str path = str_take(str_from(uri), strcspn(uri, "?#"));
	OWNED_BUF body = BUF_INIT;
	int status = is_path(path) ? s->handler(s->ctx, path, &body, &type) : 400;

	if (!out || buf_error(&body) || evbuffer_add(out, body.p, body.n) < 0)
		status = 500;
	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Connection", "close");
	evhttp_send_reply(q, status, NULL, status == 500 ? NULL : out);
	if (out)
		evbuffer_free(out);
}

static int listen_at(const char *address, struct err *e)
{
	struct sockaddr_storage a;
	int n = sizeof(a), on = 1, fd;
	OWNED_BUF text = BUF_INIT;

	buf_printf(&text, "%s%s", address[0] == ':' ? "[::]" : "", address);
	if (evutil_parse_sockaddr_port(buf_cstr(&text), (struct sockaddr *)&a, &n) < 0 ||
	    str_find_last(str_from(address), ':') == strlen(address))
		return err_set(e, EINVAL, "'%s' is no ADDRESS:PORT", address);
	fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, errno, "cannot listen at '%s'", address);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, (socklen_t)n) < 0 || listen(fd, 16) < 0) {
		int r = err_sys(e, errno, "cannot listen at '%s'", address);

		close(fd);
		return r;
	}
	return fd;
}

int http_server_new(const char *address, http_server_handler handler, void *ctx,
		    struct http_server **ret, struct err *e)
{
	struct evhttp_bound_socket *bound;
	struct http_server *s;
	int fd = listen_at(address, e);

	if (fd < 0)
		return fd;
	s = calloc(1, sizeof(*s));
	if (s) {
		*s = (struct http_server){ .fd = fd, .handler = handler, .ctx = ctx };
		s->base = event_base_new();
		s->http = s->base ? evhttp_new(s->base) : NULL;
	}
	bound = s && s->http ? evhttp_accept_socket_with_handle(s->http, fd) : NULL;
	if (!bound) {
		if (s && s->http)
			evhttp_free(s->http);
		if (s && s->base)
			event_base_free(s->base);
		free(s);
		close(fd);
		return err_set(e, ENOMEM, "no memory for an HTTP server");
	}
	s->listener = evhttp_bound_socket_get_listener(bound);
	evhttp_set_max_headers_size(s->http, HEADERS_MAX_BYTES);
	evhttp_set_max_body_size(s->http, BODY_MAX_BYTES);
	evhttp_set_timeout(s->http, TIMEOUT_S);
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_gencb(s->http, on_request, s);
	*ret = s;
	return 0;
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	evhttp_free(s->http); /* with the listening socket */
	event_base_free(s->base);
	free(s);
}

int http_server_fd(const struct http_server *s)
{
	return s->full ? -1 : s->fd;
}

/* Whoever connects and says nothing holds a descriptor until time is up: the others must not run out of them. */
static void bound_connections(struct http_server *s)
{
	bool full = event_base_get_num_events(s->base, EVENT_BASE_COUNT_ADDED) > EVENTS_MAX;

	if (full != s->full)
		(void)(full ? evconnlistener_disable(s->listener)
			    : evconnlistener_enable(s->listener));
	s->full = full;
}

bool http_server_work(struct http_server *s)
{
	struct pollfd p = { .fd = http_server_fd(s), .events = POLLIN };
	uint64_t now = clock_ms(CLOCK_MONOTONIC);

	if (poll(&p, 1, 0) > 0)
		s->busy_until_ms = now + BUSY_MS;
	event_base_loop(s->base, EVLOOP_NONBLOCK);
	bound_connections(s);
	return now <= s->busy_until_ms;
}
