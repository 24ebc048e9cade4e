#include "unit.h"

#include "scan/vuln/risk.h"

static float risk(float epss, uint32_t flags, enum severity severity, float cvss)
{
	const struct vulnerability v = { .epss = epss, .exploit_flags = flags };

	return risk_of(&v, severity, cvss).value;
}

static bool near(float a, float b)
{
	return a > b - 0.01f && a < b + 0.01f;
}

static void follows_the_formula(void **state UNUSED)
{
	/* (9 + 9.8) / 20 = 0.94 */
	assert_true(near(risk(0.5f, 0, SEVERITY_CRITICAL, 9.8f), 47));
	assert_true(near(risk(0.001f, EXPLOIT_KEV, SEVERITY_CRITICAL, 9.8f), 98.7f));
	assert_true(
		near(risk(0.001f, EXPLOIT_KEV | EXPLOIT_RANSOMWARE, SEVERITY_CRITICAL, 9.8f), 100));
	assert_true(near(risk(0.001f, EXPLOIT_METASPLOIT, SEVERITY_HIGH, -1), 45));
	assert_true(near(risk(-1, EXPLOIT_POC, SEVERITY_LOW, -1), 1.5f));
	assert_true(near(risk(-1, 0, SEVERITY_UNKNOWN, -1), 0.3f));
	assert_true(near(risk(-1, 0, SEVERITY_UNKNOWN, 5), 0.5f));
}

static void never_leaves_its_range(void **state UNUSED)
{
	for (int s = 0; s < SEVERITY_COUNT; s++)
		for (uint32_t flags = 0; flags < 64; flags++)
			for (float epss = -1; epss <= 1; epss += 0.25f)
				for (float cvss = -1; cvss <= 10; cvss += 0.5f) {
					float r = risk(epss, flags, (enum severity)s, cvss);

					assert_true(r >= 0 && r <= 100);
				}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_formula),
		cmocka_unit_test(never_leaves_its_range),
	};

	return cmocka_run_group_tests_name("risk", tests, NULL, NULL);
}
