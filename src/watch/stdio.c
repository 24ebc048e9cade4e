#include "watch/stdio.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { NAME_MOST = 4096 };

static bool is_there(const struct event_end *e)
{
	static const uint8_t nowhere[sizeof(e->ip)];

	return e->port || memcmp(e->ip, nowhere, sizeof(nowhere)) != 0;
}

static size_t put_end(char *to, size_t room, int family, const struct event_end *e)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, e->ip, text, sizeof(text));
	return (size_t)snprintf(to, room, "%s:%u", text, e->port);
}

/* The client stands first; where nobody told who called, the higher port did. */
static str ends_name(const struct event_fd *f, char *to, size_t room)
{
	int family = f->kind == EVENT_FD_IPV4 ? AF_INET : AF_INET6;
	bool serves = f->role ? f->role == 's' : f->local.port < f->remote.port;
	const struct event_end *client = serves ? &f->remote : &f->local;
	size_t n;

	if (!is_there(&f->remote))
		return (str){ to, is_there(&f->local) ? put_end(to, room, family, &f->local) : 0 };
	n = put_end(to, room, family, client);
	n += (size_t)snprintf(to + n, room - n, "->");
	n += put_end(to + n, room - n, family, serves ? &f->local : &f->remote);
	return (str){ to, n };
}

static str name_of(const struct event_fd *f, char *to, size_t room)
{
	if (f->path.n)
		return str_take(f->path, NAME_MOST);
	if (f->kind == EVENT_FD_PIPE)
		return (str){ to, (size_t)snprintf(to, room, "pipe:[%llu]",
						   (unsigned long long)f->inode) };
	if (f->kind == EVENT_FD_IPV4 || f->kind == EVENT_FD_IPV6)
		return ends_name(f, to, room);
	return (str){ 0 };
}

static void drop(struct stdio *s, struct text_pool *p, unsigned int i)
{
	if (s->name_n[i])
		text_pool_remove(p, s->name[i]);
	s->name_n[i] = 0;
}

static void keep(struct stdio *s, struct text_pool *p, unsigned int i, str name)
{
	char *to;
	uint32_t h = name.n ? text_pool_add(p, name.n, &to) : TEXT_POOL_NONE;

	if (h == TEXT_POOL_NONE)
		return;
	memcpy(to, name.p, name.n);
	s->name[i] = h;
	s->name_n[i] = (uint16_t)name.n;
}

void stdio_set(struct stdio *s, struct text_pool *p, unsigned int i, const struct event_fd *f)
{
	char ends[2 * (INET6_ADDRSTRLEN + sizeof(":65535")) + 2];

	drop(s, p, i);
	s->kind[i] = f->kind ? f->kind : STDIO_CLOSED;
	keep(s, p, i, name_of(f, ends, sizeof(ends)));
}

void stdio_inherit(struct stdio *s, struct text_pool *p, const struct stdio *parent)
{
	for (unsigned int i = 0; i < 3; i++) {
		char copy[NAME_MOST];
		str name = stdio_name(parent, p, i);

		s->kind[i] = parent->kind[i];
		if (!name.n)
			continue;
		/* Adding may move the parent's. */
		memcpy(copy, name.p, name.n);
		keep(s, p, i, (str){ copy, name.n });
	}
}

void stdio_release(struct stdio *s, struct text_pool *p)
{
	for (unsigned int i = 0; i < 3; i++)
		drop(s, p, i);
}

str stdio_name(const struct stdio *s, const struct text_pool *p, unsigned int i)
{
	return s->name_n[i] ? (str){ text_pool_at(p, s->name[i]), s->name_n[i] } : (str){ 0 };
}
