/* Figures of containers: exact counts, sketches within their error, and rates from what is read twice. */
#include "unit.h"

#include <stdio.h>

#include "policy/literal.h"
#include "watch/usage.h"

static struct container box = { .runtime = CONTAINER_DOCKER, .cgroup_id = 7 };
static const struct siphash_key key = { { 1, 2 } };
static struct event_usage last;
static int told;

static const struct container *find(void *ctx, uint64_t cgroup_id)
{
	return cgroup_id == 7 && ctx ? &box : NULL;
}

static void tell(void *ctx, const struct container *c, const struct event_usage *u)
{
	(void)ctx, (void)c;
	last = *u;
	told++;
}

static int read_figures(void *ctx, const struct container *c, struct usage_figures *ret)
{
	uint64_t *cpu = ctx;

	(void)c;
	*ret = (struct usage_figures){ *cpu, 12 };
	return 0;
}

static void connects(struct usage *u, uint16_t port, uint8_t peer, int64_t res)
{
	struct event v = { .type = EVENT_CONNECT, .res = res };

	v.fd.kind = EVENT_FD_IPV4;
	v.fd.remote.port = port;
	v.fd.remote.ip[3] = peer;
	usage_event(u, &box, &v);
}

static void test_counts(void **state)
{
	struct usage *u = NULL;
	uint64_t cpu = 1000000000;
	struct event v = { .type = EVENT_OPENAT, .flags = 1 };

	(void)state;
	told = 0;
	assert_int_equal(usage_new(4, &key, &u, NULL), 0);
	usage_event(u, &box, &v);
	v.flags = 0;
	usage_event(u, &box, &v);
	v.type = EVENT_EXECVE;
	usage_event(u, &box, &v);
	usage_end(u, 1000000000, find, read_figures, &cpu, tell, &told);
	assert_int_equal(told, 1);
	assert_int_equal(last.opens_write, 1);
	assert_int_equal(last.execs, 1);
	assert_int_equal(last.threads_now, 12);
	assert_int_equal(last.cpu_percent, 0);
	for (uint16_t i = 0; i < 1000; i++)
		connects(u, (uint16_t)(i + 1), (uint8_t)(i % 50),
			 i % 2 ? -ECONNREFUSED : -EINPROGRESS);
	cpu += 15000000000;
	usage_end(u, 11000000000, find, read_figures, &cpu, tell, &told);
	assert_int_equal(last.interval_ms, 10000);
	assert_int_equal(last.cpu_percent, 150);
	assert_int_equal(last.execs, 0);
	assert_int_equal(last.connects, 1000);
	assert_int_equal(last.connects_failed, 500);
	assert_in_range(last.distinct_ports, 930, 1070);
	assert_in_range(last.distinct_peers, 47, 53);
	usage_free(u);
}

static void test_bounded(void **state)
{
	struct usage *u = NULL;
	struct event v = { .type = EVENT_EXECVE };

	(void)state;
	told = 0;
	assert_int_equal(usage_new(4, &key, &u, NULL), 0);
	for (uint64_t round = 0; round < 3; round++) {
		for (uint64_t i = 1; i <= 10; i++) {
			box.cgroup_id = 100 * round + i;
			usage_event(u, &box, &v);
		}
		assert_int_equal(usage_refused(u), 6 * (round + 1));
		/* All are gone: their places are free again. */
		usage_end(u, round + 1, find, NULL, NULL, tell, NULL);
	}
	box.cgroup_id = 7;
	assert_int_equal(told, 0);
	usage_free(u);
}

static uint64_t plain_hash(str name)
{
	uint64_t hash = literal_hash(name) * 0xd6e8feb86659fd93u;

	return hash ^ hash >> 32;
}

static uint64_t hash_of_another(str name)
{
	const struct siphash_key another = { { 1, 3 } };

	return siphash(&another, name);
}

/* Names that one hash puts into 20 places of 1,024: which are few where it is used, and many where it is not. */
static uint32_t count_chosen(uint64_t (*hash)(str name))
{
	struct event v = { .type = EVENT_DNS };
	struct usage *u = NULL;
	uint32_t chosen = 0;
	char name[64];

	assert_int_equal(usage_new(4, &key, &u, NULL), 0);
	for (unsigned int i = 0; chosen < 1000; i++) {
		v.text = (str){ name, (size_t)snprintf(name, sizeof(name), "%08x.data.evil.example",
						       i * 2654435761u) };
		if (hash(v.text) % 1024 < 20) {
			usage_event(u, &box, &v);
			chosen++;
		}
	}
	usage_end(u, 1, find, NULL, NULL, tell, &told);
	usage_free(u);
	return last.dns_names;
}

static void test_chosen_names(void **state)
{
	(void)state;
	assert_in_range(count_chosen(plain_hash), 930, 1070);
	assert_in_range(count_chosen(hash_of_another), 930, 1070);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_counts),
					    cmocka_unit_test(test_bounded),
					    cmocka_unit_test(test_chosen_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
