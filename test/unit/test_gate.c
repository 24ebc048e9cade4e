#include "unit.h"

#include "scan/report/gate.h"

static const struct vulnerability kev = { .exploit_flags = EXPLOIT_KEV };
static const struct vulnerability plain = { 0 };

static struct finding findings[] = {
	{ .vuln = &kev, .severity = SEVERITY_LOW, .risk = 40, .fixed_version = { "2", 1 } },
	{ .vuln = &plain, .severity = SEVERITY_CRITICAL, .risk = 10 },
	{ .vuln = &plain, .severity = SEVERITY_HIGH, .risk = 9.5F, .fixed_version = { "3", 1 } },
	{ .vuln = &plain, .severity = SEVERITY_UNKNOWN, .risk = 0 },
};

static size_t failures(const char *text)
{
	struct report r = { .findings = { findings, ARRAY_LEN(findings), 0 } };
	struct gate g;
	struct err e = { 0 };

	if (gate_parse(str_from(text), &g, &e) < 0)
		fail_msg("%s", e.text);
	return gate_failures(&g, &r);
}

static void each_condition_fails_what_it_names(void **state UNUSED)
{
	assert_int_equal(failures("none"), 0);
	assert_int_equal(failures("critical"), 1);
	assert_int_equal(failures("HIGH"), 2);
	assert_int_equal(failures("important"), 2);
	assert_int_equal(failures("negligible"), 3);
	assert_int_equal(failures("kev"), 1);
	assert_int_equal(failures("risk>=10"), 2);
	assert_int_equal(failures("risk>=9.5"), 3);
	assert_int_equal(failures("risk>=0"), 4);
	assert_int_equal(failures("critical, kev"), 2);
	assert_int_equal(failures("critical,high"), 2);
	assert_int_equal(failures("high,risk>=40"), 3);
}

static void misspelt_conditions_are_named(void **state UNUSED)
{
	static const char *const bad[] = { "",           "hihg",     "risk>=101", "risk>=",
					   "risk>=1.25", "risk>5",   "unknown",   "high,,low",
					   "risk>=-1",   "none,high" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct gate g;
		struct err e = { 0 };

		if (gate_parse(str_from(bad[i]), &g, &e) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(e.text, "--fail-on"));
	}
}

static void filters_count_what_they_leave_out(void **state UNUSED)
{
	struct finding copy[ARRAY_LEN(findings)];
	struct report r = { .findings = { copy, ARRAY_LEN(copy), 0 } };
	struct gate_filter f = { 0 };

	memcpy(copy, findings, sizeof(copy));
	assert_int_equal(gate_severities_parse(S("high,CRITICAL,low"), &f.severities, NULL), 0);
	gate_filter_apply(&f, &r);
	assert_int_equal(r.findings.count, 3);
	assert_int_equal(r.filtered, 1);
	f.fixed_only = true;
	gate_filter_apply(&f, &r);
	assert_int_equal(r.findings.count, 2);
	assert_int_equal(r.filtered, 2);
	assert_int_equal(r.findings.items[0].severity, SEVERITY_LOW);
	assert_int_equal(r.findings.items[1].severity, SEVERITY_HIGH);
	assert_int_equal(gate_severities_parse(S("high,bad"), &f.severities, NULL), -EINVAL);
	assert_int_equal(gate_severities_parse(S("unknown"), &f.severities, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_condition_fails_what_it_names),
		cmocka_unit_test(misspelt_conditions_are_named),
		cmocka_unit_test(filters_count_what_they_leave_out),
	};

	return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
