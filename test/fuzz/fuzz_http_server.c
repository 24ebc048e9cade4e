/*
 * Whatever a peer sends, in pieces or at once: it is answered once or not at all, the connection is closed then, the handler
 * is given paths only, and the next peer is served.
 *
 * The first byte says how large the pieces are. Each connection comes from another loopback address: ports are few.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "input.h"
#include "wire/http_server.h"

enum { TURNS = 2000 };

static struct http_server *server;
static unsigned int asked;

static int serve(void *ctx, str path, struct buf *body, const char **ret_type)
{
	(void)ctx;
	*ret_type = "text/plain";
	asked++;
	for (size_t i = 0; i < path.n; i++)
		assert(path.p[i] > 32 && path.p[i] < 127 && path.p[i] != '?' && path.p[i] != '#');
	buf_add(body, path);
	return str_is(path, "/") ? 200 : 404;
}

static void start_server(void)
{
	char address[32];

	for (int port = 20000 + (int)getpid() % 10000; !server && port < 40000; port++) {
		snprintf(address, sizeof(address), "127.0.0.1:%d", port);
		(void)!http_server_new(address, serve, NULL, &server, NULL);
	}
	assert(server);
}

static int call(void)
{
	static uint32_t number;
	struct sockaddr_in to, from = { .sin_family = AF_INET };
	socklen_t n = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	from.sin_addr.s_addr = htonl(0x7f010000u + (number++ & 0xffff));
	assert(getsockname(http_server_fd(server), (struct sockaddr *)&to, &n) == 0);
	assert(fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0);
	assert(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Sends it piece by piece, then no more, and takes what comes until the server hangs up. */
static void talk(int fd, str request, size_t piece, struct buf *answer)
{
	bool open = true, said = false;

	for (int turn = 0; open && turn < TURNS; turn++) {
		str part = str_take(request, piece);
		ssize_t n = part.n ? send(fd, part.p, part.n, MSG_NOSIGNAL) : 0;
		char *room = buf_reserve(answer, 4096);

		request = str_skip(request, n > 0 ? (size_t)n : 0);
		/* Who is refused early may not care to read on. */
		if ((request.n == 0 || (n < 0 && errno != EAGAIN)) && !said) {
			(void)shutdown(fd, SHUT_WR);
			said = true;
		}
		(void)http_server_work(server);
		assert(room);
		n = recv(fd, room, 4096, 0);
		answer->n += n > 0 ? (size_t)n : 0;
		open = n > 0 || (n < 0 && errno == EAGAIN);
	}
	assert(!open);
}

/* The first digit of the status and what stands behind the head. */
static char take_head(str *answer)
{
	size_t head = str_search(*answer, S("\r\n\r\n"));
	str line = *answer;

	/* The version is the peer's, were it 0.0. */
	assert(str_starts(line, S("HTTP/")) && head < answer->n);
	(void)str_cut(&line, ' ');
	assert(line.n > 3 && line.p[0] >= '1' && line.p[0] <= '5');
	*answer = str_skip(*answer, head + 4);
	return line.p[0];
}

static void check_answer(str answer, unsigned int times)
{
	char status;

	assert(times <= 1);
	if (answer.n == 0)
		return;
	status = take_head(&answer);
	/* 100 Continue. */
	if (status == '1' && answer.n)
		status = take_head(&answer);
	assert(times || status >= '4' || status == '1');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	OWNED_BUF answer = BUF_INIT;
	size_t piece = input_byte(&in);
	int fd;

	if (!server)
		start_server();
	asked = 0;
	fd = call();
	talk(fd, in.rest, piece ? piece * piece : 1u << 20, &answer);
	close(fd);
	check_answer(buf_str(&answer), asked);
	asked = 0;
	buf_reset(&answer);
	fd = call();
	talk(fd, S("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 1u << 20, &answer);
	close(fd);
	assert(asked == 1 && str_starts(buf_str(&answer), S("HTTP/1.1 200 ")) &&
	       str_ends(buf_str(&answer), S("\r\n\r\n/")));
	return 0;
}
