#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "wire/http_server.h"

/* A server and the exchanges that wait for an answer. */
struct stage {
	struct http_server *server;
	struct http_server_exchange *waiting[8];
	size_t count;
	unsigned int gone;
	char agent[64];
};

static void keep(void *ctx, struct http_server_exchange *x)
{
	struct stage *s = ctx;

	assert_true(s->count < 8);
	s->waiting[s->count++] = x;
}

static void on_gone(void *ctx)
{
	((struct stage *)ctx)->gone++;
}

static void open_stage(struct stage *s, struct http_server_options o)
{
	*s = (struct stage){ 0 };
	o.address = "127.0.0.1:0";
	o.on_request = keep;
	o.ctx = s;
	assert_int_equal(http_server_new(&o, &s->server, NULL), 0);
}

static int call(struct stage *s, const char *says)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)http_server_port(s->server)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(send(fd, says, strlen(says), MSG_NOSIGNAL), (ssize_t)strlen(says));
	return fd;
}

/* At least as many turns as go into that time, also where a busy machine lets none pass. */
static void work(struct stage *s, uint64_t ms)
{
	uint64_t until = clock_ms(CLOCK_MONOTONIC) + ms, turns = 0;

	do {
		struct pollfd p = { .fd = http_server_fd(s->server), .events = POLLIN };
		int wait = http_server_work(s->server);

		(void)poll(&p, 1, wait < 0 ? 5 : MIN(wait, 5));
	} while (++turns < ms / 5 || clock_ms(CLOCK_MONOTONIC) < until);
}

/** Works until the peer has @p text, or its end. */
static bool hears(struct stage *s, int fd, const char *text, struct buf *got)
{
	for (int i = 0; i < 400; i++) {
		char room[4096];
		ssize_t n;

		work(s, 1);
		while ((n = recv(fd, room, sizeof(room), 0)) > 0)
			buf_add(got, (str){ room, (size_t)n });
		if (text && str_search(buf_str(got), str_from(text)) < got->n)
			return true;
		if (n == 0)
			return !text;
	}
	return false;
}

static void answer(struct stage *s, const char *body)
{
	struct http_server_reply r = { .status = 200,
				       .type = "text/plain",
				       .body = str_from(body) };

	assert_true(s->count > 0);
	http_server_answer(s->waiting[--s->count], &r);
}

#define GET "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"

