/*
 * Whatever a peer sends, in pieces or at once: each request that is whole is answered once, in order, the connection is closed
 * when the peer has said all, handlers are given clean paths and bodies within the bound only, nothing stays held, and the next
 * peer is served.
 *
 * The first byte says how large the pieces are, the second whether answers come at once, later or piece by piece. Each connection
 * comes from another loopback address: ports are few.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "input.h"
#include "wire/http_server.h"

enum { TURNS = 4000, BODY_MAX = 300 };

static struct http_server *server;
static unsigned int asked, answered, gone;
static uint8_t manner;
static struct http_server_exchange *waiting;

static void on_gone(void *ctx)
{
	(void)ctx;
	gone++;
}

static void answer(struct http_server_exchange *x)
{
	const struct http_server_request *q = http_server_request(x);
	struct http_server_reply r = { .status = str_is(q->head.path, "/") ? 200 : 404,
				       .type = "text/plain",
				       .body = q->head.path };
	/* The request goes with its exchange. */
	OWNED_BUF body = BUF_INIT;

	answered++;
	buf_add(&body, q->head.path);
	r.body = buf_str(&body);
	if (manner % 3 != 2) {
		http_server_answer(x, &r);
		return;
	}
	gone = 0;
	http_server_stream(x, &r, on_gone, NULL);
	if (!gone)
		http_server_send(x, S("more"));
	if (!gone)
		http_server_end(x);
}

static void answer_waiting(void *arg)
{
	struct http_server_exchange *x = TAKE(&waiting);

	(void)arg;
	if (x)
		answer(x);
}

static void check_request(const struct http_server_request *q)
{
	assert(q->head.path.n && q->head.path.p[0] == '/' && q->body.n <= BODY_MAX);
	for (size_t i = 0; i < q->head.path.n; i++)
		assert(q->head.path.p[i] > 32 && q->head.path.p[i] < 127 &&
		       !strchr("?#", q->head.path.p[i]));
	for (size_t i = 0; i < q->head.field_count; i++)
		assert(q->head.fields[i].name.n &&
		       str_find(q->head.fields[i].value, '\n') == q->head.fields[i].value.n);
	if (!q->head.is_chunked)
		assert(q->body.n == q->head.body_bytes);
}

static void on_request(void *ctx, struct http_server_exchange *x)
{
	(void)ctx;
	check_request(http_server_request(x));
	asked++;
	if (manner % 3 != 1) {
		answer(x);
		return;
	}
	assert(!waiting);
	waiting = x;
	assert(http_server_post(server, answer_waiting, NULL) == 0);
}

static void start_server(void)
{
	struct http_server_options o = { .address = "127.0.0.1:0",
					 .on_request = on_request,
					 .max_body_bytes = BODY_MAX,
					 .idle_s = 5 };
	int r = http_server_new(&o, &server, NULL);

	assert(r == 0);
}

static int call(void)
{
	static uint32_t number;
	struct sockaddr_in from = { .sin_family = AF_INET },
			   to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)http_server_port(server)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	from.sin_addr.s_addr = htonl(0x7f010000u + (number++ & 0xffff));
	assert(fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0);
	assert(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Sends it piece by piece, then no more, and takes what comes until the server hangs up. */
static void talk(int fd, str request, size_t piece, struct buf *answer)
{
	const size_t turns = TURNS + request.n / piece;
	bool open = true, said = false;

	for (size_t turn = 0; open && turn < turns; turn++) {
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

/* As many answers as requests, and one more at most: to what was none. Paths hold no blanks, so none holds this. */
static void check_answers(str got)
{
	unsigned int n = 0;

	assert(!got.n || str_starts(got, S("HTTP/1.1 ")));
	while (got.n) {
		got = str_skip(got, str_search(got, S("HTTP/1.1 ")));
		n += got.n > 9 && got.p[9] != '1';
		got = str_skip(got, 9);
	}
	assert(n >= asked && n <= asked + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = input_of(data, size);
	OWNED_BUF got = BUF_INIT;
	struct http_server_figures f;
	size_t piece = input_byte(&in);
	int fd;

	manner = input_byte(&in);
	if (!server)
		start_server();
	asked = answered = 0;
	fd = call();
	talk(fd, in.rest, piece ? piece * piece : 1u << 20, &got);
	close(fd);
	assert(asked == answered && !waiting);
	check_answers(buf_str(&got));
	/* Whoever was refused is heard until he hangs up. */
	for (int turn = 0; turn < TURNS && !http_server_is_idle(server); turn++)
		(void)http_server_work(server);
	http_server_read(server, &f);
	assert(f.connections == 0 && f.streams == 0 && f.held_bytes == 0);
	asked = manner = 0;
	buf_reset(&got);
	fd = call();
	talk(fd, S("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 1u << 20, &got);
	close(fd);
	assert(asked == 1 && str_starts(buf_str(&got), S("HTTP/1.1 200 ")) &&
	       str_ends(buf_str(&got), S("\r\n\r\n/")));
	return 0;
}
