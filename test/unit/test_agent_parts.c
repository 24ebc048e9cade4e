/* What an agent's parts cost, as agents of this version and the one before tell it, and as one tells it that lies. */
#include "unit.h"

#include "base/buf.h"
#include "codec/json.h"
#include "console/fleet/agent_parts.h"

static struct arena arena;

static struct agent_parts parts_of(const char *text)
{
	struct agent_parts p;
	struct value v;

	assert_int_equal(json_parse(str_from(text), &arena, &v, NULL), 0);
	agent_parts_of(&v, &p);
	return p;
}

static void test_all_parts(void **state)
{
	struct agent_parts p = parts_of(
		"{\"sensor\":{\"cpuUserMs\":1,\"residentBytes\":9999},\"parts\":["
		"{\"part\":\"sensor\",\"processes\":1,\"cpuUserMs\":300,\"cpuSystemMs\":40,"
		"\"cpuPercent\":2.5,\"memoryBytes\":100},"
		"{\"part\":\"scanner\",\"processes\":4,\"cpuUserMs\":5000,\"cpuSystemMs\":0,"
		"\"cpuPercent\":0,\"memoryBytes\":7}]}");

	(void)state;
	assert_true(p.whole);
	assert_int_equal(p.count, 2);
	assert_str(p.list[1].name, "scanner");
	assert_int_equal(p.list[1].processes, 4);
	assert_int_equal(p.list[0].cpu_ms, 340);
	assert_true(p.list[0].percent > 2.4 && p.list[0].percent < 2.6);
	assert_int_equal(p.cpu_ms, 5340);
	assert_int_equal(p.memory, 107);
}

static void test_of_the_version_before(void **state)
{
	struct agent_parts p =
		parts_of("{\"sensor\":{\"cpuUserMs\":30,\"cpuSystemMs\":4,\"residentBytes\":100},"
			 "\"uplink\":{\"cpuUserMs\":1,\"cpuSystemMs\":1,\"residentBytes\":10}}");

	(void)state;
	assert_false(p.whole);
	assert_int_equal(p.count, 2);
	assert_str(p.list[1].name, "uplink");
	assert_true(p.list[0].percent < 0 && p.list[0].processes < 0);
	assert_int_equal(p.cpu_ms, 36);
	assert_int_equal(p.memory, 110);
}

static void test_of_a_liar(void **state)
{
	struct agent_parts p;
	OWNED_BUF b = BUF_INIT;

	(void)state;
	assert_int_equal(parts_of("{}").count, 0);
	assert_int_equal(parts_of("{\"parts\":7}").count, 0);
	assert_int_equal(parts_of("{\"parts\":[1,{\"part\":3},{\"cpuUserMs\":1}]}").count, 0);
	buf_add(&b, S("{\"parts\":[{\"part\":\"less\",\"cpuUserMs\":-5,\"memoryBytes\":-1}"));
	for (int i = 0; i < 2 * AGENT_PARTS_MAX; i++)
		buf_add(&b,
			S(",{\"part\":\"x\",\"cpuUserMs\":9223372036854775807,\"cpuPercent\":1e300,"
			  "\"cpuSystemMs\":9223372036854775807,\"memoryBytes\":"
			  "9223372036854775807}"));
	buf_add(&b, S("]}"));
	p = parts_of(buf_cstr(&b));
	assert_int_equal(p.count, AGENT_PARTS_MAX);
	assert_int_equal(p.list[0].cpu_ms, 0);
	assert_int_equal(p.list[0].memory, 0);
	assert_true(p.cpu_ms > 0 && p.memory > 0 && p.list[1].percent <= 1e6);
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, (size_t)1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_of_the_version_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_of_a_liar, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
