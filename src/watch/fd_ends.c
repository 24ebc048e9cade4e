#include "watch/fd_ends.h"

#include "policy/ip_set.h"

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

/* Many events a second need it: nothing here goes by printf(). @return the end */
static char *put_end(char *to, const struct fd_end *e)
{
	char digits[sizeof("65535")];
	size_t at = sizeof(digits);
	unsigned int port = e->port;

	to += policy_ip_text(&e->ip, to).n;
	*to++ = ':';
	do
		digits[--at] = (char)('0' + port % 10);
	while (port /= 10);
	memcpy(to, digits + at, sizeof(digits) - at);
	return to + sizeof(digits) - at;
}

str fd_ends_text(const struct fd_ends *e, char to[FD_ENDS_BYTES])
{
	char *end = to;

	if (!e->remote.there)
		return (str){ to, e->local.there ? (size_t)(put_end(to, &e->local) - to) : 0 };
	end = put_end(end, &e->client);
	memcpy(end, "->", 2);
	end = put_end(end + 2, &e->server);
	return (str){ to, (size_t)(end - to) };
}
