/* What Prometheus reads: every sample stands behind its own HELP and TYPE, labels are escaped, units are base units. */
#include "unit.h"

#include "prog/agent/metrics.h"

static const char document[] =
	"{\"version\":\"1.2\",\"sensor\":{\"backend\":\"object\",\"judged\":7,\"hookNs\":"
	"1500000000,"
	"\"cpuUserMs\":250,\"lost\":{\"ringBulk\":3},\"events\":{\"open\":{\"delivered\":5,"
	"\"passedOver\":9}},\"hooks\":[{\"program\":\"on_open\",\"runs\":2,\"ns\":1000}]},"
	"\"uplink\":{\"residentBytes\":4096,\"outputs\":[{\"kind\":\"file\",\"where\":"
	"\"/a\\\"b\\\\c\\nd\",\"told\":12345678901,\"lost\":0,\"waiting\":0,\"failing\":true}]},"
	"\"parts\":[{\"part\":\"sensor\",\"processes\":1,\"cpuUserMs\":300,\"cpuSystemMs\":40,"
	"\"memoryBytes\":8192},{\"part\":\"scanner\",\"processes\":3,\"cpuUserMs\":9000,"
	"\"cpuSystemMs\":10,\"memoryBytes\":4096}]}";

static void has(struct buf *out, const char *line)
{
	if (!strstr(buf_cstr(out), line))
		fail_msg("no '%s' in\n%s", line, buf_cstr(out));
}

static void test_samples(void **state)
{
	OWNED_BUF out = BUF_INIT;

	(void)state;
	assert_int_equal(metrics_render(str_from(document), &out, NULL), 0);
	has(&out, "skep_build_info{version=\"1.2\",backend=\"object\"} 1\n");
	has(&out, "# TYPE skep_events_judged_total counter\nskep_events_judged_total 7\n");
	has(&out, "skep_hook_seconds_total 1.5\n");
	has(&out, "skep_cpu_seconds_total{part=\"sensor\",mode=\"user\"} 0.3\n");
	has(&out, "skep_cpu_seconds_total{part=\"scanner\",mode=\"system\"} 0.01\n");
	has(&out, "skep_memory_bytes{part=\"scanner\"} 4096\n");
	has(&out, "skep_part_processes{part=\"scanner\"} 3\n");
	has(&out, "skep_events_lost_total{cause=\"ringBulk\"} 3\n");
	has(&out, "skep_events_total{type=\"open\",fate=\"passed_over\"} 9\n");
	has(&out, "skep_hook_program_seconds_total{program=\"on_open\"} 1e-06\n");
	has(&out,
	    "skep_output_told_total{output=\"file\",where=\"/a\\\"b\\\\c\\nd\"} 12345678901\n");
	has(&out, "skep_output_failing{output=\"file\",where=\"/a\\\"b\\\\c\\nd\"} 1\n");
}

static void test_before_the_sensor_has_told(void **state)
{
	OWNED_BUF out = BUF_INIT;

	(void)state;
	assert_int_equal(metrics_render(S("{\"sensor\":{},\"uplink\":{}}"), &out, NULL), 0);
	has(&out, "skep_build_info{version=\"\",backend=\"\"} 1\n");
}

static void test_what_is_no_document(void **state)
{
	OWNED_BUF out = BUF_INIT;

	(void)state;
	assert_int_equal(metrics_render(S("{"), &out, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_before_the_sensor_has_told),
		cmocka_unit_test(test_what_is_no_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
