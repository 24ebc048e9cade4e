#include "wire/syslog.h"

#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "wire/url.h"

#define PAUSE_MOST_NS (30 * SECOND_NS)
#define CONNECT_NS (10 * SECOND_NS)
#define STALL_NS (60 * SECOND_NS) /* nothing of what waits was taken for so long: made anew */
enum { OUT_MAX_BYTES = 128 << 10 };

enum state { IDLE, RESOLVING, CONNECTING, SHAKING, CONNECTED };
enum transport { UDP, TCP, TLS };

struct syslog {
	enum transport transport;
	enum state state;
	char *host, *port;
	const struct networks *reach;
	struct tls_context *context;
	struct tls *tls;
	int fd;
	struct gaicb query;
	struct addrinfo hints;
	const struct addrinfo *address; /* the one being tried, of query.ar_result */
	uint64_t pause_ns, next_ns, since_ns;
	struct buf out; /* framed bytes not yet given to the kernel */
	size_t written;
};

static const struct {
	const char *name, *port;
} transports[] = { [UDP] = { "udp", "514" }, [TCP] = { "tcp", "601" }, [TLS] = { "tls", "6514" } };

static int take_url(struct syslog *s, const char *url, struct err *e)
{
	struct url u;

	if (!url_split(str_from(url), &u) || u.host.n == 0 || u.user.n || u.path.n > 1)
		return err_set(e, EINVAL, "'%s' is no udp://, tcp:// or tls://HOST:PORT", url);
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		str port = u.port.n ? u.port : str_from(transports[i].port);

		if (!str_eq_nocase(u.scheme, str_from(transports[i].name)))
			continue;
		s->transport = (enum transport)i;
		s->host = strndup(u.host.p, u.host.n);
		s->port = strndup(port.p, port.n);
		return s->host && s->port ? 0 : err_set(e, ENOMEM, "no memory for syslog");
	}
	return err_set(e, EINVAL, "'%s' is no udp://, tcp:// or tls://HOST:PORT", url);
}

