#include "unit.h"

#include <arpa/inet.h>

#include "watch/fd_ends.h"

static struct event_end end(int family, const char *address, uint16_t port)
{
	struct event_end e = { .port = port };

	assert_int_equal(inet_pton(family, address, e.ip), 1);
	return e;
}

static void texts(void **state)
{
	static const struct {
		enum event_fd_kind kind;
		char role;
		const char *local;
		uint16_t local_port;
		const char *remote;
		uint16_t remote_port;
		const char *want;
	} cases[] = {
		{ EVENT_FD_IPV4, 'c', "10.0.0.1", 40000, "10.0.0.2", 80,
		  "10.0.0.1:40000->10.0.0.2:80" },
		{ EVENT_FD_IPV4, 's', "10.0.0.1", 80, "10.0.0.2", 40000,
		  "10.0.0.2:40000->10.0.0.1:80" },
		{ EVENT_FD_IPV4, 0, "10.0.0.1", 80, "10.0.0.2", 40000,
		  "10.0.0.2:40000->10.0.0.1:80" },
		{ EVENT_FD_IPV4, 0, "0.0.0.0", 0, "10.0.0.2", 53, "0.0.0.0:0->10.0.0.2:53" },
		{ EVENT_FD_IPV4, 's', "0.0.0.0", 22, "0.0.0.0", 0, "0.0.0.0:22" },
		{ EVENT_FD_IPV4, 0, "0.0.0.0", 0, "0.0.0.0", 0, "" },
		{ EVENT_FD_IPV6, 'c', "fe80::1", 40000, "fe80::2", 443,
		  "fe80::1:40000->fe80::2:443" },
		{ EVENT_FD_IPV6, 'c', "::ffff:10.0.0.1", 40000, "::ffff:10.0.0.2", 443,
		  "10.0.0.1:40000->10.0.0.2:443" },
		{ EVENT_FD_IPV6, 'c', "::", 0, "::ffff:10.0.0.2", 443, "0.0.0.0:0->10.0.0.2:443" },
		{ EVENT_FD_IPV6, 's', "::", 8080, "::", 0, ":::8080" },
		{ EVENT_FD_IPV6, 'c', "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535,
		  "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.254", 65535,
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:65535->"
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe:65535" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int family = cases[i].kind == EVENT_FD_IPV4 ? AF_INET : AF_INET6;
		struct event_fd f = { .kind = (uint16_t)cases[i].kind,
				      .role = (uint8_t)cases[i].role };
		struct fd_ends e;
		char text[FD_ENDS_BYTES];

		f.local = end(family, cases[i].local, cases[i].local_port);
		f.remote = end(family, cases[i].remote, cases[i].remote_port);
		e = fd_ends_of(&f, fd_ends_serves(&f));
		assert_str(fd_ends_text(&e, text), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
