#include "watch/stdio.h"

#include <stdio.h>

#include "watch/fd_ends.h"

enum { NAME_MOST = 4096 };

static str name_of(const struct event_fd *f, char to[FD_ENDS_BYTES])
{
	struct fd_ends e;

	if (f->path.n)
		return str_take(f->path, NAME_MOST);
	if (f->kind == EVENT_FD_PIPE)
		return (str){ to, (size_t)snprintf(to, FD_ENDS_BYTES, "pipe:[%llu]",
						   (unsigned long long)f->inode) };
	if (f->kind != EVENT_FD_IPV4 && f->kind != EVENT_FD_IPV6)
		return (str){ 0 };
	e = fd_ends_of(f, fd_ends_serves(f));
	return fd_ends_text(&e, to);
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
	char ends[FD_ENDS_BYTES];

	drop(s, p, i);
	s->kind[i] = f->kind ? f->kind : STDIO_CLOSED;
	keep(s, p, i, name_of(f, ends));
}

void stdio_inherit(struct stdio *s, struct text_pool *p, const struct stdio *parent)
{
	*s = *parent;
	for (unsigned int i = 0; i < 3; i++)
		if (s->name_n[i])
			text_pool_hold(p, s->name[i]);
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
