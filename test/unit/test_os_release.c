#include "unit.h"

#include "scan/package/eol.h"
#include "scan/package/os_release.h"

struct reading {
	const char *path, *text, *id, *version, *codename;
};

static const struct reading readings[] = {
	{ "etc/os-release",
	  "PRETTY_NAME=\"Debian GNU/Linux 10 "
	  "(buster)\"\nVERSION_ID=\"10\"\nVERSION_CODENAME=buster\n"
	  "ID=debian\n",
	  "debian", "10", "buster" },
	{ "etc/os-release", "ID=debian\nVERSION_ID=\"8\"\nVERSION=\"8 (jessie)\"\n", "debian", "8",
	  "jessie" },
	{ "usr/lib/os-release", "ID='AlPine'\r\nVERSION_ID=3.19.4\r\n", "alpine", "3.19.4", "" },
	{ "etc/os-release", "# c\nID=\"a\\\"b\"\nID_LIKE=x", "a\"b", "", "" },
	{ "etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\n",
	  "ubuntu", "22.04", "jammy" },
	{ "etc/alpine-release", "3.6.5\n", "alpine", "3.6.5", "" },
	{ "etc/debian_version", "12.8\n", "debian", "12.8", "" },
	{ "etc/debian_version", "trixie/sid\n", "debian", "", "trixie" },
	{ "etc/redhat-release", "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n", "rhel",
	  "6.10", "" },
	{ "etc/centos-release", "CentOS Linux release 7.9.2009 (Core)\n", "centos", "7.9.2009",
	  "" },
	{ "etc/system-release", "Amazon Linux AMI release 2018.03\n", "amzn", "2018.03", "" },
	{ "etc/oracle-release", "Oracle Linux Server release 8.6\n", "ol", "8.6", "" },
	{ "etc/rocky-release", "Rocky Linux release 8.5 (Green Obsidian)", "rocky", "8.5", "" },
	{ "etc/almalinux-release", "AlmaLinux release 9.1 (Lime Lynx)", "almalinux", "9.1", "" },
	{ "etc/fedora-release", "Fedora release 33 (Thirty Three)", "fedora", "33", "" },
	{ "etc/photon-release", "VMware Photon OS 3.0\nPHOTON_BUILD_NUMBER=1\n", "photon", "3.0",
	  "" },
	{ "etc/mariner-release", "CBL-Mariner 2.0.20220226\nMARINER_BUILD_NUMBER=x\n", "mariner",
	  "2.0", "" },
	{ "etc/SuSE-release",
	  "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n", "sles",
	  "11.4", "" },
	{ "etc/arch-release", "", "arch", "", "" },
};

static void reads_each_file(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
		const struct reading *r = &readings[i];
		struct arena a;
		struct os o;
		struct err e = { 0 };

		arena_init(&a, 1 << 20);
		if (os_release_read(str_from(r->path), str_from(r->text), &a, &o, &e) < 0)
			fail_msg("%s: %s", r->text, e.text);
		assert_str(o.id, r->id);
		assert_str(o.version_id, r->version);
		assert_str(o.codename, r->codename);
		assert_str(o.path, r->path);
		arena_done(&a);
	}
}

static void says_when_nothing_is_said(void **state UNUSED)
{
	struct arena a;
	struct os o;

	arena_init(&a, 1 << 20);
	assert_int_equal(os_release_read(S("etc/os-release"), S("NAME=x\n"), &a, &o, NULL),
			 -ENOENT);
	assert_int_equal(os_release_read(S("etc/redhat-release"), S("\0\xff"), &a, &o, NULL),
			 -ENOENT);
	assert_int_equal(os_release_read(S("etc/passwd"), S("ID=x"), &a, &o, NULL), -ENOENT);
	arena_done(&a);
}

