#include "watch/fd_ends.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool mapped(const uint8_t ip[16])
{
	static const uint8_t prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return memcmp(ip, prefix, sizeof(prefix)) == 0;
}

static bool nothing(const uint8_t ip[16])
{
	static const uint8_t zero[16];

	return memcmp(ip, zero, sizeof(zero)) == 0;
}

enum event_fd_kind fd_ends_kind(const struct event_fd *f)
{
	if (f->kind == EVENT_FD_IPV6 && (mapped(f->local.ip) || nothing(f->local.ip)) &&
	    (mapped(f->remote.ip) || nothing(f->remote.ip)) &&
	    (mapped(f->local.ip) || mapped(f->remote.ip)))
		return EVENT_FD_IPV4;
	return (enum event_fd_kind)f->kind;
}

bool fd_ends_serves(const struct event_fd *f)
{
	if (f->role)
		return f->role == 's';
	return f->local.port && f->remote.port > f->local.port;
}

static struct fd_end end_of(enum event_fd_kind k, const struct event_end *e)
{
	struct fd_end out = { .port = e->port, .there = e->port || !nothing(e->ip) };

	out.ip.family = k == EVENT_FD_IPV4 ? 4 : 6;
	if (k == EVENT_FD_IPV4 && mapped(e->ip))
		memcpy(out.ip.bytes, e->ip + 12, 4);
	else
		memcpy(out.ip.bytes, e->ip, k == EVENT_FD_IPV4 ? 4 : 16);
	return out;
}

struct fd_ends fd_ends_of(const struct event_fd *f, bool serves)
{
	enum event_fd_kind k = fd_ends_kind(f);
	struct fd_ends e = { .local = end_of(k, &f->local), .remote = end_of(k, &f->remote) };

	e.server_side = serves;
	e.client = serves ? e.remote : e.local;
	e.server = serves ? e.local : e.remote;
	return e;
}

bool fd_end_has_address(const struct fd_end *e)
{
	return !nothing(e->ip.bytes);
}

static size_t put_end(char *to, size_t room, const struct fd_end *e)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(e->ip.family == 4 ? AF_INET : AF_INET6, e->ip.bytes, text, sizeof(text));
	return (size_t)snprintf(to, room, "%s:%u", text, e->port);
}

str fd_ends_text(const struct fd_ends *e, char to[FD_ENDS_BYTES])
{
	size_t n = 0;

	if (!e->remote.there)
		return (str){ to, e->local.there ? put_end(to, FD_ENDS_BYTES, &e->local) : 0 };
	n = put_end(to, FD_ENDS_BYTES, &e->client);
	n += (size_t)snprintf(to + n, FD_ENDS_BYTES - n, "->");
	n += put_end(to + n, FD_ENDS_BYTES - n, &e->server);
	return (str){ to, n };
}
