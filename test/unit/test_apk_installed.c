#include "unit.h"

#include "scan/package/apk_installed.h"

static struct apk_installed parse(struct arena *a, str text, uint64_t max)
{
	struct limits l = limits_default();
	struct apk_installed d;

	l.packages = max;
	arena_init(a, 1 << 20);
	assert_int_equal(apk_installed_parse(text, S("lib/apk/db/installed"), &l, a, &d, NULL), 0);
	return d;
}

static void reads_the_fields(void **state UNUSED)
{
	struct arena a;
	struct apk_installed d =
		parse(&a,
		      S("C:Q1x=\nP:ssl_client\nV:1.36.1-r15\nA:x86_64\nL:GPL-2.0-only\n"
			"o:busybox\nF:usr\nF:usr/bin\nR:ssl_client\na:0:0:755\nZ:Q1y=\n"
			"F:\nR:init\n\nP:musl\nV:1.2.4-r2\n"),
		      10);

	assert_int_equal(d.packages.count, 2);
	assert_int_equal(d.skipped, 0);
	struct package *p = d.packages.items;
	assert_str(p->type, "apk");
	assert_str(p->name, "ssl_client");
	assert_str(p->version, "1.36.1-r15");
	assert_str(p->arch, "x86_64");
	assert_str(p->license, "GPL-2.0-only");
	assert_str(p->source_name, "busybox");
	assert_str(p->source_version, "1.36.1-r15");
	assert_str(p->db_path, "lib/apk/db/installed");
	assert_true(package_owns(p, S("usr/bin/ssl_client")));
	assert_true(package_owns(p, S("init")));
	assert_int_equal(p->owned.n, 16);
	assert_str(p[1].source_name, "musl");
	assert_int_equal(p[1].owned.n, 0);
	assert_int_equal(p[1].line, 15);
	arena_done(&a);
}

static void malformed_records_are_counted(void **state UNUSED)
{
	struct arena a;
	struct apk_installed d = parse(&a, S("P:a\n\nV:1\nR:x\n\nnonsense\n\nP:b\nV:1\n\n"), 10);

	assert_int_equal(d.packages.count, 1);
	assert_int_equal(d.packages.items[0].owned.n, 0);
	assert_int_equal(d.skipped, 3);
	assert_int_equal(d.first_skip, 1);
	arena_done(&a);
	d = parse(&a, S("P:a\nV:1\n\nP:b\nV:1\n\nP:c\nV:1\n"), 1);
	assert_int_equal(d.packages.count, 1);
	assert_int_equal(d.over, 2);
	arena_done(&a);
}

static void repositories_tell_the_branch(void **state UNUSED)
{
	static const struct {
		const char *text, *branch;
	} cases[] = {
		{ "https://dl-cdn.alpinelinux.org/alpine/v3.19/main\n"
		  "https://dl-cdn.alpinelinux.org/alpine/v3.19/community\n",
		  "v3.19" },
		{ "http://x/alpine/v3.9/main\nhttp://x/alpine/edge/testing\n", "v3.9" },
		{ "http://x/alpine/v3.9/main/\nhttp://x/alpine/edge/main\n", "edge" },
		{ "http://x/alpine/v3.9/main\n@edge http://x/alpine/edge/main\n", "v3.9" },
		{ "http://x/v3.9/main\nhttp://x/v3.10/community\n", "v3.10" },
		{ "#http://x/v3.9/main\n/media/cdrom/apks\n", "" },
		{ "http://x/alpine/latest-stable/main", "latest-stable" },
		{ "main\n/main\n", "" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_str(apk_repositories_branch(str_from(cases[i].text)), cases[i].branch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_fields),
		cmocka_unit_test(malformed_records_are_counted),
		cmocka_unit_test(repositories_tell_the_branch),
	};

	return cmocka_run_group_tests_name("apk_installed", tests, NULL, NULL);
}
