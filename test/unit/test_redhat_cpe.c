#include "unit.h"

#include "scan/vuln/redhat_cpe.h"

static bool covers(const char *claim, const char *repository)
{
	struct redhat_cpe c, r;

	assert_true(redhat_cpe_parse(str_from(claim), &c));
	assert_true(redhat_cpe_parse(str_from(repository), &r));
	return redhat_cpe_covers(&c, &r);
}

static void takes_a_cpe_apart(void **state UNUSED)
{
	struct redhat_cpe c;

	assert_true(redhat_cpe_parse(S("cpe:/o:redhat:rhel_eus:9.2::baseos"), &c));
	assert_str(c.product, "rhel_eus");
	assert_str(c.version, "9.2");
	assert_str(c.channel, "baseos");
	assert_true(redhat_cpe_parse(S("cpe:/a:redhat:openshift"), &c));
	assert_str(c.version, "");
	assert_str(c.channel, "");
	assert_false(redhat_cpe_parse(S("cpe:/o:suse:sles:15"), &c));
	assert_false(redhat_cpe_parse(S("cpe:2.3:o:redhat:x"), &c));
	assert_false(redhat_cpe_parse(S("cpe:/o:redhat:"), &c));
	assert_false(redhat_cpe_parse(S(""), &c));
	assert_false(redhat_cpe_parse(S("cpe:/o:redhat:a b"), &c));
	assert_false(redhat_cpe_parse(S("cpe:/o:redhat:a\0b"), &c));
}

#define RHEL9 "cpe:/o:redhat:enterprise_linux:9"

static void covers_as_red_hat_advises(void **state UNUSED)
{
	assert_true(covers(RHEL9 "::baseos", RHEL9 "::baseos"));
	/* Unfixed: no channel, and the part is no matter. */
	assert_true(covers(RHEL9, "cpe:/a:redhat:enterprise_linux:9::appstream"));
	assert_true(covers(RHEL9 "::baseos", RHEL9));
	assert_false(covers(RHEL9 "::crb", RHEL9 "::baseos"));
	assert_false(covers(RHEL9, "cpe:/o:redhat:rhel_eus:9.2::baseos"));
	assert_false(covers("cpe:/o:redhat:rhel_eus:9.2::baseos", RHEL9 "::baseos"));
	assert_true(covers("cpe:/o:redhat:rhel_eus:9", "cpe:/o:redhat:rhel_eus:9.2::baseos"));
	assert_false(covers("cpe:/o:redhat:rhel_eus:9.2", "cpe:/o:redhat:rhel_eus:9.20"));
	assert_true(covers("cpe:/a:redhat:openshift:4", "cpe:/a:redhat:openshift:4.13::el8"));
	assert_false(
		covers("cpe:/a:redhat:openshift:4.1::el8", "cpe:/a:redhat:openshift:4.13::el8"));
	assert_false(covers("cpe:/a:redhat:openshift:4.13", "cpe:/a:redhat:openshift:4"));
	/* The main stream of 10 counts its minor releases. */
	assert_true(
		covers("cpe:/o:redhat:enterprise_linux:10.1", "cpe:/o:redhat:enterprise_linux:10"));
	assert_false(covers("cpe:/o:redhat:enterprise_linux:10.1",
			    "cpe:/o:redhat:enterprise_linux:10.0"));
}

static void tells_the_release(void **state UNUSED)
{
	static const char *const pairs[][2] = {
		{ RHEL9 "::baseos", "rhel:9" },
		{ "cpe:/o:redhat:enterprise_linux:10.1", "rhel:10" },
		{ "cpe:/o:redhat:rhel_aus:8.4::baseos", "rhel:8" },
		{ "cpe:/o:redhat:rhel_els:7", "rhel:7" },
		{ "cpe:/a:redhat:rhel_software_collections:3::el7", "rhel:7" },
		{ "cpe:/a:redhat:openshift:4.16::el9", "rhel:9" },
		{ "cpe:/a:redhat:openshift:4", "" },
		{ "cpe:/a:redhat:openshift:4 " RHEL9, "rhel:9" },
		{ "cpe:/a:redhat:rhel_software_collections:3", "" },
		{ "cpe:/o:redhat:enterprise_linux:123", "" },
	};
	struct arena a;

	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		assert_str(redhat_cpe_namespace(str_from(pairs[i][0]), &a), pairs[i][1]);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_cpe_apart),
		cmocka_unit_test(covers_as_red_hat_advises),
		cmocka_unit_test(tells_the_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
