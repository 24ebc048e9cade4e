#include "prog/agent/control.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"

enum { CLIENTS_MAX = 8 };

struct control {
	struct sockaddr_un address;
	int fd, clients[CLIENTS_MAX];
	size_t count;
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static bool is_alive(const struct sockaddr_un *a)
{
	OWNED_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0;
}

static int make_folder(struct control *c, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path) {
		snprintf(c->folder, sizeof(c->folder), "%s", slash ? "/" : ".");
		return 0;
	}
	snprintf(c->folder, sizeof(c->folder), "%.*s", (int)(slash - path), path);
	return file_make_dirs(c->folder, 0755, e);
}

static int listen_at(struct control *c, const char *path, struct err *e)
{
	struct sockaddr_un *a = &c->address;
	mode_t before;
	int r;

	if (strlen(path) >= sizeof(a->sun_path))
		return err_set(e, ENAMETOOLONG, "the control socket's path has more than %zu bytes",
			       sizeof(a->sun_path) - 1);
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, strlen(path) + 1);
	r = make_folder(c, path, e);
	if (r < 0)
		return r;
	if (is_alive(a))
		return err_set(e, EADDRINUSE, "another agent listens at '%s'", path);
	unlink(path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	before = umask(0177);
	r = c->fd < 0 || bind(c->fd, (struct sockaddr *)a, sizeof(*a)) < 0 ||
			    listen(c->fd, CLIENTS_MAX) < 0
		    ? err_sys(e, errno, "cannot listen at '%s'", path)
		    : 0;
	umask(before);
	return r;
}

int control_new(const char *path, struct control **ret, struct err *e)
{
	struct control *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_sys(e, ENOMEM, "control socket");
	c->fd = -1;
	r = listen_at(c, path, e);
	if (r < 0) {
		fd_close(&c->fd);
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		close(c->clients[i]);
	unlink(c->address.sun_path);
	close(c->fd);
	free(c);
}

const char *control_folder(const struct control *c)
{
	return c->folder;
}

int control_fd(const struct control *c)
{
	return c->fd;
}

static bool may(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

/** @return whether all of it went: half a line would not be understood */
static bool tell_one(int fd, str line)
{
	return send(fd, line.p, line.n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)line.n;
}

void control_accept(struct control *c)
{
	int fd;

	while ((fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (c->count == CLIENTS_MAX || !may(fd))
			close(fd);
		else
			c->clients[c->count++] = fd;
	}
}

bool control_is_heard(const struct control *c)
{
	return c->count > 0;
}

void control_tell(struct control *c, str line)
{
	for (size_t i = 0; i < c->count;) {
		if (tell_one(c->clients[i], line)) {
			i++;
			continue;
		}
		close(c->clients[i]);
		c->clients[i] = c->clients[--c->count];
	}
}
