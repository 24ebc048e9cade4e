/* What the kernel tells has the time of day, also once that was set anew. Needs root. */
#include "sensor_host.h"
#include "unit.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static const struct kernel_filter nothing;
static time_t set_by; /* seconds that the time of day was set on */

/* In the library's place: the machine's own clock is not for tests to set. */
int clock_gettime(clockid_t id, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, id, ret);

	if (id == CLOCK_REALTIME)
		ret->tv_sec += set_by;
	return r;
}

struct end {
	pid_t child;
	uint64_t time_ns;
};

static void take(void *ctx, const struct event *v)
{
	struct end *end = ctx;

	if (v->type == EVENT_PROCEXIT && v->task.pid == (uint32_t)end->child)
		end->time_ns = v->time_ns;
}

static void assert_now(uint64_t time_ns)
{
	const uint64_t now = clock_ns(CLOCK_REALTIME);

	assert_in_range(time_ns, now - 5 * SECOND_NS, now);
}

static void end_a_child(struct sensor *s)
{
	struct end end = { .child = fork() };
	struct err e = { 0 };

	if (end.child == 0)
		_exit(0);
	waitpid(end.child, NULL, 0);
	for (int i = 0; i < 1000 && !end.time_ns; i++) {
		poll(NULL, 0, 1);
		assert_true(sensor_drain(s, 0, take, &end, &e) >= 0);
	}
	assert_now(end.time_ns);
}

static void connect_to_ourselves(struct sensor *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	OWNED_FD listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	OWNED_FD flows = -1;
	socklen_t n = sizeof(at);
	struct sensor_flow f[32];
	bool seen = false;
	int count;

	assert_int_equal(bind(listener, (void *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (void *)&at, &n), 0);
	assert_int_equal(connect(fd, (void *)&at, sizeof(at)), 0);
	flows = sensor_flows_begin(s, NULL);
	assert_true(flows >= 0);
	while ((count = sensor_flows_read(s, flows, f, ARRAY_LEN(f), NULL)) > 0)
		for (int i = 0; i < count; i++) {
			if (f[i].port != ntohs(at.sin_port))
				continue;
			assert_now(f[i].first_ns);
			assert_now(f[i].last_ns);
			seen = true;
		}
	assert_int_equal(count, 0);
	assert_true(seen);
}

static void follows_the_clock(void **state UNUSED)
{
	const struct sensor_config c = { .backend = tested_backend(), .flows = true };
	struct sensor *s = NULL;
	struct err e = { 0 };

	if (geteuid() != 0)
		SKIP_BECAUSE("only root may load programs");
	if (sensor_open(&c, &nothing, &s, &e) < 0)
		SKIP_BECAUSE("%s", e.text);
	end_a_child(s);
	connect_to_ourselves(s);
	set_by = 3600;
	connect_to_ourselves(s);
	end_a_child(s);
	set_by = -86400;
	end_a_child(s);
	connect_to_ourselves(s);
	sensor_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(follows_the_clock) };

	return RUN_BACKEND_TESTS(tests, NULL, NULL);
}
