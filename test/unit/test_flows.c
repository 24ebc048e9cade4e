/* What the console is told of connections. */
#include "unit.h"

#include "codec/json.h"
#include "prog/agent/flows.h"
#include "prog/agent/message.h"

static const struct sensor_flow one = {
	.server = true,
	.local = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 2 },
	.remote = { 0xfd, [15] = 1 },
	.port = 443,
	.process = "nginx",
	.connections = 12,
	.first_ns = 1700000000000000001,
	.last_ns = 1700000000000000002,
};

static void say_each_flow(void **state UNUSED)
{
	OWNED_BUF out = BUF_INIT;

	flows_render(&one, 1, 3, 1700000000000000003, NULL, &out);
	assert_string_equal(
		buf_cstr(&out),
		"{\"time\":\"2023-11-14T22:13:20.000000003Z\",\"lost\":3,\"flows\":[{\"process\":"
		"\"nginx\",\"role\":\"server\",\"protocol\":\"tcp\",\"local\":\"10.0.0.2\","
		"\"peer\":"
		"\"fd00::1\",\"port\":443,\"connections\":12,\"firstNs\":1700000000000000001,"
		"\"lastNs\":1700000000000000002}]}");
}

/* Names of processes are theirs to choose: the longest of a record still fit a message, and are told as text. */
static void fit_a_message(void **state UNUSED)
{
	struct sensor_flow list[FLOWS_A_RECORD];
	OWNED_BUF out = BUF_INIT;
	struct arena a;
	struct value v;

	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		list[i] = one;
		memset(list[i].process, '\x01', sizeof(list[i].process) - 1);
		memset(list[i].local, 0xfe, sizeof(list[i].local));
		memset(list[i].remote, 0xfd, sizeof(list[i].remote));
		list[i].connections = list[i].first_ns = list[i].last_ns = UINT64_MAX;
	}
	out.max = MESSAGE_MAX_BYTES / 2;
	flows_render(list, ARRAY_LEN(list), UINT64_MAX, 0, NULL, &out);
	assert_int_equal(buf_error(&out), 0);
	arena_init(&a, (size_t)1 << 20);
	assert_int_equal(json_parse(buf_str(&out), &a, &v, NULL), 0);
	assert_int_equal(value_get(&v, "flows")->count, FLOWS_A_RECORD);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(say_each_flow),
		cmocka_unit_test(fit_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