static void test_late_answers_find_their_peer_or_nobody(void **state)
{
	struct stage s;
	OWNED_BUF got = BUF_INIT;
	int a, b;

	(void)state;
	open_stage(&s, (struct http_server_options){ .idle_s = 5 });
	a = call(&s, GET);
	work(&s, 20);
	b = call(&s, GET);
	work(&s, 20);
	assert_int_equal(s.count, 2);
	/* One hangs up, hard. */
	(void)setsockopt(b, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(b);
	work(&s, 20);
	answer(&s, "nobody");
	answer(&s, "somebody");
	assert_true(hears(&s, a, "somebody", &got));
	assert_true(str_search(buf_str(&got), S("nobody")) == got.n);
	close(a);
	work(&s, 20);
	assert_true(http_server_is_idle(s.server));
	http_server_free(s.server);
}

static void test_who_is_slow_is_told_so(void **state)
{
	struct http_server_figures f;
	struct stage s;
	OWNED_BUF head = BUF_INIT;
	OWNED_BUF body = BUF_INIT;
	OWNED_BUF mute = BUF_INIT;
	int a, b, c;

	(void)state;
	open_stage(&s,
		   (struct http_server_options){ .idle_s = 5, .head_s = 1, .max_body_bytes = 100 });
	a = call(&s, "GET /x HT");
	b = call(&s, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
	c = call(&s, "");
	work(&s, 1200);
	assert_true(hears(&s, a, "HTTP/1.1 408 ", &head));
	assert_true(hears(&s, b, "HTTP/1.1 408 ", &body));
	assert_true(hears(&s, c, NULL, &mute));
	assert_int_equal(mute.n, 0);
	assert_int_equal(s.count, 0);
	close(a), close(b), close(c);
	work(&s, 20);
	http_server_read(s.server, &f);
	assert_int_equal(f.connections, 0);
	assert_int_equal(f.held_bytes, 0);
	http_server_free(s.server);
}

static void test_all_together_hold_no_more_than_they_may(void **state)
{
	struct stage s;
	OWNED_BUF got = BUF_INIT;
	OWNED_BUF big = BUF_INIT;
	int fds[3];

	(void)state;
	open_stage(&s, (struct http_server_options){
			       .idle_s = 5, .max_body_bytes = 1 << 20, .max_held_bytes = 300000 });
	buf_printf(&big, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 120000\r\n\r\n%0120000d",
		   0);
	for (int i = 0; i < 3; i++) {
		fds[i] = call(&s, buf_cstr(&big));
		work(&s, 30);
	}
	assert_true(s.count < 3);
	assert_true(hears(&s, fds[2], "HTTP/1.1 503 ", &got));
	while (s.count)
		answer(&s, "ok");
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	work(&s, 20);
	http_server_free(s.server);
}

static void test_streams_end_as_they_should(void **state)
{
	static const struct http_server_reply r = { .status = 200,
						    .type = "text/event-stream",
						    .body = { "hello", 5 } };
	struct stage s;
	OWNED_BUF got = BUF_INIT;
	OWNED_BUF much = BUF_INIT;
	struct http_server_exchange *x;
	int fd;

	(void)state;
	open_stage(&s, (struct http_server_options){ .idle_s = 5 });
	/* By us. */
	fd = call(&s, GET);
	work(&s, 20);
	x = s.waiting[--s.count];
	http_server_stream(x, &r, on_gone, &s);
	http_server_send(x, S("there"));
	http_server_end(x);
	assert_true(hears(&s, fd, "5\r\nhello\r\n5\r\nthere\r\n0\r\n\r\n", &got));
	assert_int_equal(s.gone, 0);
	/* By the peer, on the same connection. */
	assert_int_equal(send(fd, GET, strlen(GET), 0), (ssize_t)strlen(GET));
	work(&s, 20);
	http_server_stream(s.waiting[--s.count], &r, on_gone, &s);
	work(&s, 10);
	close(fd);
	work(&s, 20);
	assert_int_equal(s.gone, 1);
	/* By one that does not read. */
	fd = call(&s, GET);
	work(&s, 20);
	x = s.waiting[--s.count];
	http_server_stream(x, &r, on_gone, &s);
	buf_printf(&much, "%0500000d", 0);
	for (int i = 0; i < 100 && s.gone == 1; i++)
		http_server_send(x, buf_str(&much));
	assert_int_equal(s.gone, 2);
	close(fd);
	/* By the end of all. */
	fd = call(&s, GET);
	work(&s, 20);
	http_server_stream(s.waiting[--s.count], &r, on_gone, &s);
	work(&s, 10);
	http_server_drain(s.server);
	assert_int_equal(s.gone, 3);
	buf_reset(&got);
	assert_true(hears(&s, fd, "0\r\n\r\n", &got));
	close(fd);
	work(&s, 20);
	assert_true(http_server_is_idle(s.server));
	http_server_free(s.server);
}

static void test_a_field_cannot_become_an_answer(void **state)
{
	struct http_server_reply r = { .status = 200,
				       .fields = { { "X", "a\r\nSet-Cookie: b" } },
				       .field_count = 1 };
	struct stage s;
	OWNED_BUF got = BUF_INIT;
	int fd;

	(void)state;
	open_stage(&s, (struct http_server_options){ .idle_s = 5 });
	fd = call(&s, GET);
	work(&s, 20);
	http_server_answer(s.waiting[--s.count], &r);
	assert_true(hears(&s, fd, "HTTP/1.1 500 ", &got));
	assert_true(str_search(buf_str(&got), S("Set-Cookie")) == got.n);
	close(fd);
	work(&s, 20);
	http_server_free(s.server);
}

/** Asks with @p head and gives back whom the server takes for the one who asks. */
static const char *asked_by(struct stage *s, const char *head)
{
	static char peer[NETWORK_TEXT_BYTES];
	OWNED_BUF got = BUF_INIT;
	int fd = call(s, head);

	for (int i = 0; i < 200 && !s->count; i++)
		work(s, 1);
	assert_int_equal(s->count, 1);
	memcpy(peer, http_server_request(s->waiting[0])->peer, sizeof(peer));
	answer(s, "here");
	assert_true(hears(s, fd, "here", &got));
	close(fd);
	return peer;
}

static void trust(struct proxies *p, enum proxies_tell tell, const char *const *networks)
{
	*p = (struct proxies){ .tell = tell };
	for (; *networks; networks++)
		assert_int_equal(networks_add(&p->trusted, str_from(*networks), NULL), 0);
}

#define ASK(fields) "GET /x HTTP/1.1\r\nHost: h\r\n" fields "\r\n"

static void test_a_trusted_proxy_tells_who_asks(void **state)
{
	static const struct {
		const char *head, *by;
	} rows[] = {
		{ ASK(""), "127.0.0.1" },
		{ ASK("X-Forwarded-For: 192.0.2.7\r\n"), "192.0.2.7" },
		{ ASK("X-Forwarded-For: 192.0.2.7:5123\r\n"), "192.0.2.7" },
		{ ASK("x-forwarded-for: 2001:db8::7\r\n"), "2001:db8::7" },
		{ ASK("X-Forwarded-For: [2001:db8::7]:5\r\n"), "2001:db8::7" },
		/* what a client wrote itself stands before what the proxy knows */
		{ ASK("X-Forwarded-For: 127.0.0.1, 192.0.2.7\r\n"), "192.0.2.7" },
		{ ASK("X-Forwarded-For: 203.0.113.5,192.0.2.7, 10.1.2.3\r\n"), "192.0.2.7" },
		{ ASK("X-Forwarded-For: 203.0.113.5\r\nX-Forwarded-For: 192.0.2.7\r\n"),
		  "192.0.2.7" },
		{ ASK("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 10.1.2.3\r\n"), "192.0.2.7" },
		/* nobody known: the last proxy that is */
		{ ASK("X-Forwarded-For: 192.0.2.7, unknown, 10.1.2.3\r\n"), "10.1.2.3" },
		{ ASK("X-Forwarded-For: \r\n"), "127.0.0.1" },
		{ ASK("X-Forwarded-For: <script>\r\n"), "127.0.0.1" },
		/* another way than the one believed */
		{ ASK("Forwarded: for=192.0.2.7\r\n"), "127.0.0.1" },
		{ ASK("X-Real-IP: 192.0.2.7\r\n"), "127.0.0.1" },
	};
	struct proxies p;
	struct stage s;

	(void)state;
	trust(&p, PROXIES_TELL_X_FORWARDED_FOR,
	      (const char *const[]){ "127.0.0.1", "10.0.0.0/8", NULL });
	open_stage(&s, (struct http_server_options){ .proxies = &p });
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(asked_by(&s, rows[i].head), rows[i].by);
	http_server_free(s.server);

	/* The same words of somebody else are just words. */
	trust(&p, PROXIES_TELL_X_FORWARDED_FOR, (const char *const[]){ "10.0.0.0/8", NULL });
	open_stage(&s, (struct http_server_options){ .proxies = &p });
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(asked_by(&s, rows[i].head), "127.0.0.1");
	http_server_free(s.server);
}

static void test_forwarded_is_read_as_it_is_specified(void **state)
{
	static const struct {
		const char *head, *by;
	} rows[] = {
		{ ASK("Forwarded: for=192.0.2.7\r\n"), "192.0.2.7" },
		{ ASK("Forwarded: proto=https;FOR=\"192.0.2.7:80\";by=10.0.0.1\r\n"), "192.0.2.7" },
		{ ASK("Forwarded: for=\"[2001:db8::7]:4711\"\r\n"), "2001:db8::7" },
		{ ASK("Forwarded: for=127.0.0.1, for=192.0.2.7\r\n"), "192.0.2.7" },
		/* a quote that a client left open hides nothing */
		{ ASK("Forwarded: for=\"203.0.113.9, for=192.0.2.7\r\n"), "192.0.2.7" },
		{ ASK("Forwarded: for=unknown\r\n"), "127.0.0.1" },
		{ ASK("Forwarded: for=_hidden, for=127.0.0.1\r\n"), "127.0.0.1" },
		{ ASK("Forwarded: proto=https\r\n"), "127.0.0.1" },
		{ ASK("X-Forwarded-For: 192.0.2.7\r\n"), "127.0.0.1" },
	};
	struct proxies p;
	struct stage s;

	(void)state;
	trust(&p, PROXIES_TELL_FORWARDED, (const char *const[]){ "127.0.0.0/8", NULL });
	open_stage(&s, (struct http_server_options){ .proxies = &p });
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(asked_by(&s, rows[i].head), rows[i].by);
	http_server_free(s.server);
}

#define PROXY_SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define PROXY_TCP4 PROXY_SIGNATURE "\x21\x11\0\x0c\xc0\0\x02\x07\x0a\0\0\x01\x10\0\x20\xfb"
#define PROXY_LOCAL PROXY_SIGNATURE "\x20\0\0\0"

static int call_bytes(struct stage *s, str bytes, size_t piece)
{
	int fd = call(s, "");

	while (bytes.n) {
		str part = str_take(bytes, piece);

		(void)!send(fd, part.p, part.n, MSG_NOSIGNAL);
		bytes = str_skip(bytes, part.n);
		work(s, piece < 8 ? 1 : 0);
	}
	return fd;
}

static void test_a_load_balancer_says_for_whom_it_speaks(void **state)
{
	static const struct {
		str says;
		const char *by; /* NULL: hung up on */
	} rows[] = {
		{ { PROXY_TCP4 GET, sizeof(PROXY_TCP4 GET) - 1 }, "192.0.2.7" },
		{ { PROXY_LOCAL GET, sizeof(PROXY_LOCAL GET) - 1 }, "127.0.0.1" },
		{ { GET, sizeof(GET) - 1 }, NULL },
		{ { PROXY_SIGNATURE "\x22\0\0\0" GET, 16 + sizeof(GET) - 1 }, NULL },
		{ { PROXY_SIGNATURE "\x21\x11\0\x04" GET, 16 + sizeof(GET) - 1 }, NULL },
		{ { PROXY_SIGNATURE "\x21\x11\xff\xff" GET, 16 + sizeof(GET) - 1 }, NULL },
	};
	struct proxies p;
	struct stage s;

	(void)state;
	trust(&p, PROXIES_TELL_PROTOCOL, (const char *const[]){ "127.0.0.1", NULL });
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		OWNED_BUF got = BUF_INIT;
		int fd;

		open_stage(&s, (struct http_server_options){ .proxies = &p });
		fd = call_bytes(&s, rows[i / 2].says, i % 2 ? 1 : 4096);
		if (rows[i / 2].by) {
			work(&s, 20);
			assert_int_equal(s.count, 1);
			assert_string_equal(http_server_request(s.waiting[0])->peer,
					    rows[i / 2].by);
			answer(&s, "here");
			assert_true(hears(&s, fd, "here", &got));
		} else {
			char byte;

			work(&s, 20);
			errno = 0;
			assert_int_equal(s.count, 0);
			assert_true(recv(fd, &byte, 1, 0) <= 0 && errno != EAGAIN);
		}
		close(fd);
		http_server_free(s.server);
	}

	/* Who is not trusted speaks for nobody. */
	trust(&p, PROXIES_TELL_PROTOCOL, (const char *const[]){ "10.0.0.0/8", NULL });
	open_stage(&s, (struct http_server_options){ .proxies = &p });
	assert_string_equal(asked_by(&s, ASK("X-Forwarded-For: 192.0.2.7\r\n")), "127.0.0.1");
	http_server_free(s.server);
}

/* The bound of an address: a few more are told, those after them hung up on, and an answered one makes room. */
static void test_too_many_of_one_address_are_told(void **state)
{
	struct stage s;
	OWNED_BUF got = BUF_INIT;
	int first, told, fds[16];
	char byte;

	(void)state;
	open_stage(&s, (struct http_server_options){ .idle_s = 5, .max_per_peer = 1 });
	first = call(&s, GET);
	work(&s, 20);
	assert_int_equal(s.count, 1);
	told = call(&s, GET);
	assert_true(hears(&s, told, "HTTP/1.1 429 ", &got));
	assert_true(str_search(buf_str(&got), S("Retry-After: ")) < got.n);
	assert_true(str_search(buf_str(&got), S("application/problem+json")) < got.n);
	assert_true(hears(&s, told, NULL, &got));
	close(told);
	work(&s, 20);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = call(&s, "");
	work(&s, 20);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		errno = 0;
		assert_true(recv(fds[i], &byte, 1, 0) <= 0);
		assert_int_equal(errno == EAGAIN, i < 8);
		close(fds[i]);
	}
	answer(&s, "first");
	close(first);
	work(&s, 20);
	assert_string_equal(asked_by(&s, GET), "127.0.0.1");
	http_server_free(s.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_answers_find_their_peer_or_nobody),
		cmocka_unit_test(test_who_is_slow_is_told_so),
		cmocka_unit_test(test_all_together_hold_no_more_than_they_may),
		cmocka_unit_test(test_streams_end_as_they_should),
		cmocka_unit_test(test_a_field_cannot_become_an_answer),
		cmocka_unit_test(test_a_trusted_proxy_tells_who_asks),
		cmocka_unit_test(test_forwarded_is_read_as_it_is_specified),
		cmocka_unit_test(test_a_load_balancer_says_for_whom_it_speaks),
		cmocka_unit_test(test_too_many_of_one_address_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
