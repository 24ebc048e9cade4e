#include "unit.h"

#include "codec/cvss.h"

static void assert_score(const char *vector, unsigned int tenths)
{
	struct err e = { 0 };
	struct cvss c;

	if (cvss_parse(str_from(vector), &c, &e) < 0)
		fail_msg("%s: %s", vector, e.text);
	if (c.base_tenths != tenths)
		fail_msg("%s: %u, want %u", vector, c.base_tenths, tenths);
}

static void assert_refused(const char *vector, const char *why)
{
	struct err e = { 0 };
	struct cvss c;

	assert_int_equal(cvss_parse(str_from(vector), &c, &e), -EBADMSG);
	if (!strstr(e.text, why))
		fail_msg("'%s' does not say '%s'", e.text, why);
}

/* The guide's own examples (section 3.3) and corners. */
static void version_2(void **state UNUSED)
{
	assert_score("AV:N/AC:L/Au:N/C:N/I:N/A:C", 78);
	assert_score("AV:N/AC:L/Au:N/C:C/I:C/A:C", 100);
	assert_score("(AV:L/AC:H/Au:N/C:C/I:C/A:C)", 62);
	assert_score("AV:N/AC:M/Au:N/C:P/I:P/A:P/E:POC/RL:OF/RC:C", 68);
	assert_score("AV:N/AC:L/Au:N/C:N/I:N/A:N", 0);
	assert_score("AV:L/AC:H/Au:M/C:N/I:N/A:P", 8);
}

static void version_3(void **state UNUSED)
{
	assert_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 100);
	assert_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 98);
	assert_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 75);
	assert_score("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 75);
	assert_score("CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 61);
	assert_score("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 78);
	assert_score("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 64);
	assert_score("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 16);
	assert_score("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N/E:F/RL:X", 31);
	assert_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:N/A:N", 0);
	assert_score("CVSS:3.1/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N", 98);
}

/* Scores of FIRST's calculator. */
static void version_4(void **state UNUSED)
{
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 100);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 93);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:H/VA:L/SC:N/SI:H/SA:L", 92);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:L/SC:H/SI:N/SA:L", 78);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:N/SC:N/SI:L/SA:N", 69);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:P/VC:H/VI:N/VA:L/SC:N/SI:H/SA:N", 83);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 86);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:H/VI:H/VA:N/SC:N/SI:L/SA:L", 85);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:L/UI:A/VC:H/VI:H/VA:H/SC:H/SI:N/SA:H", 93);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:A/VC:L/VI:N/VA:N/SC:H/SI:N/SA:H", 60);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:L/VA:L/SC:N/SI:L/SA:L", 83);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:L/VI:H/VA:L/SC:L/SI:L/SA:L", 61);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:P/PR:L/UI:A/VC:H/VI:H/VA:L/SC:L/SI:L/SA:L", 73);
	assert_score("CVSS:4.0/AV:N/AC:L/AT:P/PR:H/UI:A/VC:N/VI:L/VA:N/SC:N/SI:L/SA:N", 18);
	assert_score("CVSS:4.0/AV:N/AC:H/AT:N/PR:H/UI:A/VC:N/VI:N/VA:N/SC:N/SI:H/SA:N", 40);
	assert_score("CVSS:4.0/AV:N/AC:H/AT:P/PR:N/UI:N/VC:N/VI:L/VA:N/SC:L/SI:H/SA:L", 70);
	assert_score("CVSS:4.0/AV:N/AC:H/AT:N/PR:H/UI:P/VC:N/VI:L/VA:H/SC:H/SI:L/SA:N/E:P/U:Amber",
		     69);
}

static void malformed_is_refused(void **state UNUSED)
{
	assert_refused("", "without a metric");
	assert_refused("CVSS:3.1/", "without a metric");
	assert_refused("CVSS:5.0/AV:N", "'CVSS:5.0'");
	assert_refused("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H", "'A' is missing");
	assert_refused("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/", "without a metric");
	assert_refused("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/A:L", "'A' comes twice");
	assert_refused("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:M", "no value 'M'");
	assert_refused("CVSS:3.1/AV:N/AC:L/Au:N/C:H/I:H/A:H", "no metric 'Au'");
	assert_refused("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "no metric 'PR'");
	assert_refused("AV:N//AC:L", "no metric ''");
	assert_refused("(AV:N/AC:L/Au:N/C:P/I:P/A:P", "no metric '(AV'");
	assert_refused("cvss:3.1/AV:N", "no metric 'cvss'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2),
		cmocka_unit_test(version_3),
		cmocka_unit_test(version_4),
		cmocka_unit_test(malformed_is_refused),
	};

	return cmocka_run_group_tests_name("cvss", tests, NULL, NULL);
}
