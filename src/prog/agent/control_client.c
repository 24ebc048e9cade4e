/* The other end of control.c: `skep agent top`. */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"
#include "prog/agent/agent.h"

enum { WAIT_MS = 5000, READ_BYTES = 32768, LINE_MAX_BYTES = 1 << 20 };

struct agent_control {
	int fd;
	struct buf read;
	size_t used; /* of read: told already */
};

int agent_control_open(const char *path, struct agent_control **ret, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct agent_control *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c)
		return err_sys(e, ENOMEM, "cannot reach an agent at '%s'", path);
	c->read.max = LINE_MAX_BYTES + READ_BYTES;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (strlen(path) >= sizeof(a.sun_path))
		r = err_sys(e, ENAMETOOLONG, "cannot reach an agent at '%s'", path);
	else if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		r = errno == ENOENT || errno == ECONNREFUSED
			    ? err_set(e, errno,
				      "cannot reach an agent at '%s': none listens there; `sudo "
				      "skep agent run` starts one",
				      path)
			    : err_sys(e, errno, "cannot reach an agent at '%s'", path);
	if (r < 0) {
		agent_control_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

void agent_control_close(struct agent_control *c)
{
	if (!c)
		return;
	fd_close(&c->fd);
	buf_done(&c->read);
	free(c);
}

int agent_control_next(struct agent_control *c, str *ret, struct err *e)
{
	if (c->used)
		memmove(c->read.p, c->read.p + c->used, c->read.n - c->used);
	c->read.n -= c->used;
	c->used = 0;
	for (;;) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		size_t end = str_find(buf_str(&c->read), '\n');
		ssize_t n;
		char *at;
		int r;

		if (end < c->read.n) {
			*ret = (str){ c->read.p, end };
			c->used = end + 1;
			return 1;
		}
		r = poll(&p, 1, WAIT_MS);
		if (r < 0)
			return errno == EINTR ? 0 : err_sys(e, errno, "control socket");
		if (r == 0)
			return err_set(e, ETIMEDOUT, "the agent says nothing");
		at = buf_reserve(&c->read, READ_BYTES);
		if (!at)
			return err_set(e, EPROTO, "the agent's answer is too long");
		n = read(c->fd, at, READ_BYTES);
		if (n <= 0)
			return err_set(e, EPIPE, "the agent ended the connection");
		c->read.n += (size_t)n;
	}
}
