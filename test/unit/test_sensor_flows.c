/* Connections as the kernel counts them: each once at each end, whatever is read, handed over or full. Needs root. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kern/flow.h"
#include "kern/sensor.h"

static const struct kernel_filter nothing;

struct sums {
	uint64_t connections, edges;
	char process[17];
};

static int listen_on(int family, uint16_t *ret_port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_storage at;
	socklen_t n = sizeof(at);
	int fd = socket(family, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, family == AF_INET6 ? (void *)&six : (void *)&four,
			      family == AF_INET6 ? sizeof(six) : sizeof(four)),
			 0);
	assert_int_equal(listen(fd, 128), 0);
	assert_int_equal(getsockname(fd, (void *)&at, &n), 0);
	*ret_port = ntohs(((struct sockaddr_in *)(void *)&at)->sin_port);
	return fd;
}

/* Connects and is gone; the last byte says that the other end knew it, too. */
static bool meet(int listener, uint32_t address, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(address) };
	const struct linger at_once = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0), other = -1;

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(fd, (void *)&to, sizeof(to)) == 0)
		other = accept(listener, NULL, NULL);
	close(fd);
	close(other);
	return other >= 0;
}

static void meet_six(int listener, uint16_t port)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port),
				   .sin6_addr = in6addr_loopback };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (void *)&to, sizeof(to)), 0);
	close(accept(listener, NULL, NULL));
	close(fd);
}

/* What is counted of @p port, by role; all that is read is taken. */
static void take(struct sensor *s, uint16_t port, struct sums ret[2])
{
	struct sensor_flow f[32];
	struct err e = { 0 };
	int fd = sensor_flows_begin(s, &e), n;

	memset(ret, 0, 2 * sizeof(*ret));
	if (fd < 0)
		fail_msg("%s", e.text);
	while ((n = sensor_flows_read(s, fd, f, ARRAY_LEN(f), &e)) > 0)
		for (int i = 0; i < n; i++) {
			struct sums *to = &ret[f[i].server];

			assert_true(f[i].connections > 0 && f[i].first_ns <= f[i].last_ns);
			if (f[i].port != port)
				continue;
			to->connections += f[i].connections;
			to->edges++;
			memcpy(to->process, f[i].process, sizeof(to->process));
		}
	close(fd);
	assert_int_equal(n, 0);
}

static struct sensor *open_sensor(const int *kept, size_t kept_count)
{
	const struct sensor_config c = { .flows = true, .kept = kept, .kept_count = kept_count };
	struct sensor *s = NULL;
	struct err e = { 0 };

	if (geteuid() != 0)
		return NULL;
	if (sensor_open(&c, &nothing, &s, &e) < 0) {
		print_message("# %s\n", e.text);
		return NULL;
	}
	assert_string_equal(sensor_flows_why(s), "");
	return s;
}

static void count_each_once_at_each_end(void **state UNUSED)
{
	struct sums of[2], six[2];
	uint16_t port, port_six;
	int fd = listen_on(AF_INET, &port), fd_six;
	struct sensor *s;

	/* The sensor comes when somebody listens already. */
	prctl(PR_SET_NAME, "old-listener");
	s = open_sensor(NULL, 0);
	if (!s)
		SKIP_BECAUSE("no sensor here");
	fd_six = listen_on(AF_INET6, &port_six);
	prctl(PR_SET_NAME, "client");
	for (int i = 0; i < 1000; i++)
		assert_true(meet(fd, INADDR_LOOPBACK, port));
	for (int i = 0; i < 7; i++)
		meet_six(fd_six, port_six);
	assert_false(meet(fd, INADDR_LOOPBACK, 1)); /* nobody listens: no connection */
	take(s, port, of);
	assert_int_equal(of[0].connections, 1000);
	assert_int_equal(of[1].connections, 1000);
	assert_int_equal(of[0].edges, 1);
	assert_string_equal(of[0].process, "client");
	assert_string_equal(of[1].process, "old-listener");
	/* What was read is not there again; what comes later is. */
	take(s, port, of);
	assert_int_equal(of[0].connections + of[1].connections, 0);
	for (int i = 0; i < 3; i++)
		meet_six(fd_six, port_six);
	take(s, port_six, six);
	assert_int_equal(six[0].connections, 3);
	assert_int_equal(six[1].connections, 3);
	assert_int_equal(sensor_flows_lost(s), 0);
	sensor_close(s);
	close(fd);
	close(fd_six);
}

static void go_on_where_a_predecessor_died(void **state UNUSED)
{
	struct sensor *first = open_sensor(NULL, 0), *second;
	int kept[64], given[64];
	struct sums of[2];
	uint16_t port;
	size_t n;
	int fd;

	if (!first)
		SKIP_BECAUSE("no sensor here");
	fd = listen_on(AF_INET, &port);
	n = sensor_keep(first, given, ARRAY_LEN(given));
	assert_in_range(n, 1, ARRAY_LEN(given) - 1);
	for (size_t i = 0; i < n; i++)
		kept[i] = dup(given[i]);
	for (int i = 0; i < 5; i++)
		assert_true(meet(fd, INADDR_LOOPBACK, port));
	take(first, port, of);
	assert_int_equal(of[1].connections, 5);
	for (int i = 0; i < 11; i++)
		assert_true(meet(fd, INADDR_LOOPBACK, port));
	sensor_close(first);
	for (int i = 0; i < 13; i++)
		assert_true(meet(fd, INADDR_LOOPBACK, port));
	second = open_sensor(kept, n);
	assert_non_null(second);
	take(second, port, of);
	assert_int_equal(of[0].connections, 24);
	assert_int_equal(of[1].connections, 24);
	for (size_t i = 0; i < n; i++)
		close(kept[i]);
	sensor_close(second);
	close(fd);
}

static void tell_what_found_no_place(void **state UNUSED)
{
	const uint32_t many = FLOW_MAX / 2 + 500; /* both ends of each are here */
	struct sensor *s = open_sensor(NULL, 0);
	struct sums of[2];
	uint16_t port;
	uint64_t lost;
	int fd;

	if (!s)
		SKIP_BECAUSE("no sensor here");
	fd = listen_on(AF_INET, &port);
	for (uint32_t i = 0; i < many; i++)
		assert_true(meet(fd, 0x7f010000u + i, port));
	take(s, port, of);
	lost = sensor_flows_lost(s);
	assert_true(lost >= 1000 && of[0].edges + of[1].edges <= FLOW_MAX);
	/* Others' connections may have been lost as well. */
	assert_true(of[0].connections + of[1].connections + lost >= (uint64_t)2 * many);
	assert_int_equal(sensor_flows_lost(s), 0);
	/* Places are free again once they were read and not used since. */
	take(s, port, of);
	assert_true(meet(fd, 0x7f020000u, port));
	take(s, port, of);
	assert_int_equal(of[0].connections, 1);
	assert_int_equal(sensor_flows_lost(s), 0);
	sensor_close(s);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(count_each_once_at_each_end),
		cmocka_unit_test(go_on_where_a_predecessor_died),
		cmocka_unit_test(tell_what_found_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
