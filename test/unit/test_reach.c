#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "wire/reach.h"

static bool allows(const struct networks *r, const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		return reach_allows(r, (const struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	return reach_allows(r, (const struct sockaddr *)&v6);
}

static void refuses_this_host_and_its_cloud(void **state UNUSED)
{
	static const char *const no[] = {
		"127.0.0.1",
		"127.255.0.9",
		"0.0.0.0",
		"0.1.2.3",
		"169.254.169.254",
		"169.254.0.1",
		"100.100.100.200",
		"168.63.129.16",
		"192.0.0.192",
		"224.0.0.1",
		"255.255.255.255",
		"::1",
		"::",
		"fe80::1",
		"febf::1",
		"ff02::1",
		"::ffff:127.0.0.1",
		"::127.0.0.1",
		"64:ff9b::7f00:1",
		"2002:7f00:1::",
		"::ffff:a9fe:a9fe",
		"fd00:ec2::254",
		"fd20:ce::254",
		"2002:a9fe:a9fe::1",
	};
	static const char *const yes[] = { "10.0.0.1", "192.168.1.1", "172.16.0.1",
					   "8.8.8.8",  "100.100.1.1", "2001:db8::1",
					   "fd12::1",  "fec0::1",     "::ffff:10.0.0.1" };
	const struct networks r = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (allows(&r, no[i]))
			fail_msg("%s is let through", no[i]);
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (!allows(&r, yes[i]))
			fail_msg("%s is refused", yes[i]);
}

static void lets_through_what_was_allowed(void **state UNUSED)
{
	struct networks r = { 0 };

	assert_int_equal(networks_add(&r, S("127.0.0.1"), NULL), 0);
	assert_int_equal(networks_add(&r, S("169.254.8.0/21"), NULL), 0);
	assert_int_equal(networks_add(&r, S("::1/128"), NULL), 0);
	assert_true(allows(&r, "127.0.0.1") && allows(&r, "::ffff:127.0.0.1"));
	assert_false(allows(&r, "127.0.0.2"));
	assert_true(allows(&r, "169.254.15.255") && !allows(&r, "169.254.16.0"));
	assert_true(allows(&r, "::1") && !allows(&r, "::"));
	assert_true(reach_allows(
		NULL, (const struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }));
	assert_false(reach_allows(
		&r, (const struct sockaddr *)&(struct sockaddr_un){ .sun_family = AF_UNIX }));
}

static void refuses_what_is_no_network(void **state UNUSED)
{
	static const char *const bad[] = { "",          "x",      "1.2.3",      "1.2.3.4/33",
					   "1.2.3.4/",  "::/129", "1.2.3.4/-1", "1.2.3.4/8x",
					   "localhost", "::1%lo" };
	struct networks r = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (networks_add(&r, str_from(bad[i]), NULL) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
	for (size_t i = 0; i < NETWORKS_MAX; i++)
		assert_int_equal(networks_add(&r, S("10.0.0.0/8"), NULL), 0);
	assert_int_equal(networks_add(&r, S("10.0.0.0/8"), NULL), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_this_host_and_its_cloud),
		cmocka_unit_test(lets_through_what_was_allowed),
		cmocka_unit_test(refuses_what_is_no_network),
	};

	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