static void chooses_the_best(void **state UNUSED)
{
	struct evidence v[] = {
		{ .kind = EVIDENCE_OS_RELEASE,
		  .path = S("etc/redhat-release"),
		  .os = { .id = S("rhel"),
			  .version_id = S("8.6"),
			  .path = S("etc/redhat-release") } },
		{ .kind = EVIDENCE_OS_RELEASE,
		  .path = S("etc/oracle-release"),
		  .os = { .id = S("ol"),
			  .version_id = S("8.6"),
			  .path = S("etc/oracle-release") } },
		{ .kind = EVIDENCE_OS_RELEASE,
		  .path = S("usr/lib/os-release"),
		  .os = { .id = S("ol"),
			  .pretty_name = S("Oracle"),
			  .path = S("usr/lib/os-release") } },
		{ .kind = EVIDENCE_APK_REPOSITORIES,
		  .path = S("etc/apk/repositories"),
		  .os = { .repository = S("edge") } },
	};
	const struct evidence *all[] = { &v[0], &v[1], &v[2], &v[3] };
	struct os o;

	assert_true(os_choose(all, 4, &o));
	assert_str(o.id, "ol");
	assert_str(o.version_id, "8.6");
	assert_str(o.pretty_name, "Oracle");
	assert_str(o.path, "usr/lib/os-release");
	assert_str(o.repository, "edge");
	assert_true(os_choose(all, 1, &o));
	assert_str(o.id, "rhel");
	assert_false(os_choose(all, 0, &o));
}

static void a_code_name_gives_the_number(void **state UNUSED)
{
	struct evidence v = { .kind = EVIDENCE_OS_RELEASE,
			      .path = S("etc/os-release"),
			      .os = { .id = S("debian"), .codename = S("trixie") } };
	const struct evidence *all[] = { &v };
	struct os o;

	assert_true(os_choose(all, 1, &o));
	assert_str(o.version_id, "13");
	assert_str(eol_release_of_codename(S("debian"), S("buster")), "10");
	assert_str(eol_release_of_codename(S("ubuntu"), S("jammy")), "22.04");
	assert_str(eol_release_of_codename(S("debian"), S("")), "");
}

static void support_ends_when_the_table_says(void **state UNUSED)
{
	static const struct {
		const char *id, *version, *end;
	} cases[] = {
		{ "debian", "10", "2022-09-10" },          { "debian", "12.8", "2026-06-10" },
		{ "alpine", "3.1.0", "2016-11-01" },       { "alpine", "3.19.4", "2025-11-01" },
		{ "sles", "15.4", "2023-12-31" },          { "sles", "15", "2019-12-31" },
		{ "ubuntu", "18.04", "2023-05-31" },       { "centos", "7.9.2009", "2024-06-30" },
		{ "amzn", "2018.03", "2020-12-31" },       { "wolfi", "20230201", "" },
		{ "opensuse-leap", "15.4", "2023-12-07" },
	};
	struct eol_release r;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (!eol_find(str_from(cases[i].id), str_from(cases[i].version), &r))
			fail_msg("%s %s is unknown", cases[i].id, cases[i].version);
		assert_str(r.end, cases[i].end);
	}
	assert_false(eol_find(S("sles"), S("15.99"), &r));
	assert_false(eol_find(S("debian"), S("1"), &r));
	assert_false(eol_find(S("debian"), S(""), &r));
	assert_false(eol_find(S("nonesuch"), S("1"), &r));
}

static bool is_date(const char *s)
{
	if (!*s)
		return true;
	for (size_t i = 0; i < 10; i++)
		if (i == 4 || i == 7 ? s[i] != '-' : s[i] < '0' || s[i] > '9')
			return false;
	return !s[10];
}

static void the_table_is_well_formed(void **state UNUSED)
{
	static const struct {
		const char *id, *release, *end, *extended;
	} rows[] = {
#define X(id, release, match, codename, end, extended) { id, release, end, extended },
#include "scan/package/eol.def"
#undef X
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!is_date(rows[i].end) || !is_date(rows[i].extended))
			fail_msg("%s %s: a date is none", rows[i].id, rows[i].release);
		if (rows[i].extended[0] && strcmp(rows[i].extended, rows[i].end) <= 0)
			fail_msg("%s %s: extended support ends first", rows[i].id, rows[i].release);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_file),
		cmocka_unit_test(says_when_nothing_is_said),
		cmocka_unit_test(chooses_the_best),
		cmocka_unit_test(a_code_name_gives_the_number),
		cmocka_unit_test(support_ends_when_the_table_says),
		cmocka_unit_test(the_table_is_well_formed),
	};

	return cmocka_run_group_tests_name("os_release", tests, NULL, NULL);
}
