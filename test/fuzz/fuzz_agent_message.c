/*
 * Any datagram between the agent's parts, with descriptors or without: what is understood is as long as it says and lies in
 * the room given, what is peeked at is what is received, no descriptor is left behind; and what is sent arrives as it was.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "input.h"
#include "prog/agent/message.h"

static int pair[2] = { -1, -1 };
static int spare = -1;
static char room[MESSAGE_MAX_BYTES];

/* The lowest descriptor that is free: a leak moves it. */
static int lowest(void)
{
	int fd = dup(spare);

	close(fd);
	return fd;
}

static void send_raw(str bytes, size_t fds)
{
	struct iovec part = { (void *)(uintptr_t)bytes.p, bytes.n };
	char control[CMSG_SPACE(sizeof(int) * 8)] __attribute__((aligned(8))) = { 0 };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fds) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fds);
		for (size_t i = 0; i < fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &spare, sizeof(int));
	}
	assert(sendmsg(pair[0], &msg, MSG_NOSIGNAL) == (ssize_t)bytes.n);
}

static void take_one(str bytes, size_t fds)
{
	struct message peeked = { .fd_count = 77 }, m = { .fd_count = 77 };
	int free_fd = lowest(), p, r;

	p = message_peek(pair[1], room, &peeked);
	r = message_receive(pair[1], room, &m);
	assert(p == r && (r == 1 || r == -EBADMSG));
	if (r == 1) {
		assert(m.kind < MESSAGE_KIND_COUNT && m.kind == peeked.kind &&
		       m.number == peeked.number);
		assert(m.fd_count == fds && peeked.fd_count == 0);
		assert(m.text.p >= room && m.json.p == m.text.p + m.text.n &&
		       m.json.p + m.json.n == room + bytes.n);
		assert(str_eq(m.text, peeked.text) && str_eq(m.json, peeked.json));
		for (size_t i = 0; i < m.fd_count; i++)
			close(m.fds[i]);
	} else {
		assert(m.fd_count == 77 && peeked.fd_count == 77);
	}
	assert(lowest() == free_fd);
	assert(message_receive(pair[1], room, &m) == 0);
}

static void round_trip(struct input in)
{
	struct message m = { .kind = (enum message_kind)(input_byte(&in) % MESSAGE_KIND_COUNT),
			     .number = input_byte(&in) },
		       again;

	m.text = input_text(&in);
	m.json = in.rest;
	assert(message_send(pair[0], &m) == 0);
	assert(message_receive(pair[1], room, &again) == 1);
	assert(again.kind == m.kind && again.number == m.number && str_eq(again.text, m.text) &&
	       str_eq(again.json, m.json) && again.fd_count == 0);
	assert(message_send(pair[0], &m) == 0);
	message_drop(pair[1]);
	assert(message_peek(pair[1], room, &again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, MIN(size, (size_t)8192));
	size_t fds = input_byte(&in) % 4;

	if (spare < 0) {
		spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert(spare >= 0 && message_pair(pair, NULL) == 0);
	}
	if (in.rest.n) {
		send_raw(in.rest, fds);
		take_one(in.rest, fds);
	}
	round_trip(in);
	return 0;
}
