#include "unit.h"

#include "scan/package/dpkg_status.h"
#include "scan/package/owned_paths.h"

static struct dpkg_status parse(struct arena *a, const char *text)
{
	struct dpkg_status s;

	arena_init(a, 1 << 20);
	assert_int_equal(dpkg_status_parse(str_from(text), a, &s, NULL), 0);
	return s;
}

static void reads_the_fields(void **state UNUSED)
{
	struct arena a;
	struct dpkg_status s = parse(&a, "Package: libssl1.1\n"
					 "status: install ok installed\n"
					 "Architecture: amd64\n"
					 "Source: openssl (1.1.1n-0+deb11u3)\n"
					 "Version: 1.1.1n-0+deb11u3+b1\n"
					 "Maintainer: Debian OpenSSL Team <x@y>\n"
					 "Description: libraries\n"
					 " Version: not a field\n"
					 "\n\n"
					 "Package: bash\r\n"
					 "Version: 5.1-2\r\n"
					 "Source: bash\r\n"
					 "Origin: Acme\r\n"
					 "Maintainer: Someone <x@y>\r\n");

	assert_int_equal(s.count, 2);
	assert_int_equal(s.skipped, 0);
	assert_str(s.packages[0].name, "libssl1.1");
	assert_str(s.packages[0].version, "1.1.1n-0+deb11u3+b1");
	assert_str(s.packages[0].arch, "amd64");
	assert_str(s.packages[0].source, "openssl");
	assert_str(s.packages[0].source_version, "1.1.1n-0+deb11u3");
	assert_str(s.packages[0].vendor, "Debian OpenSSL Team <x@y>");
	assert_int_equal(s.packages[0].line, 1);
	assert_str(s.packages[1].source_version, "5.1-2");
	assert_str(s.packages[1].vendor, "Acme");
	assert_int_equal(s.packages[1].line, 11);
	arena_done(&a);
}

static void states_decide(void **state UNUSED)
{
	static const struct {
		const char *status;
		size_t count, skipped;
	} cases[] = {
		{ "install ok installed", 1, 0 },
		{ "hold ok installed", 1, 0 },
		{ "install ok half-configured", 1, 0 },
		{ "install reinstreq half-installed", 1, 0 },
		{ "deinstall ok config-files", 0, 0 },
		{ "purge ok not-installed", 0, 0 },
		{ "install  ok   triggers-pending", 1, 0 },
		{ "install ok", 0, 1 },
		{ "install ok shiny", 0, 1 },
		{ "", 0, 1 },
		{ "a b c d", 0, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a, text;

		arena_init(&text, 0);
		str t = arena_printf(&text, "Package: x\nStatus: %s\nVersion: 1\n",
				     cases[i].status);
		struct dpkg_status s = parse(&a, t.p);

		if (s.count != cases[i].count || s.skipped != cases[i].skipped)
			fail_msg("'%s': %zu packages, %zu skipped", cases[i].status, s.count,
				 s.skipped);
		arena_done(&a);
		arena_done(&text);
	}
}

static void malformed_stanzas_are_counted(void **state UNUSED)
{
	struct arena a;
	struct dpkg_status s = parse(&a, "Package: good\nVersion: 1\n\n"
					 "Package: no-version\n\n"
					 "Version: 2\n\n"
					 "garbage\n\n"
					 "Package: bl ank\nVersion: 1\n\n"
					 "Package: gone\nStatus: deinstall ok config-files\n\n"
					 "Package: last:amd64\nVersion: 3 and more");

	assert_int_equal(s.count, 2);
	assert_int_equal(s.skipped, 4);
	assert_int_equal(s.first_skip, 4);
	assert_str(s.packages[1].name, "last");
	assert_str(s.packages[1].version, "3");
	arena_done(&a);
}

static void a_spent_budget_is_an_error(void **state UNUSED)
{
	struct arena a;
	struct dpkg_status s;

	arena_init(&a, 1);
	assert_int_equal(dpkg_status_parse(S("Package: x\nVersion: 1\n"), &a, &s, NULL), -ENOBUFS);
	arena_done(&a);
}

static void lists_own_files_not_folders(void **state UNUSED)
{
	struct arena a;
	static const char long_folder[5000] = "f";
	struct owned_paths o = { 0 };
	struct package p = { 0 };

	arena_init(&a, 0);
	owned_paths_read_list(
		&o, S("/.\n/bin\n/bin/tar\n/bin/tar-x\n/usr\n/usr/share\n/usr/share/a\n"));
	assert_int_equal(owned_paths_give(&o, &a, &p, NULL), 0);
	assert_int_equal(p.owned.n, 3 * 8);
	assert_true(package_owns(&p, S("bin/tar")));
	assert_true(package_owns(&p, S("bin/tar-x")));
	assert_true(package_owns(&p, S("usr/share/a")));
	assert_false(package_owns(&p, S("usr/share")));
	owned_paths_read_sums(&o, S("d41d8cd98f00b204e9800998ecf8427e  usr/bin/x y\nshort\n"));
	assert_int_equal(owned_paths_give(&o, &a, &p, NULL), 0);
	assert_int_equal(p.owned.n, 8);
	assert_true(package_owns(&p, S("usr/bin/x y")));
	assert_int_equal(o.dropped, 0);
	owned_paths_add_in(&o, (str){ long_folder, sizeof(long_folder) }, S("x"));
	assert_int_equal(o.dropped, 1);
	owned_paths_done(&o);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_fields),
		cmocka_unit_test(states_decide),
		cmocka_unit_test(malformed_stanzas_are_counted),
		cmocka_unit_test(a_spent_budget_is_an_error),
		cmocka_unit_test(lists_own_files_not_folders),
	};

	return cmocka_run_group_tests_name("dpkg_status", tests, NULL, NULL);
}
