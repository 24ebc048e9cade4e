#include "prog/agent/message.h"

#include <sys/socket.h>
#include <unistd.h>

struct head {
	uint32_t kind, text_bytes, json_bytes, reserved;
	uint64_t number;
};

int message_pair(int ret[2], struct err *e)
{
	int room = 4 << 20;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret) < 0)
		return err_sys(e, errno, "cannot make a pair of sockets");
	for (int i = 0; i < 2; i++)
		/* Without CAP_NET_ADMIN the forced size is refused and the system's bound holds. */
		if (setsockopt(ret[i], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
			(void)setsockopt(ret[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return 0;
}

int message_send(int fd, const struct message *m)
{
	struct head h = { .kind = (uint32_t)m->kind,
			  .text_bytes = (uint32_t)m->text.n,
			  .json_bytes = (uint32_t)m->json.n,
			  .number = m->number };
	struct iovec parts[] = { { &h, sizeof(h) },
				 { (void *)(uintptr_t)m->text.p, m->text.n },
				 { (void *)(uintptr_t)m->json.p, m->json.n } };
	char control[CMSG_SPACE(sizeof(m->fds))] __attribute__((aligned(8))) = { 0 };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = ARRAY_LEN(parts) };

	if (sizeof(h) + m->text.n + m->json.n > MESSAGE_MAX_BYTES || m->fd_count > MESSAGE_MAX_FDS)
		return -E2BIG;
	if (m->fd_count) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(m->fd_count * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(m->fd_count * sizeof(int));
		memcpy(CMSG_DATA(c), m->fds, m->fd_count * sizeof(int));
	}
	while (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}

static void take_fds(struct msghdr *msg, struct message *ret)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = MIN(n, MESSAGE_MAX_FDS - ret->fd_count);
		memcpy(ret->fds + ret->fd_count, CMSG_DATA(c), n * sizeof(int));
		ret->fd_count += n;
	}
}

void message_done(struct message *m)
{
	for (size_t i = 0; i < m->fd_count; i++)
		close(m->fds[i]);
	m->fd_count = 0;
}

static int understand(const char *room, size_t n, struct message *m)
{
	struct head h;

	if (n < sizeof(h))
		return -EBADMSG;
	memcpy(&h, room, sizeof(h));
	if (h.kind >= MESSAGE_KIND_COUNT || (uint64_t)h.text_bytes + h.json_bytes != n - sizeof(h))
		return -EBADMSG;
	m->kind = (enum message_kind)h.kind;
	m->number = h.number;
	m->text = (str){ room + sizeof(h), h.text_bytes };
	m->json = (str){ room + sizeof(h) + h.text_bytes, h.json_bytes };
	return 1;
}

int message_peek(int fd, char *room, struct message *ret)
{
	struct message m = { 0 };
	ssize_t n;
	int r;

	do
		n = recv(fd, room, MESSAGE_MAX_BYTES, MSG_PEEK);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n == 0 ? -EPIPE : errno == EAGAIN ? 0 : -errno;
	r = understand(room, (size_t)n, &m);
	if (r > 0)
		*ret = m;
	return r;
}

void message_drop(int fd)
{
	char byte;

	while (recv(fd, &byte, sizeof(byte), MSG_TRUNC) < 0 && errno == EINTR)
		;
}

int message_receive(int fd, char *room, struct message *ret)
{
	struct message m = { 0 };
	int r;
	char control[CMSG_SPACE(sizeof(m.fds))] __attribute__((aligned(8)));
	struct iovec part = { room, MESSAGE_MAX_BYTES };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0)
		return -EPIPE;
	take_fds(&msg, &m);
	r = understand(room, (size_t)n, &m);
	if (r > 0)
		*ret = m;
	else
		message_done(&m);
	return r;
}