int syslog_new(const char *url, const struct tls_options *o, struct syslog **ret, struct err *e)
{
	struct syslog *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_set(e, ENOMEM, "no memory for syslog");
	s->fd = -1;
	r = take_url(s, url, e);
	if (r == 0 && s->transport == TLS)
		r = tls_context_new(o, &s->context, e);
	if (r < 0) {
		syslog_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void forget_address(struct syslog *s)
{
	if (s->query.ar_result)
		freeaddrinfo(s->query.ar_result);
	s->query.ar_result = NULL;
	s->address = NULL;
}

static void disconnect(struct syslog *s)
{
	tls_free(s->tls);
	s->tls = NULL;
	fd_close(&s->fd);
	buf_reset(&s->out);
	s->written = 0;
	s->state = IDLE;
}

void syslog_free(struct syslog *s)
{
	if (!s)
		return;
	/* A query that cannot be called back still writes into this struct: then its memory stays. */
	if (s->state == RESOLVING && gai_cancel(&s->query) == EAI_NOTCANCELED)
		return;
	disconnect(s);
	forget_address(s);
	buf_done(&s->out);
	tls_context_free(s->context);
	free(s->host);
	free(s->port);
	free(s);
}

void syslog_set_reach(struct syslog *s, const struct networks *r)
{
	s->reach = r;
}

int syslog_fd(const struct syslog *s, short *ret_events)
{
	*ret_events = POLLIN;
	if (s->state == CONNECTING)
		*ret_events = POLLOUT;
	else if (s->state == SHAKING)
		*ret_events = tls_events(s->tls);
	else if (s->out.n > s->written)
		*ret_events = POLLIN | POLLOUT;
	return s->fd;
}

/** The connection is no more; the next is tried after a pause. */
static int broken(struct syslog *s, int r, uint64_t now_ns)
{
	disconnect(s);
	s->pause_ns = s->pause_ns ? MIN(2 * s->pause_ns, PAUSE_MOST_NS) : SECOND_NS;
	s->next_ns = now_ns + s->pause_ns;
	return r;
}

static int resolve(struct syslog *s, struct err *e)
{
	struct gaicb *list[] = { &s->query };

	forget_address(s);
	s->hints =
		(struct addrinfo){ .ai_socktype = s->transport == UDP ? SOCK_DGRAM : SOCK_STREAM };
	s->query = (struct gaicb){ .ar_name = s->host,
				   .ar_service = s->port,
				   .ar_request = &s->hints };
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0)
		return err_set(e, ENOMEM, "cannot look up '%s'", s->host);
	s->state = RESOLVING;
	return 0;
}

static int try_address(struct syslog *s, struct err *e)
{
	int r = -EHOSTUNREACH, on = 1;

	for (; s->address; s->address = s->address->ai_next) {
		const struct addrinfo *a = s->address;

		if (!reach_allows(s->reach, a->ai_addr)) {
			r = -EPERM;
			continue;
		}
		s->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			       a->ai_protocol);
		if (s->fd >= 0 &&
		    (connect(s->fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)) {
			if (s->transport != UDP)
				(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			(void)setsockopt(s->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
			s->state = CONNECTING;
			return 0;
		}
		r = -errno;
		fd_close(&s->fd);
	}
	if (r == -EPERM)
		return err_set(e, EPERM, "'%s' is at an address that may not be spoken to",
			       s->host);
	return err_sys(e, -r, "cannot reach '%s'", s->host);
}

static int resolved(struct syslog *s, struct err *e)
{
	int r = gai_error(&s->query);

	if (r == EAI_INPROGRESS)
		return 0;
	s->state = IDLE;
	if (r != 0)
		return err_set(e, EHOSTUNREACH, "cannot look up '%s': %s", s->host,
			       gai_strerror(r));
	s->address = s->query.ar_result;
	return try_address(s, e);
}

static int connected(struct syslog *s, struct err *e)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };
	socklen_t n = sizeof(int);
	int error = 0;

	if (poll(&p, 1, 0) == 0)
		return 0;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	if (error) {
		fd_close(&s->fd);
		s->address = s->address->ai_next;
		return s->address ? try_address(s, e)
				  : err_sys(e, error, "cannot reach '%s'", s->host);
	}
	if (s->transport != TLS) {
		s->state = CONNECTED;
		return 0;
	}
	s->state = SHAKING;
	return tls_new(s->context, s->fd, s->host, &s->tls, e);
}

static int shake(struct syslog *s, struct err *e)
{
	int r = tls_handshake(s->tls, e);

	if (r == 0)
		s->state = CONNECTED;
	return r == -EAGAIN ? 0 : r;
}

/** A receiver says nothing; its end is all there is to read. */
static int listen_for_end(struct syslog *s, struct err *e)
{
	char bytes[256];
	ssize_t n;

	do
		n = s->tls ? tls_read(s->tls, bytes, sizeof(bytes), e)
			   : recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (n > 0);
	if (n < 0 && s->tls)
		return n == -EAGAIN ? 0 : (int)n;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR
			       ? 0
			       : err_sys(e, errno, "the connection to '%s' broke", s->host);
	return s->transport == UDP ? 0 : err_set(e, EPIPE, "'%s' ended the connection", s->host);
}

static int flush(struct syslog *s, uint64_t now_ns, struct err *e)
{
	while (s->written < s->out.n) {
		str rest = str_skip(buf_str(&s->out), s->written);
		ssize_t n = s->tls ? tls_write(s->tls, rest, e)
				   : send(s->fd, rest.p, rest.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && !s->tls)
			n = errno == EINTR
				    ? -EAGAIN
				    : err_sys(e, errno, "the connection to '%s' broke", s->host);
		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			return (int)n;
		s->written += (size_t)n;
		s->since_ns = now_ns;
	}
	buf_reset(&s->out);
	s->written = 0;
	return 0;
}

static int step(struct syslog *s, uint64_t now_ns, struct err *e)
{
	switch (s->state) {
	case IDLE:
		if (now_ns < s->next_ns)
			return 0;
		s->since_ns = now_ns;
		return resolve(s, e);
	case RESOLVING:
		return resolved(s, e);
	case CONNECTING:
		return connected(s, e);
	case SHAKING:
		return shake(s, e);
	case CONNECTED:
		break;
	}
	return 0;
}

int syslog_work(struct syslog *s, uint64_t now_ns, struct err *e)
{
	enum state before;
	int r;

	do {
		before = s->state;
		r = step(s, now_ns, e);
	} while (r == 0 && s->state != before && s->state != CONNECTED);
	if (r == 0 && s->state == CONNECTED) {
		if (before != CONNECTED)
			s->since_ns = now_ns;
		r = listen_for_end(s, e);
		if (r == 0)
			r = flush(s, now_ns, e);
		if (r == 0 && syslog_is_idle(s)) {
			s->pause_ns = 0;
			s->since_ns = now_ns;
		}
	}
	if (r == 0 && s->state != IDLE &&
	    now_ns - s->since_ns > (s->state == CONNECTED ? STALL_NS : CONNECT_NS) &&
	    s->state != RESOLVING)
		r = err_set(e, ETIMEDOUT, "'%s' does not answer", s->host);
	return r < 0 ? broken(s, r, now_ns) : 0;
}

int syslog_send(struct syslog *s, str message)
{
	ssize_t n;

	if (s->state != CONNECTED)
		return -EAGAIN;
	if (s->transport == UDP) {
		n = send(s->fd, message.p, message.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		/* A datagram too long for the path is no reason to try it for ever. */
		return n < 0 && errno != EMSGSIZE ? -EAGAIN : 0;
	}
	if (!syslog_takes(s))
		return -EAGAIN;
	buf_printf(&s->out, "%zu ", message.n);
	buf_add(&s->out, message);
	return buf_error(&s->out);
}

bool syslog_is_idle(const struct syslog *s)
{
	int queued = 0;

	if (s->state != CONNECTED || s->written < s->out.n)
		return false;
	return s->transport == UDP || ioctl(s->fd, SIOCOUTQ, &queued) < 0 || queued == 0;
}

bool syslog_is_connected(const struct syslog *s)
{
	return s->state == CONNECTED;
}

bool syslog_takes(const struct syslog *s)
{
	return s->state == CONNECTED && s->out.n - s->written <= OUT_MAX_BYTES;
}
